//! Health: what is checked in a namespace, how each fares, and what that comes to.

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

pub use audience::{HealthChanges, HealthWatch};
pub use checkable::{FnCheck, HealthCheckable, check_fn};
pub use endpoint::{Detail, HealthEndpoint};
pub use error::{HealthError, HealthStartError};
pub use foundation::{
    CircuitBreakersHealthCheck, ConfigServerHealthCheck, ConnectionPoolsHealthCheck,
    EventStoreHealthCheck, RateLimitersHealthCheck, TelemetryHealthCheck,
};
pub use handle::{HealthAggregator, NAME};
pub use result::{CheckResult, HealthResult};
pub use simulate::Simulation;
pub use snapshot::{HealthAnswer, HealthChange, RootCause, ServiceHealth, SystemHealth};
pub use stats::HealthStats;
pub use status::HealthStatus;
