//! How operations fare, written down, to be compared with how they fare later: what a release or a change of the code made worse.
//!
//! An operation is a family of histograms, or those of its series that have the same tags but for their
//! [`STATUS`](super::STATUS). What was cancelled is left out: how long it took says nothing of the operation.
//!
//! ```
//! use mainstay_actors::metrics::{Baseline, MetricsStore, Outcome, Tags, TimeWindow, Tolerance, Verdict};
//! # use mainstay_specs::{MetricsSpec, NamespaceName};
//! # use mainstay_supervisors::{NamespacePlan, Runtime};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let plan = NamespacePlan::new().service(MetricsStore::child(MetricsSpec::default()));
//! # let runtime = Runtime::new();
//! # let namespace = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
//! let store = MetricsStore::in_namespace(&namespace).expect("it was started");
//! let checkout = store.operation("shop.checkout", Tags::new())?;
//! (0..1_000).for_each(|_| checkout.record(Outcome::Success, Duration::from_millis(10)));
//!
//! // Of everything that belongs to the shop; the text is what a file holds.
//! let before = store.baseline(TimeWindow::Hour, |name| name.is_within("shop"));
//! let file = before.to_ron();
//!
//! (0..9_000).for_each(|_| checkout.record(Outcome::Success, Duration::from_millis(15)));
//! let before = Baseline::from_ron(&file)?;
//! let now = store.baseline(before.window(), |name| name.is_within("shop"));
//! let comparison = before.compare(&now, &Tolerance::default())?;
//! assert_eq!(comparison.changes()[0].verdict, Verdict::Regressed);
//! // What a test or a job of a pipeline fails with: its text is the table.
//! assert!(comparison.check().is_err());
//! # Ok(())
//! # }
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `estimate.rs` | [`Estimate`]: a number, and between which it surely lies |
//! | `profile.rs` | [`Profile`]: how one operation fares |
//! | `take.rs` | [`Baseline`], taken of a store |
//! | `file.rs` | a baseline as text |
//! | `tolerance.rs` | [`Tolerance`]: what is no change |
//! | `compare.rs` | [`Comparison`], [`Change`], [`Verdict`] |
//! | `table.rs` | a comparison as people read it |
//! | `error.rs` | [`BaselineError`], [`Regressions`] |

mod compare;
mod error;
mod estimate;
mod file;
mod profile;
mod table;
mod take;
mod tolerance;

#[cfg(test)]
mod tests;

pub use compare::{Change, Comparison, Measure, Verdict};
pub use error::{BaselineError, Regressions};
pub use estimate::Estimate;
pub use file::BASELINE_VERSION;
pub use profile::Profile;
pub use take::Baseline;
pub use tolerance::Tolerance;
