//! OTP-style supervision trees for Rust services, on ractor and tokio.
//!
//! ```text
//!  node.ron or code ── NodeSpec ── Node::builder().kind(…).boot(&spec)
//!                                        │
//!  Runtime ──────────────────────────────┴─ one value; everything hangs off it
//!  ├─ http                                  /health /livez /readyz /metrics /api/tree /api/tree/events /api/config
//!  │  └─ server
//!  ├─ production        a Namespace: its own tree, its own names
//!  │  ├─ config_server  a service
//!  │  └─ children       what the application adds: actors, tasks, supervisors
//!  │     ├─ counter     a ractor Actor      ◄── ServiceRef: by name, survives restarts
//!  │     └─ clock       a future            ──► ExitReason ──► restarted as its Restart says
//!  └─ staging           another Namespace: the two never see each other
//! ```
//!
//! A namespace with a task that is restarted when it fails:
//!
//! ```
//! use mainstay::prelude::*;
//! use std::time::Duration;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let runtime = Runtime::new();
//!     let app = runtime.namespace("app").await?;
//!     let flaky = Child::task("flaky", |_stop| async { Err::<(), _>("out of luck") });
//!     let started = app.start_child(flaky.restart(Restart::Transient)).await?;
//!
//!     let first = started.process().cloned().ok_or("nothing to run")?;
//!     assert_eq!(first.ended().await, ExitReason::failed("out of luck"));
//!
//!     let report = runtime.stop(Duration::from_secs(5)).await;
//!     assert!(report.killed.is_empty());
//!     Ok(())
//! }
//! ```
//!
//! | to | look at |
//! |---|---|
//! | supervise an actor, a future, a supervisor | [`Child`](supervisors::Child), [`Supervisor`](supervisors::Supervisor) |
//! | start children that come and go | [`DynamicSupervisor`](supervisors::DynamicSupervisor), [`TaskSupervisor`](supervisors::TaskSupervisor) |
//! | spread work over equal children | [`PartitionSupervisor`](supervisors::PartitionSupervisor) |
//! | keep parts of a program apart | [`Namespace`](supervisors::Namespace), [`NamespacePlan`](supervisors::NamespacePlan) |
//! | reach a process by name across restarts | [`ServiceRef`](supervisors::ServiceRef) |
//! | learn of an end | [`Process::monitor`](supervisors::Process::monitor), [`Process::link`](supervisors::Process::link), [`Runtime::events`](supervisors::Runtime::events) |
//! | look at the live tree | [`Namespace::tree`](supervisors::Namespace::tree), [`TreeNode`](supervisors::TreeNode), `GET /api/tree` |
//! | describe all of it in a file | [`NodeSpec`](specs::NodeSpec), [`Node`], [`NodeBuilder::kind`] |
//! | serve it over HTTP | the feature `http` and its module |
//! | keep configuration that changes at run time | [`ConfigServer`](actors::ConfigServer) |
//! | keep what has happened, and ask for it | [`EventStore`](actors::EventStore), [`Event`](actors::event_store::Event) |
//! | tell what happens, and listen to it | [`TelemetryService`](actors::TelemetryService) |
//! | be told when a metric is bad | [`Alerts`](actors::Alerts), [`AlertRule`](specs::AlertRule) |
//! | know how all of it fares | [`HealthAggregator`](actors::HealthAggregator), `GET /health`, `mainstay health` |
//! | stop calling what fails, and find out when it works again | [`CircuitBreaker`](actors::CircuitBreaker), [`CircuitBreakerRegistry`](actors::CircuitBreakerRegistry), [`macro@protected`] |
//! | let so many calls through in each window of time, for each key | [`Limiter`](actors::Limiter), [`RateLimiterRegistry`](actors::RateLimiterRegistry), [`macro@rate_limited`] |
//! | lead an operation through all of its guards | [`Protection`](actors::Protection), [`ProtectionRegistry`](actors::ProtectionRegistry), [`macro@protect`] |
//! | lend connections that are opened once | [`PoolManager`](actors::PoolManager), [`ConnectionPoolRegistry`](actors::ConnectionPoolRegistry), [`NodeBuilder::pool_kind`] |
//! | stay within the memory there is | [`MemoryManager`](actors::MemoryManager) |
//! | know which process holds how much memory | [`ProcessMemoryTracker`](actors::memory::ProcessMemoryTracker), the feature `memory-attribution` and its module `alloc` |
//! | start those services without a file | [`infrastructure`] |
//! | test all of it | the feature `test-util` and its module `testkit` |
//! | find what the words mean | [`specs`] says what should be, [`supervisors`] what runs |
//!
//! # Features
//!
//! `http`, `cli` and `sqlite` are on by default; a program that only wants the trees says `default-features = false`.
//!
//! | feature | adds |
//! |---|---|
//! | `http` | the module `http`: a node can serve HTTP |
//! | `cli` | the binary `mainstay` |
//! | `sqlite` | pools of connections to SQLite, which is built with it, and events that are kept there |
//! | `postgres` | pools of connections to PostgreSQL, and events that are kept there |
//! | `redis` | pools of connections to Redis, and rate limits that machines share |
//! | `bb8` | pools of connections whose manager was written for the pool `bb8` |
//! | `tower` | circuit breakers, rate limiters and whole protections as layers around tower services |
//! | `grpc` | the module `grpc`: the health of a node by the standard protocol of gRPC |
//! | `test-util` | the module `testkit` and the attribute `#[mainstay::test]`: tests that own a namespace each |
//! | `memory-attribution` | the module `alloc`: a global allocator that knows which process holds how much |
//! | `metrics-facade` | the metrics store as a recorder of the facade `metrics`: `MetricsStore::facade_recorder` |
//!
//! Panics are exit reasons here, so a program has to be built with `panic = "unwind"`, the default.

