//! A memory manager going by another spec while it runs.

use mainstay_specs::MemoryManagerSpec;
use mainstay_supervisors::Namespace;

use super::handle::{MemoryManager, NAME};
use super::signals::Signals;
use super::start::keeper;
use super::terms::{MemorySetup, Terms};
use crate::RenewError;
use crate::renew::succeed_with;

impl MemoryManager {
    /// What it goes by now: that of its start, or of the last [`renew`](Self::renew). The default where none was started.
    #[must_use]
    pub fn spec(&self) -> MemoryManagerSpec {
        self.cell.terms().spec().clone()
    }

    /// Has the memory manager of a namespace go by another spec from now on, and the successors of its processes, too; what else it was made
    /// with stays. The level stays until the next sample, which is taken at once, and is judged by the new thresholds. If pressure may be
    /// simulated no more, it is not from now on.
    ///
    /// Its supervisor's successor goes by what the root knows of it: [change](mainstay_supervisors::SupervisorRef::change_child) it there first.
    ///
    /// # Errors
    ///
    /// A spec that is wrong; a namespace without one, or that has ended. Nothing has changed then.
    ///
    /// Cancel safety: part of it may be done when this is dropped; do it again for the rest.
    pub async fn renew(namespace: &Namespace, spec: &MemoryManagerSpec) -> Result<(), RenewError> {
        spec.validate().map_err(RenewError::Spec)?;
        let cell = Self::of(namespace).cell;
        let setup = MemorySetup {
            spec: spec.clone(),
            ..cell.terms().setup.clone()
        };
        succeed_with(namespace, NAME, [keeper(setup.clone())]).await?;
        cell.renew(Terms {
            signals: Signals::new(namespace),
            setup,
        });
        Ok(())
    }
}
