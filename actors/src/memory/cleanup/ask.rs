//! Asking for cleanups, and registering strategies.

use std::sync::Arc;

use mainstay_specs::ServiceName;

use super::error::RegisterCleanupError;
use super::plan::Key;
use super::request::{CleanupPriority, CleanupRequest, Requested};
use super::stats::CleanupStats;
use super::strategy::MemoryCleanup;
use crate::memory::cell::MemoryCell;
use crate::memory::handle::MemoryManager;

/// A strategy that is registered, until this is dropped. A run of it that goes on then comes to its end, and counts no more.
#[derive(Debug)]
#[must_use = "a strategy is forgotten when its registration is dropped"]
pub struct CleanupRegistration {
    cell: Arc<MemoryCell>,
    key: Option<Key>,
}

impl CleanupRegistration {
    /// Has the strategy stay as long as the namespace.
    pub fn keep(mut self) {
        self.key = None;
    }
}

impl Drop for CleanupRegistration {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.cell.relief.unregister(key);
        }
    }
}

impl MemoryManager {
    /// Registers a strategy that frees memory of a service, beside those it has. It is run when pressure is high or critical, and when somebody
    /// asks for a cleanup of the service.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use mainstay_actors::memory::{
    ///     CleanupAnswer, CleanupClass, CleanupOptions, CleanupPriority, CleanupReport, MemoryCleanup, MemoryEvent, MemoryManager,
    /// };
    /// use mainstay_specs::{MemoryManagerSpec, NamespaceName, ServiceName};
    /// use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};
    ///
    /// #[derive(Debug, Default)]
    /// struct Thumbnails(Mutex<Vec<Vec<u8>>>);
    ///
    /// impl MemoryCleanup for Thumbnails {
    ///     fn class(&self) -> CleanupClass {
    ///         CleanupClass::Cache
    ///     }
    ///
    ///     fn cleanup<'a>(&'a self, _: &'a Namespace, _: &'a ServiceName, options: &'a CleanupOptions) -> CleanupAnswer<'a> {
    ///         Box::pin(async move {
    ///             let mut cached = self.0.lock().expect("whole");
    ///             let keep = (cached.len() as f64 * (1.0 - options.aggressiveness)) as usize;
    ///             let gone = cached.split_off(keep);
    ///             Ok(CleanupReport::freed(gone.len() as u64, gone.iter().map(|one| one.len() as u64).sum()))
    ///         })
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let plan = NamespacePlan::new().service(MemoryManager::child(MemoryManagerSpec::default()));
    /// let runtime = Runtime::new();
    /// let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
    /// let memory = MemoryManager::of(&app);
    /// let mut events = memory.subscribe()?;
    ///
    /// let thumbnails = Arc::new(Thumbnails(Mutex::new(vec![vec![0; 1000]; 8])));
    /// let name = ServiceName::new("thumbnails")?;
    /// let _registered = memory.register_cleanup(name.clone(), Arc::clone(&thumbnails) as Arc<dyn MemoryCleanup>)?;
    /// memory.request_cleanup(&name, CleanupPriority::Emergency);
    /// loop {
    ///     if let MemoryEvent::CleanupFinished(end) = events.next().await.expect("an event")? {
    ///         assert_eq!((end.service, end.entries), (name, 8));
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`RegisterCleanupError::TooMany`], [`RegisterCleanupError::Stopped`].
    pub fn register_cleanup(
        &self,
        service: ServiceName,
        strategy: Arc<dyn MemoryCleanup>,
    ) -> Result<CleanupRegistration, RegisterCleanupError> {
        let key = self.cell.relief.register(service, strategy)?;
        Ok(CleanupRegistration {
            cell: Arc::clone(&self.cell),
            key: Some(key),
        })
    }

    /// Asks for a cleanup of a service: its strategies of the mildest class that it has. Never waits; it may be called for each event that is
    /// stored, and from within the cleanup itself. Requests of a service are one as long as it waits or runs, and after a run the
    /// strategies rest (`min_interval` of the spec), so that ten thousand a second lead to one run.
    ///
    /// A level of pressure can be given as priority, as a level is one.
    pub fn request_cleanup(
        &self,
        service: &ServiceName,
        priority: impl Into<CleanupPriority>,
    ) -> Requested {
        let request = CleanupRequest::of(service.clone());
        self.request(request.priority(priority.into()))
    }

    /// Asks for a cleanup, with all that can be said of it. Never waits, as [`request_cleanup`](Self::request_cleanup).
    pub fn request(&self, request: CleanupRequest) -> Requested {
        self.cell.relief.request(request)
    }

    /// What has come of cleanups, and which strategies there are.
    #[must_use]
    pub fn cleanup_stats(&self) -> CleanupStats {
        self.cell.relief.stats()
    }
}
