//! The names in a namespace.

use std::time::Duration;

use mainstay_specs::ServiceName;

use super::{Metadata, Namespace};
use crate::process::Process;
use crate::registry::{RegisterError, Registration, RegistryStats};
use crate::service_ref::ServiceRef;

impl Namespace {
    /// Registers a process under a name of this namespace, until it ends.
    ///
    /// # Errors
    ///
    /// [`RegisterError::AlreadyRegistered`] with the owner of the name; [`RegisterError::Dead`].
    #[track_caller]
    pub fn register(
        &self,
        name: ServiceName,
        process: &Process,
    ) -> Result<Registration<ServiceName, Metadata>, RegisterError> {
        self.register_with(name, process, Metadata::new())
    }

    /// Registers a process with metadata.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    #[track_caller]
    pub fn register_with(
        &self,
        name: ServiceName,
        process: &Process,
        metadata: Metadata,
    ) -> Result<Registration<ServiceName, Metadata>, RegisterError> {
        self.inner.registry.register(process, name, metadata)
    }

    /// The process that holds a name. One hash and no lock.
    #[must_use]
    pub fn whereis(&self, name: &str) -> Option<Process> {
        self.inner.registry.whereis(name)
    }

    /// The metadata of a name.
    #[must_use]
    pub fn metadata(&self, name: &ServiceName) -> Option<Metadata> {
        self.inner
            .registry
            .lookup(name)
            .pop()
            .map(|(_, metadata)| metadata)
    }

    /// Replaces the metadata of a name; false if nobody holds it.
    #[must_use]
    pub fn update_metadata(&self, name: &ServiceName, metadata: &Metadata) -> bool {
        let Some(process) = self.whereis(name.as_str()) else {
            return false;
        };
        self.inner
            .registry
            .update_value(&process, name, |_| metadata.clone())
            .is_some()
    }

    /// All names and who holds them, sorted.
    #[must_use]
    pub fn services(&self) -> Vec<(ServiceName, Process, Metadata)> {
        let mut services = self.inner.registry.list();
        services.sort_by(|a, b| a.0.cmp(&b.0));
        services
    }

    /// The names whose metadata fits, sorted.
    pub fn find_services(&self, fits: impl Fn(&Metadata) -> bool) -> Vec<(ServiceName, Process)> {
        let services = self.services().into_iter();
        services
            .filter(|(_, _, metadata)| fits(metadata))
            .map(|(name, process, _)| (name, process))
            .collect()
    }

    /// Waits until nobody holds a name any more whose supervisor was killed: for whoever is to be registered under it by its own
    /// code, before it takes up what goes with the name. Children with a name in their specs are waited with anyway: see
    /// [`Child::name`](crate::Child::name).
    ///
    /// A process whose supervisor was killed is on its way to its end, as is all below it; it is waited for as long as it may
    /// take, that is its [shutdown](mainstay_specs::Shutdown) time and a second more, from when the supervisor was killed. One
    /// without such a limit, as supervisors are by default, is waited for a minute at most.
    ///
    /// Cancel safety: it may be dropped and called again at will.
    ///
    /// # Errors
    ///
    /// [`RegisterError::AlreadyRegistered`] at once, if somebody holds the name for whom this does not hold; also if that one has been
    /// asked to stop. [`RegisterError::Orphaned`] if it does not come to its end in time.
    pub async fn until_free(&self, name: &str) -> Result<(), RegisterError> {
        match self.inner.core.upgrade() {
            Some(core) => core.until_free(&self.inner.registry, name).await,
            // Nothing lives there any more, and no supervisor is killed.
            None => self
                .whereis(name)
                .map_or(Ok(()), |owner| Err(RegisterError::AlreadyRegistered(owner))),
        }
    }

    /// Waits until somebody holds a name; at once if somebody does. `None` when the time is up.
    pub async fn wait_for(&self, name: &ServiceName, limit: Duration) -> Option<Process> {
        tokio::time::timeout(limit, self.inner.registry.wait_for(name))
            .await
            .ok()
    }

    /// A reference to whoever holds a name when a message is sent; it survives restarts.
    #[must_use]
    pub fn service<M: ractor::Message>(&self, name: ServiceName) -> ServiceRef<M> {
        ServiceRef::new(self.inner.registry.clone(), name)
    }

    /// Figures of the names.
    #[must_use]
    pub fn stats(&self) -> RegistryStats {
        self.inner.registry.stats()
    }
}
