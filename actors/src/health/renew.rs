//! A health aggregator going by another spec while it runs.

use mainstay_specs::HealthAggregatorSpec;
use mainstay_supervisors::Namespace;

use super::handle::HealthAggregator;
use crate::RenewError;

impl HealthAggregator {
    /// What it goes by now: that of its start, or of the last [`renew`](Self::renew).
    #[must_use]
    pub fn spec(&self) -> HealthAggregatorSpec {
        (*self.cell.spec()).clone()
    }

    /// Has the health aggregator of a namespace go by another spec from now on. Checks that stay keep their status and their history, and are
    /// run by their new settings from now on, the next time no later than by the new interval; what is under way goes on.
    ///
    /// Its successor goes by what its supervisor knows of it: [change](mainstay_supervisors::SupervisorRef::change_child) it there first.
    /// Messages are counted from a process's start on, so another [`tree`](HealthAggregatorSpec::tree) counts for those that start later.
    ///
    /// # Errors
    ///
    /// A spec that is wrong; checks that do not fit together. Nothing has changed then.
    pub fn renew(namespace: &Namespace, spec: &HealthAggregatorSpec) -> Result<(), RenewError> {
        spec.validate().map_err(RenewError::Spec)?;
        let health = Self::in_namespace(namespace).ok_or(RenewError::NotRunning)?;
        Ok(health.cell.renew(namespace, spec)?)
    }
}
