//! Health: what is checked in a namespace, how each fares, and what that comes to.
//!
//! ```text
//!  services, the tree ──► found ──┐
//!  program ── register ──────────►│ book: one entry for each check
//!  spec ── how each is run ──────►│   │ due            ▲ result, or none in time: rise, fall, hold
//!                                 │   ▼                │
//!  keeper: tends it               │  run, in a task ───┘
//!                                 ▼
//!                               picture, which never changes ──► current(), group(), service(): no message, no lock
//!                                 └──► changes: subscribers, watchers, telemetry
//!  sweep(): all at once, one deadline, one for all who ask at the same time
//! ```
//!
//! The book, the picture and the runs belong to the namespace and outlive the keeper, which may crash at any moment. While there is none,
//! answers grow old, and after `stale_after` of the spec they are unknown.
//!
//! Whoever panics or hangs changes its own entry only. A run that lasts for longer than its time limit counts as unhealthy, and the check
//! is not begun again until that run has ended; what it says then counts for nothing. A run is not to occupy its thread: one that does takes
//! that thread from all others on it, which nothing can prevent. The watchdog of the node finds out when that brings the node to a stand.
//!
//! How the whole fares, of all that is not [diagnostic](mainstay_specs::CheckKind::Diagnostic):
//!
//! | status | if |
//! |---|---|
//! | unhealthy | something required is unhealthy |
//! | degraded | something required is degraded, or is unknown after its grace; or something important is unhealthy |
//! | unknown | something required or important is unknown and may be; or nothing is known, or there is nothing to check |
//! | healthy | otherwise |
//!
//! The score is the mean by weight (healthy 1, degraded 0.5, unknown 0.25, unhealthy 0), at most 0.49 if something required is unhealthy, and
//! 1 if there is nothing to check. Thresholds of the spec may bound the status by the score. Work can be given to what is healthy or degraded,
//! once all that has to come up has.
//!
//! | file | holds |
//! |---|---|
//! | `status.rs`, `result.rs`, `snapshot.rs` | [`HealthStatus`]; [`CheckResult`], [`HealthResult`]; [`SystemHealth`] and what it is made of |
//! | `checkable.rs`, `ask.rs` | [`HealthCheckable`]; asking an actor through its mailbox |
//! | `machine.rs`, `rollup.rs`, `graph/`, `bound.rs` | from results to a status; from each to the whole; who is the cause; how large a result may be: pure |
//! | `book/` | all checks, their runs, and how they look together; reads no clock |
//! | `cell.rs`, `moment.rs`, `changes.rs`, `audience.rs` | the state that outlives the keeper; times; what has changed, and who is told |
//! | `run.rs`, `sweep.rs`, `keeper.rs`, `start.rs` | one run; sweeps; the keeper, and where it comes from |
//! | `discover.rs`, `foundation/`, `tree/` | what is checked although nobody has registered it: services, and the supervision tree |
//! | `renew.rs` | going by another spec while it runs |
//! | `simulate.rs` | looking worse than one is |
//! | `handle.rs`, `endpoint.rs` | [`HealthAggregator`]; [`HealthEndpoint`]: health as JSON |
//! | `signals.rs`, `stats.rs`, `error.rs` | telemetry and metrics; [`HealthStats`]; [`HealthError`] |
//!
//! ```
//! use mainstay_actors::health::{CheckResult, HealthAggregator, HealthStatus, check_fn};
//! use mainstay_specs::{HealthAggregatorSpec, HealthCheckConfig, Importance, NamespaceName, ServiceName};
//! use mainstay_supervisors::{NamespacePlan, Runtime};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let plan = NamespacePlan::new().service(HealthAggregator::child(HealthAggregatorSpec::default()));
//! let runtime = Runtime::new();
//! let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
//! let health = HealthAggregator::of(&app);
//!
//! let (db, search) = (ServiceName::new("db")?, ServiceName::new("search")?);
//! let down = check_fn(|| async { CheckResult::unhealthy("db", "it does not answer") });
//! health.register(db.clone(), down, HealthCheckConfig::default().importance(Importance::Important))?;
//! let fine = check_fn(|| async { CheckResult::healthy("search", "it finds what there is") });
//! health.register(search, fine, HealthCheckConfig::default().depends_on(db))?;
//!
//! let found = health.sweep().await?;
//! assert_eq!(found.status, HealthStatus::Degraded);
//! // The third is `supervision`: how the tree of the namespace gets on.
//! assert_eq!((found.healthy_services, found.total_services), (2, 3));
//! let search = found.service("search").expect("it is there");
//! assert_eq!((search.status, search.impaired_by[0].as_str()), (HealthStatus::Healthy, "db"));
//! # Ok(())
//! # }
//! ```

mod ask;
mod audience;
mod book;
mod bound;
mod cell;
mod changes;
mod checkable;
mod discover;
mod endpoint;
mod error;
mod foundation;
mod graph;
mod handle;
mod keeper;
mod machine;
mod moment;
mod renew;
mod result;
mod rollup;
mod run;
mod signals;
mod simulate;
mod snapshot;
mod start;
mod stats;
mod status;
mod sweep;
mod tree;

pub use ask::{ActorCheck, ask_actor};
pub use audience::{HealthChanges, HealthWatch};
pub use checkable::{FnCheck, HealthCheckable, check_fn};
pub use endpoint::{Detail, HealthEndpoint};
pub use error::{HealthError, HealthStartError};
pub use foundation::{
    CircuitBreakersHealthCheck, ConfigServerHealthCheck, ConnectionPoolsHealthCheck,
    EventStoreHealthCheck, MemoryManagerHealthCheck, RateLimitersHealthCheck, TelemetryHealthCheck,
};
pub use handle::{HealthAggregator, NAME};
pub use result::{CheckResult, HealthResult};
pub use simulate::Simulation;
pub use snapshot::{HealthAnswer, HealthChange, RootCause, ServiceHealth, SystemHealth};
pub use stats::HealthStats;
pub use status::HealthStatus;
