//! The services of a Mainstay tree, one folder each.
//!
//! A service is a supervised actor, the keeper, and a cell: the state it keeps, which belongs to the namespace and outlives
//! every crash of the keeper. Whoever uses the service holds a handle that goes to the cell directly wherever it can.
//!
//! | to | look at |
//! |---|---|
//! | stop calling what fails, and find out when it works again | [`breaker`], [`CircuitBreaker`], [`CircuitBreakerRegistry`] |
//! | let so much through in each window of time, for each key | [`limiter`], [`Limiter`], [`RateLimiterRegistry`]; for many machines, `limiter::RedisLimiter` (feature `redis`); either, [`AnyLimiter`](limiter::AnyLimiter) |
//! | lend connections that are opened once | [`pool`], [`PoolManager`], [`ConnectionPoolRegistry`] |
//! | lead an operation through all of its guards | [`protection`], [`Protection`], [`ProtectionRegistry`] |
//! | read and change configuration at run time | [`config`], [`ConfigServer`] |
//! | know how scarce memory is, give it back, and refuse what does not fit | [`memory`], [`MemoryManager`] |
//! | keep what has happened, and ask about it | [`event_store`], [`EventStore`] |
//! | know how all of it fares | [`health`], [`HealthAggregator`], [`HealthCheckable`], [`HealthEndpoint`] |
//! | have every process measured | [`instrument`], [`ProcessMetrics`] |
//! | tell what happens, listen to what happens | [`telemetry`], [`TelemetryService`] |
//! | count and measure, and see it over windows | [`metrics`], [`MetricsStore`] |
//! | be told when a metric is bad | [`alerts`], [`Alerts`] |
//!
//! ```
//! use mainstay_actors::ConfigServer;
//! use mainstay_specs::{Args, ConfigServerSpec, NamespaceName};
//! use mainstay_supervisors::{NamespacePlan, Runtime};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let content = Args::from_ron(r#"(pool: (size: 10, host: "db.local"))"#)?;
//! let spec = ConfigServerSpec::default().initial(content);
//! let plan = NamespacePlan::new().service(ConfigServer::child(spec));
//! let runtime = Runtime::new();
//! let production = runtime.start_namespace(NamespaceName::new("production")?, plan).await?;
//!
//! let config = ConfigServer::in_namespace(&production).expect("it was just started");
//! let mut changes = config.subscribe_to("pool")?;
//! assert_eq!(config.get_as::<usize>("pool.size")?, 10);
//!
//! config.update("pool.size", 20).await?;
//! assert_eq!(config.get_as::<usize>("pool.size")?, 20);
//! assert_eq!(changes.next().await.expect("a change")?.version(), 1);
//!
//! let refused = config.update("pool.size", "many").await.unwrap_err();
//! assert_eq!(refused.to_string(), "expected an integer at `pool.size`, as there is now, found a string");
//! # Ok(())
//! # }
//! ```

pub mod alerts;
mod answer;
mod atomic;
pub mod breaker;
mod clock;
pub mod config;
pub mod event_store;
pub mod health;
pub mod instrument;
pub mod limiter;
mod lock;
pub mod memory;
pub mod metrics;
pub mod pool;
pub mod protection;
mod renew;
mod signals;
mod start;
pub mod telemetry;

pub use alerts::Alerts;
pub use breaker::{CircuitBreaker, CircuitBreakerRegistry};
pub use config::ConfigServer;
pub use event_store::EventStore;
pub use health::{HealthAggregator, HealthCheckable, HealthEndpoint};
pub use instrument::ProcessMetrics;
pub use limiter::{Limiter, RateLimiterRegistry};
pub use memory::MemoryManager;
pub use metrics::{MetricsStore, PerformanceMonitor};
pub use pool::{ConnectionPoolRegistry, PoolManager};
pub use protection::{Protection, ProtectionRegistry};
pub use renew::RenewError;
pub use telemetry::{TelemetryService, TelemetryService as Telemetry};
