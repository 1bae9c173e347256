//! The breakers of a namespace going by another spec while they run.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_specs::{CircuitBreakersSpec, CircuitConfig, NamedCircuit, ServiceName};

use super::circuits::Circuits;
use super::error::RegisterCircuitError;
use super::keyed::KeyedBreakers;

impl Circuits {
    /// Goes by `new`, which was found valid, where it differs from `old`.
    ///
    /// # Errors
    ///
    /// If there is no room for one. What could be done before that has been done.
    pub(crate) fn renew(
        &self,
        old: &CircuitBreakersSpec,
        new: &CircuitBreakersSpec,
    ) -> Result<(), RegisterCircuitError> {
        self.forget_gone(old, new);
        self.adopt(new)?;
        let before: BTreeMap<&ServiceName, &NamedCircuit> =
            old.breakers.iter().map(|one| (&one.name, one)).collect();
        for after in &new.breakers {
            if let Some(before) = before.get(&after.name) {
                self.renew_one((before, &old.default), (after, &new.default))?;
            }
        }
        self.renew_families(old, new)
    }

    fn forget_gone(&self, old: &CircuitBreakersSpec, new: &CircuitBreakersSpec) {
        for gone in &old.breakers {
            if !new.breakers.iter().any(|one| one.name == gone.name) {
                self.remove(gone.name.as_str());
            }
        }
        for gone in &old.families {
            if !new.families.iter().any(|one| one.name == gone.name) {
                self.families().remove(&gone.name);
            }
        }
    }

    /// One that somebody has taken away since stays away.
    fn renew_one(
        &self,
        (before, old): (&NamedCircuit, &CircuitConfig),
        (after, new): (&NamedCircuit, &CircuitConfig),
    ) -> Result<(), RegisterCircuitError> {
        let Some(breaker) = self.find(after.name.as_str()) else {
            return Ok(());
        };
        let config = after.config.as_ref().unwrap_or(new);
        if before.config.as_ref().unwrap_or(old) != config {
            breaker.reconfigure(config.clone())?;
        }
        match &after.follows {
            same if *same == before.follows => {}
            Some(process) => breaker.follow(process.clone()),
            None => drop(breaker.unfollow()),
        }
        Ok(())
    }

    fn renew_families(
        &self,
        old: &CircuitBreakersSpec,
        new: &CircuitBreakersSpec,
    ) -> Result<(), RegisterCircuitError> {
        for after in &new.families {
            let config = after.config.as_ref().unwrap_or(&new.default);
            let mut before = old.families.iter().filter(|one| one.name == after.name);
            let differs = |before: &CircuitConfig| before != config;
            if !before.any(|one| differs(one.config.as_ref().unwrap_or(&old.default))) {
                continue;
            }
            let family = self.families().get(&after.name).map(Arc::clone);
            if let Some(family) = family {
                KeyedBreakers::of_family(family).reconfigure(config.clone())?;
            }
        }
        Ok(())
    }
}
