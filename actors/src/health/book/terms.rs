//! By which spec, and how each check is run by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mainstay_specs::{HealthAggregatorSpec, HealthCheckConfig, ServiceName, dependency_cycle};

use super::super::error::HealthError;
use super::super::moment::Moment;
use super::{Book, Entry, Origin};

impl Book {
    /// Goes by a spec that was found valid, with the checks that are there: all are configured anew, and those are added that it names.
    ///
    /// If it is another than before, those go that only that one has named, and those that were found: they are found again, and looked at
    /// as this one says.
    ///
    /// # Errors
    ///
    /// If they do not fit together; then all is as it was.
    pub(crate) fn adopt(
        &mut self,
        spec: Arc<HealthAggregatorSpec>,
        now: Moment,
    ) -> Result<(), HealthError> {
        let is_same = *self.spec == *spec;
        let stays = |entry: &Entry| is_same || entry.origin == Origin::Program;
        let configs = self.configs(&spec, stays)?;
        let go = self.entries.values().filter(|entry| !stays(entry));
        let go: Vec<ServiceName> = go.map(|entry| entry.name.clone()).collect();
        go.iter().for_each(|name| self.take_out(name));
        self.spec = spec;
        self.is_dirty = true;
        for (name, config) in configs {
            match self.entries.get_mut(&name) {
                Some(entry) => entry.reconfigure(config),
                None => self.put(name, None, Origin::Spec, None, config, now),
            }
        }
        Ok(())
    }

    /// How each is run by this spec, of those it names and those that stay.
    fn configs(
        &self,
        spec: &HealthAggregatorSpec,
        stays: impl Fn(&Entry) -> bool,
    ) -> Result<BTreeMap<ServiceName, HealthCheckConfig>, HealthError> {
        let named = spec.checks.iter().map(|check| &check.name);
        let there = self.entries.values().filter(|entry| stays(entry));
        let there = there.map(|entry| &entry.name);
        let all: BTreeSet<_> = named.chain(there).cloned().collect();
        if all.len() > spec.checks_max as usize {
            let max = spec.checks_max;
            return Err(HealthError::TooMany { max });
        }
        let configs = all.into_iter().map(|name| {
            let there = self.entries.get(&name).filter(|entry| stays(entry));
            let config = config(spec, &name, there.and_then(|entry| entry.given.as_ref()));
            (name, config)
        });
        let configs: BTreeMap<ServiceName, HealthCheckConfig> = configs.collect();
        let edges = configs
            .iter()
            .map(|(name, config)| (name, &config.depends_on[..]));
        dependency_cycle(edges).map_or(Ok(()), |way| Err(HealthError::Cycle(way)))?;
        Ok(configs)
    }
}

/// How a check is run: as the spec says; or else as the program does; or else as the spec says of all.
pub(super) fn config(
    spec: &HealthAggregatorSpec,
    name: &ServiceName,
    given: Option<&HealthCheckConfig>,
) -> HealthCheckConfig {
    let named = spec.config_of(name.as_str());
    named.or(given).unwrap_or(&spec.defaults).clone()
}
