//! What a Mainstay tree should be, as plain data: specs of children, supervisors and whole nodes, from RON and from code.
//!
//! Nothing here runs: no threads, no clock, no randomness. The crates that run things take these structs, so what a file
//! says and what code says is the same thing, checked by the same rules.
//!
//! ```text
//!  node.ron ── NodeSpec::from_file ─┐                ┌─ Ok(NodeSpec) ── the node starts it
//!  text ────── NodeSpec::from_ron ──┼── validation ──┤
//!  code ────── NodeSpec::validate ──┘                └─ Err(Faults) ─── all of them: path, line, column
//!
//!  NodeSpec ─┬─ HttpSpec
//!            └─ NamespaceSpec ─┬─ ServicesSpec ─┬─ TelemetrySpec ── EventsSpec, AlertsSpec, AlertRule
//!                              │                ├─ ConfigServerSpec
//!                              │                ├─ EventStoreSpec ── EventBackendSpec
//!                              │                ├─ CircuitBreakersSpec ── CircuitConfig
//!                              │                ├─ RateLimitersSpec ── RateLimitConfig
//!                              │                └─ ConnectionPoolsSpec ── PoolConfig, PoolSource
//!                              ├─ SupervisorFlags
//!                              └─ NodeChild ─┬─ ChildSpec ── Restart, Shutdown, Backoff
//!                                            ├─ a kind and its Args, or
//!                                            └─ SupervisorFlags and more NodeChild
//! ```
//!
//! ```
//! use mainstay_specs::{KindTable, NodeSpec};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Ticker {
//!     #[serde(with = "mainstay_specs::duration")]
//!     every: std::time::Duration,
//! }
//!
//! let kinds = KindTable::new().kind::<Ticker>("ticker");
//! let text = r#"(namespaces: [(name: "production", children: [
//!     (id: "clock", kind: "ticker", args: (every: "1s"), restart: transient),
//!     (id: "clock", kind: "tikcer", args: (evry: "1s")),
//! ])])"#;
//! let faults = NodeSpec::from_ron(text, &kinds).unwrap_err();
//! assert_eq!(
//!     faults.in_file("node.ron").to_string(),
//!     "node.ron:3:10: namespaces[0].children[1].id: duplicate child id \"clock\", first given at line 2\n\
//!      node.ron:3:25: namespaces[0].children[1].kind: unknown kind `tikcer`, did you mean `ticker`?",
//! );
//! ```
//!
//! | to | look at |
//! |---|---|
//! | describe a child or a supervisor | [`ChildSpec`], [`SupervisorFlags`], [`Backoff`] |
//! | describe a whole node | [`NodeSpec`], [`NamespaceSpec`], [`NodeChild`], [`ServicesSpec`], [`HttpSpec`] with [`ApiGuardsSpec`], [`WatchdogSpec`] |
//! | describe an event store | [`EventStoreSpec`], [`EventBackendSpec`] |
//! | describe circuit breakers | [`CircuitBreakersSpec`], [`CircuitConfig`], [`TripRules`], [`HalfOpen`] |
//! | describe rate limiters | [`RateLimitersSpec`], [`RateLimitConfig`], [`Algorithm`], [`KeyStrategy`] |
//! | describe connection pools | [`ConnectionPoolsSpec`], [`PoolConfig`], [`PoolSource`] |
//! | read or write a file | [`NodeSpec::from_file`], [`NodeSpec::from_ron`], [`NodeSpec::to_ron`], [`ReadError`] |
//! | give kinds their arguments | [`Args::decode`], [`Kinds`], [`KindTable`] |
//! | show what is wrong | [`Faults`] and [`Faults::render`] |
//! | check and order children in code | [`validate_children`], [`start_order`] |
//! | see what is different between two nodes, and what that takes | [`NodeSpec::diff`], [`SpecDiff`] |
//! | check a name once and for all | [`NamespaceName`], [`ServiceName`], [`ChildId`], [`EventPath`] |
//! | say when somebody is to be told | [`AlertRule`], [`PathPattern`] |
//!
//! How a file with many faults is read to its end: `document.rs`, `recover.rs` and the folder `syntax`.

mod api;
mod args;
mod backoff;
mod child;
mod diff;
mod document;
mod draft;
pub mod duration;
mod event_path;
mod fault;
mod finding;
mod http;
mod kinds;
mod level;
mod name;
mod node;
mod node_child;
mod order;
mod path;
mod position;
mod recover;
mod service;
mod shown;
mod source;
mod suggest;
mod supervisor;
mod syntax;
mod validate;
mod watchdog;
mod window;
mod wording;

pub use api::{ApiGuard, ApiGuardsSpec};
pub use args::Args;
pub use backoff::Backoff;
pub use child::{ChildSpec, ChildType, Restart, Shutdown};
pub use diff::{ChangeEffect, ChangeKind, ServicePart, SpecChange, SpecDiff, SpecPart};
pub use event_path::{EVENT_PATH_BYTES_MAX, EventPath, EventPathError, PathPattern};
pub use fault::{Fault, Faults};
pub use http::{HealthDetails, HttpSpec};
pub use kinds::{AnyKind, KindTable, Kinds};
pub use level::{CHILDREN_MAX, validate_children};
pub use name::{ChildId, NAME_MAX, NameError, NamespaceName, ServiceName};
pub use node::{NamespaceSpec, NodeSpec};
pub use node_child::NodeChild;
pub use order::{DependencyCycle, start_order};
pub use path::{PathStep, SpecPath};
pub use position::Position;
pub use service::{
    ALERT_EVENT, AdmissionAction, AdmissionRow, AdmissionSpec, AlertRule, AlertsSpec, Algorithm,
    Aspect, Backend, BudgetsSpec, CallRate, CheckKind, CircuitBreakersSpec, CircuitConfig,
    CircuitFamily, CircuitWindow, CleanupClass, CleanupSpec, CleanupStrategySpec, CoDel,
    Comparison, ConfigServerSpec, ConnectionPoolsSpec, Each, EventBackendSpec, EventStoreSpec,
    EventsSpec, FailureCount, HalfOpen, HealthAggregatorSpec, HealthCheckConfig, HealthGroup,
    HealthThresholds, Importance, Inherit, KeyStrategy, LeaseMax, MemoryBudget, MemoryDemand,
    MemoryManagerSpec, MemoryManagerSpec as MemoryConfig, MetricsSpec, NamedCircuit,
    NamedHealthCheck, NamedLimiter, NamedPool, NamedProtection, NoData, OnFull, OnMissingKey,
    OnSelfDeadlock, OnUnavailable, OpenTime, OperationClass, OperationPriority, PoolConfig,
    PoolHealth, PoolSource, PostgresReset, PressureLevel, ProbeExpiry, ProcessMetricsSpec,
    ProtectionConfig, ProtectionsSpec, RateDemand, RateLimitConfig, RateLimitersSpec, RedisBackend,
    RedisReset, ServicesSpec, Severity, SlowCalls, SqliteReset, SqliteSync, Sustained,
    TelemetrySpec, TreeLimits, TripRules, WindowStart, dependency_cycle,
};
pub use shown::ShownSpec;
pub use source::{FILE_BYTES_MAX, ReadError};
pub use supervisor::{AutoShutdown, RestartLimit, Strategy, SupervisorFlags};
pub use validate::DEPTH_MAX;
pub use watchdog::WatchdogSpec;
pub use window::TimeWindow;