#[cfg(feature = "memory-attribution")]
pub mod alloc;
#[cfg(feature = "grpc")]
pub mod grpc;
#[cfg(feature = "http")]
pub mod http;
pub mod infrastructure;
pub mod kinds;
mod node;
pub mod prelude;
#[cfg(feature = "test-util")]
pub mod testkit;
mod watchdog;

pub use mainstay_actors as actors;
pub use mainstay_actors::instrument;
pub use mainstay_macros::instrumented;

/// Leads each call of a function through all the guards of a protected operation.
///
/// ```
/// use mainstay::actors::limiter::AnyLimiter;
/// use mainstay::actors::protection::{Guard, Protection, ProtectionError};
/// use mainstay::specs::{RateLimitConfig, ServiceName};
/// use std::convert::Infallible;
/// use std::time::Duration;
///
/// struct Orders {
///     protection: Protection,
/// }
///
/// #[mainstay::protect(operation = self.protection, key = User(customer))]
/// impl Orders {
///     pub async fn find(&self, customer: &str) -> Result<String, ProtectionError<Infallible>> {
///         Ok(format!("an order of {customer}"))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limit = RateLimitConfig::token_bucket(1, Duration::from_secs(60));
/// let limiter = AnyLimiter::new(ServiceName::new("orders")?, limit)?;
/// let protection = Protection::new(ServiceName::new("orders")?)
///     .deadline(Duration::from_secs(2))
///     .rate_limit(limiter, 1);
/// let orders = Orders { protection };
///
/// assert_eq!(orders.find("ada").await?, "an order of ada");
/// let refused = orders.find("ada").await.unwrap_err();
/// assert_eq!(refused.guard(), Some(Guard::RateLimit));
/// # Ok(())
/// # }
/// ```
pub use mainstay_macros::protect;
/// # Example
///
/// ```
/// use mainstay::actors::breaker::{CircuitBreaker, Unanswered};
/// use mainstay::protected;
/// use mainstay::specs::{CircuitConfig, ServiceName};
///
/// #[derive(Debug, thiserror::Error)]
/// enum PriceError {
///     #[error("the shop does not answer")]
///     NoAnswer,
///     #[error(transparent)]
///     Unanswered(#[from] Unanswered),
/// }
///
/// struct Shop {
///     breaker: CircuitBreaker,
///     last_price: u32,
/// }
///
/// #[protected(breaker = self.breaker)]
/// impl Shop {
///     pub async fn order(&self, item: &str) -> Result<(), PriceError> {
///         Err(PriceError::NoAnswer) // As of a service that is down.
///     }
///
///     #[protected(fallback = |_| Ok(self.last_price))]
///     pub async fn price(&self, item: &str) -> Result<u32, PriceError> {
///         Err(PriceError::NoAnswer)
///     }
///
///     #[unprotected]
///     pub fn is_open(&self) -> bool {
///         self.breaker.check_state().is_ok()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = CircuitConfig::default().failure_threshold(2);
/// let breaker = CircuitBreaker::new(ServiceName::new("shop")?, config)?;
/// let shop = Shop { breaker, last_price: 12 };
///
/// assert!(matches!(shop.order("cup").await, Err(PriceError::NoAnswer)));
/// assert!(matches!(shop.price("cup").await, Err(PriceError::NoAnswer)));
///
/// // The breaker has opened: from now on the shop is not asked.
/// assert!(!shop.is_open());
/// let refused = shop.order("cup").await.unwrap_err();
/// assert_eq!(refused.to_string().split(',').next(), Some("the circuit shop is open"));
/// assert_eq!(shop.price("cup").await?, 12);
/// # Ok(())
/// # }
/// ```
pub use mainstay_macros::protected;
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use mainstay::actors::limiter::{Limiter, RateLimitError};
/// use mainstay::rate_limited;
/// use mainstay::specs::{RateLimitConfig, ServiceName};
///
/// #[derive(Debug, thiserror::Error)]
/// enum SearchError {
///     #[error("there is nothing to look for")]
///     Empty,
///     #[error(transparent)]
///     Limited(#[from] RateLimitError),
/// }
///
/// struct Search {
///     limiter: Limiter,
/// }
///
/// #[rate_limited(limiter = self.limiter, key = User(user))]
/// impl Search {
///     pub async fn find(&self, user: &str, text: &str) -> Result<usize, SearchError> {
///         if text.is_empty() {
///             return Err(SearchError::Empty);
///         }
///         Ok(text.len())
///     }
///
///     #[rate_limited(cost = 10, on_limited = wait(Duration::from_secs(5)))]
///     pub async fn export(&self, user: &str) -> Result<String, SearchError> {
///         Ok(format!("all that {user} found"))
///     }
///
///     #[unlimited]
///     pub fn limiter(&self) -> &Limiter {
///         &self.limiter
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = RateLimitConfig::token_bucket(10, Duration::from_secs(60));
/// let limiter = Limiter::new(ServiceName::new("search")?, config)?;
/// let search = Search { limiter };
///
/// assert_eq!(search.export("ada").await?, "all that ada found");
/// let refused = search.find("ada", "cup").await.unwrap_err();
/// assert!(refused.to_string().starts_with("the rate limit search is reached, come back in "));
///
/// // Another export would have to wait for a minute, which is longer than it would.
/// let refused = search.export("ada").await;
/// assert!(matches!(refused, Err(SearchError::Limited(RateLimitError::TooLate { .. }))));
/// assert_eq!(search.find("grace", "cup").await?, 3);
/// # Ok(())
/// # }
/// ```
pub use mainstay_macros::rate_limited;
#[cfg(feature = "test-util")]
pub use mainstay_macros::test;
pub use mainstay_specs as specs;
pub use mainstay_supervisors as supervisors;
pub use node::{
    BootError, IntoChild, NamespaceReadiness, NamespaceState, Node, NodeBuilder, ReadSpec,
    Readiness, ReloadError, ReloadFailure, ReloadReport, SourceError,
};
pub use ractor;
pub use watchdog::Liveness;

/// The examples of the README, which are run with those of this crate.
#[cfg(all(doctest, feature = "http", feature = "sqlite", feature = "test-util"))]
#[doc = include_str!("../../README.md")]
struct Readme;
