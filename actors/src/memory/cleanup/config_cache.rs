//! Clearing the cache of the config server.

use mainstay_specs::{CleanupClass, ServiceName};
use mainstay_supervisors::Namespace;

use super::event_store::check;
use super::strategy::{CleanupAnswer, CleanupError, CleanupOptions, CleanupReport, MemoryCleanup};
use crate::config::{ConfigServer, NAME};

/// Clears the cache of the config server: values that were decoded, which are decoded again when somebody asks for them. What nobody has
/// asked for since the last time goes first; all goes only when all memory is wanted, so that not everything is decoded anew at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigCacheCleanup;

impl ConfigCacheCleanup {
    /// It has nothing to be set.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl MemoryCleanup for ConfigCacheCleanup {
    fn class(&self) -> CleanupClass {
        CleanupClass::Cache
    }

    fn cleanup<'a>(
        &'a self,
        namespace: &'a Namespace,
        service: &'a ServiceName,
        options: &'a CleanupOptions,
    ) -> CleanupAnswer<'a> {
        Box::pin(async move {
            check(service, NAME)?;
            let config = ConfigServer::in_namespace(namespace)
                .ok_or_else(|| CleanupError::NoService(service.clone()))?;
            let cleared = if options.aggressiveness < 1.0 {
                config.clear_idle_cache()
            } else {
                config.clear_cache()
            };
            Ok(CleanupReport::freed(cleared.entries, cleared.bytes))
        })
    }
}
