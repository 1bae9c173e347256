//! What every way to free memory has to do.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`memory_cleanup`], the suite |
//! | `face.rs` | [`Cleanups`]: a strategy, and the service that it cleans |
//! | `trial.rs` | one strategy that is tried |
//! | `freeing.rs`, `cut.rs` | the rules: what it frees; what is dropped halfway |

mod cut;
mod face;
mod freeing;
mod trial;

pub use face::Cleanups;

use super::Violation;
use trial::Trial;

/// Holds a cleanup strategy against what the memory manager relies on. Each rule begins with the service as the one before has left it.
///
/// Time is that of tokio. A run that takes longer than the strategy's own time limit, or 10 seconds if it has none, breaks a rule.
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use mainstay::actors::memory::{CleanupAnswer, CleanupClass, CleanupOptions, CleanupReport, MemoryCleanup};
/// use mainstay::specs::ServiceName;
/// use mainstay::supervisors::Namespace;
/// use mainstay::testkit::conformance::{self, Cleanups};
/// use mainstay::testkit::{TestOptions, run};
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
/// struct Service(Arc<Thumbnails>);
///
/// impl Cleanups for Service {
///     fn strategy(&self) -> Arc<dyn MemoryCleanup> {
///         Arc::<Thumbnails>::clone(&self.0)
///     }
///
///     fn service(&self) -> ServiceName {
///         ServiceName::new("thumbnails").expect("a name")
///     }
///
///     async fn fill(&self) {
///         self.0.0.lock().expect("whole").extend((0..8).map(|_| vec![0; 1000]));
///     }
///
///     async fn size(&self) -> u64 {
///         self.0.0.lock().expect("whole").len() as u64
///     }
/// }
///
/// run(TestOptions::new("thumbnails").start_paused(true), |cx| async move {
///     conformance::memory_cleanup(cx.namespace(), &Service(Arc::default())).await
/// });
/// ```
///
/// # Errors
///
/// The first rule that is broken, with what should have come and what came.
pub async fn memory_cleanup<C: Cleanups>(
    namespace: &mainstay_supervisors::Namespace,
    face: &C,
) -> Result<(), Violation> {
    let trial = Trial::new(namespace, face);
    trial.stays_what_it_is()?;
    freeing::all_is_freed_when_all_is_wanted(&trial).await?;
    freeing::nothing_is_freed_when_there_is_nothing(&trial).await?;
    freeing::less_is_freed_when_less_is_wanted(&trial).await?;
    freeing::it_works_again_and_again(&trial).await?;
    cut::a_run_can_be_dropped(&trial).await?;
    trial.stays_what_it_is()
}
