//! Alerts: somebody is told when a metric is bad for long enough, once, and again when it is good.
//!
//! ```text
//!  metrics store ── views ──► keeper: judges each rule, each second ──► history, subscribers, telemetry, log
//!                               │
//!                             board: rules, what is pending and firing
//! ```
//!
//! The board belongs to the namespace and outlives the keeper, which may crash at any moment: what fires goes on firing, and is not
//! told twice. Rules look at windows, never at single samples, so that an alert costs nothing where things are recorded.
//!
//! An alert is told as the event [`PERFORMANCE_ALERT`](crate::telemetry::PERFORMANCE_ALERT), and to subscribers. No rule sees a metric of
//! that name or below it, so that no alert leads to the next.
//!
//! | file | holds |
//! |---|---|
//! | `judge.rs` | [`matches_pattern`], [`violates_threshold`]: whether a value is good or bad |
//! | `watch.rs` | the way of one alert: inactive, pending, firing |
//! | `board/` | all rules, what they watch, and what came of it |
//! | `alert.rs`, `check.rs` | [`PerformanceAlert`]; [`check_alert_rules`] |
//! | `views.rs` | what rules see of the metrics store |
//! | `cell.rs`, `keeper.rs`, `start.rs` | the state that outlives the keeper, the keeper (a task: nobody sends it messages), and where they come from |
//! | `handle.rs`, `stream.rs` | [`Alerts`]; [`AlertEvents`], [`Muted`] |
//! | `error.rs`, `stats.rs` | [`AlertError`]; [`AlertsStatus`], [`ActiveAlert`] |
//!
//! ```
//! use mainstay_actors::metrics::Tags;
//! use mainstay_actors::{Alerts, MetricsStore, Telemetry};
//! use mainstay_specs::{AlertRule, AlertsSpec, Aspect, Comparison, NamespaceName, TelemetrySpec};
//! use mainstay_supervisors::{NamespacePlan, Runtime};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rule = AlertRule::new("many errors", "app.errors".parse()?, Comparison::Gt, 10.0).aspect(Aspect::Count);
//! let spec = TelemetrySpec::default().alerts(AlertsSpec::default().rule(rule));
//! let plan = NamespacePlan::new().service(Telemetry::child(spec));
//! let runtime = Runtime::new();
//! let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
//!
//! let mut alerts = Alerts::in_namespace(&app).expect("it was just started").subscribe()?;
//! let metrics = MetricsStore::in_namespace(&app).expect("it was just started");
//! metrics.counter("app.errors", Tags::new())?.increment(11);
//!
//! let alert = alerts.next().await.expect("an alert")?;
//! assert_eq!(alert.to_string(), "many errors: firing, warning: count of app.errors is 11 > 10");
//! # Ok(())
//! # }
//! ```

mod alert;
mod board;
mod cell;
mod check;
mod error;
mod handle;
mod judge;
mod keeper;
mod start;
mod stats;
mod stream;
mod views;
mod watch;

pub use alert::{AlertReason, AlertState, PerformanceAlert};
pub use check::check_alert_rules;
pub use error::AlertError;
pub use handle::{Alerts, NAME};
pub use judge::{matches_pattern, violates_threshold};
pub use stats::{ActiveAlert, AlertPhase, AlertsStatus};
pub use stream::{ALERTS_BACKLOG, AlertEvents, Muted};
