//! All services of a namespace, for a program that has a [`Runtime`](mainstay_supervisors::Runtime) and boots no [`Node`](crate::Node).
//!
//! ```text
//!  namespace
//!  ├─ telemetry           events, metrics, alerts
//!  ├─ config_server       Foundation service, may be left out
//!  ├─ memory_manager
//!  ├─ circuit_breakers
//!  ├─ rate_limiters
//!  ├─ connection_pools
//!  ├─ event_store         Foundation service, may be left out; it may live on one of the pools
//!  ├─ protections
//!  ├─ health_aggregator
//!  └─ children            the application's, there already or not
//! ```
//!
//! It is what a node makes of its spec, in the same order and by the same code: under the root of the namespace, `rest_for_one`, so that what
//! comes later, and may use what comes before, is restarted with it, and is stopped first.
//!
//! | file | holds |
//! |---|---|
//! | `config.rs` | [`InfraConfig`]: what is to run |
//! | `check.rs` | what is wrong with it that only this program knows |
//! | `services.rs` | from a spec to children, in their order: also for a node |
//! | `start.rs` | [`start`] |
//! | `handle.rs` | [`Infrastructure`]: everything that runs |
//! | `error.rs` | [`InfraError`] |
//!
//! ```
//! use mainstay::infrastructure::{self, InfraConfig};
//! use mainstay::specs::{CircuitConfig, ServiceName};
//! use mainstay::supervisors::Runtime;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = Runtime::new();
//! let app = runtime.namespace("app").await?;
//! let infra = infrastructure::start(&app, InfraConfig::default()).await?;
//!
//! let db = ServiceName::new("db")?;
//! let breaker = infra.circuit_breakers().register_circuit(db, CircuitConfig::default())?;
//! let answer = breaker.execute(|| async { Ok::<_, std::io::Error>("an order") }).await?;
//! assert_eq!(answer, "an order");
//!
//! let twice = infrastructure::start(&app, InfraConfig::default()).await.unwrap_err();
//! assert_eq!(twice.to_string(), "the service telemetry runs already in the namespace app");
//! # Ok(())
//! # }
//! ```

mod check;
mod config;
mod error;
mod handle;
mod services;
mod start;

pub(crate) use check::{beside, faults};
pub use config::InfraConfig;
pub use error::InfraError;
pub use handle::Infrastructure;
pub(crate) use services::services;
pub use start::start;
