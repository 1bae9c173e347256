//! Health: what is checked in a namespace, how each fares, and what that comes to.

mod checkable;
mod error;
mod result;
mod snapshot;
mod status;

pub use checkable::{FnCheck, HealthCheckable, check_fn};
pub use error::{HealthError, HealthStartError};
pub use result::{CheckResult, HealthResult};
pub use snapshot::{HealthAnswer, HealthChange, RootCause, ServiceHealth, SystemHealth};
pub use status::HealthStatus;
