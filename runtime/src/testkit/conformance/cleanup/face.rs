//! A strategy, and the service that it cleans.

use std::future::Future;
use std::sync::Arc;

use mainstay_actors::memory::MemoryCleanup;
use mainstay_specs::ServiceName;

/// A strategy, and the service that it cleans, of one namespace.
pub trait Cleanups {
    /// The strategy; the same each time it is asked.
    fn strategy(&self) -> Arc<dyn MemoryCleanup>;

    /// The service that it cleans.
    fn service(&self) -> ServiceName;

    /// Uses the service, so that there is something to be freed: at least two things, of the kind that goes when all is wanted.
    fn fill(&self) -> impl Future<Output = ()>;

    /// How much of that there is, by whatever measure: 0 if there is nothing that could be freed. For a strategy of the class
    /// [`CleanupClass::Trim`](mainstay_actors::memory::CleanupClass::Trim), which frees nothing, it is not asked.
    fn size(&self) -> impl Future<Output = u64>;
}
