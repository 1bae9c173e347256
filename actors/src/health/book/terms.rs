//! By which spec, and how each check is run by it.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mainstay_specs::{HealthAggregatorSpec, HealthCheckConfig, ServiceName, dependency_cycle};

use super::super::error::HealthError;
use super::super::moment::Moment;
use super::{Book, Entry, Found, Hidden, Origin, Waste};

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
        let configs = self.configs(&spec, stays, |entry| entry.given.as_ref())?;
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

    /// Goes by another spec, as [`adopt`](Self::adopt) does, but what is known of those that stay is not forgotten: of those that are found
    /// by it, too, which are looked at as it says from now on. Who is due later than by the new interval is due by that.
    ///
    /// # Errors
    ///
    /// As [`adopt`](Self::adopt).
    pub(crate) fn renew(
        &mut self,
        spec: Arc<HealthAggregatorSpec>,
        found: Vec<Found>,
        now: Moment,
    ) -> Result<(), HealthError> {
        let found: BTreeMap<ServiceName, Found> = found
            .into_iter()
            .map(|one| (one.name.clone(), one))
            .collect();
        let stays = |entry: &Entry| match entry.origin {
            Origin::Program => true,
            Origin::Found => found.contains_key(&entry.name),
            Origin::Spec => spec.config_of(entry.name.as_str()).is_some(),
        };
        let given = |entry: &Entry| match entry.origin {
            Origin::Found => found.get(&entry.name).map(|found| found.config.clone()),
            Origin::Program | Origin::Spec => entry.given.clone(),
        };
        let Ok(configs) = self.configs(&spec, stays, given) else {
            // What was found may be in the way: it is found again.
            return self.adopt(spec, now);
        };
        let go = self.entries.values().filter(|entry| !stays(entry));
        let go: Vec<ServiceName> = go.map(|entry| entry.name.clone()).collect();
        go.iter().for_each(|name| self.take_out(name));
        self.spec = spec;
        self.is_dirty = true;
        for (name, config) in configs {
            match self.entries.get_mut(&name) {
                Some(entry) => {
                    entry.due = entry.due.min(now.at + config.interval);
                    entry.reconfigure(config);
                }
                None => self.put(name, None, Origin::Spec, None, config, now),
            }
        }
        found
            .into_values()
            .for_each(|found| self.look_otherwise(found));
        Ok(())
    }

    /// One that was found before is looked at by this from its next run on.
    fn look_otherwise(&mut self, found: Found) {
        let there = self.entries.get_mut(&found.name);
        if let Some(entry) = there.filter(|entry| entry.origin == Origin::Found) {
            entry.given = Some(found.config);
            let check = entry.check.replace(found.check);
            self.waste.push(Waste {
                _entry: None,
                _check: check.map(Hidden),
            });
        }
    }

    /// How each is run by this spec, of those it names and those that stay.
    fn configs<'a, G: Borrow<HealthCheckConfig>>(
        &'a self,
        spec: &HealthAggregatorSpec,
        stays: impl Fn(&Entry) -> bool,
        given: impl Fn(&'a Entry) -> Option<G>,
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
            let given = there.and_then(&given);
            let config = config(spec, &name, given.as_ref().map(Borrow::borrow));
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
