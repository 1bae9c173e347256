//! Instrumentation: what is measured without anybody asking for it.
//!
//! ```text
//!  a process ── what it does ──► its meter ── record ──► metrics store
//!  the board: which processes there are ◄── looks each second ── keeper ── how many messages wait ──► metrics store
//! ```
//!
//! Every process of a namespace is measured from its start on, if that comes after the one of [`ProcessMetrics`]. Its series are
//! named by its path, so a restart goes on with them, and are forgotten when it has been gone for as long as the
//! [store](mainstay_specs::MetricsSpec::expire_after) says. Processes that share a path, as tasks of a task supervisor do, share
//! their series.
//!
//! | series, tagged `process` | kind, unit | of |
//! |---|---|---|
//! | `process.wait` | histogram, ns | messages that came by name: from sent to taken out |
//! | `process.run`, tagged `status` | histogram, ns | all messages: from taken out to handled |
//! | `process.busy` | histogram, ns | tasks and supervisors: the polls |
//! | `process.mailbox_depth` | gauge | messages that came by name and wait, each second |
//! | `process.mailbox_age` | gauge, ns | how long the foremost of them has waited, each second |
//! | `process.refused` | counter | messages that were refused, as the mailbox held its limit |
//! | `process.unhandled` | counter | messages that were dropped at the end of a process |
//! | `process.restarts` | counter | |
//! | `process.errors`, tagged `kind` | counter | abnormal ends: `failed`, `panicked`, `killed` |
//!
//! Functions are measured by the attribute `#[instrumented]` of `mainstay`.
//!
//! | file | holds |
//! |---|---|
//! | `start.rs`, `keeper.rs` | [`ProcessMetrics`], and what it does each second |
//! | `board.rs` | which processes are measured, by path |
//! | `meter.rs`, `series.rs` | the meter of a process; its series |
//! | `call/` | what `#[instrumented]` writes calls of |

mod board;
#[doc(hidden)]
pub mod call;
mod keeper;
mod meter;
mod series;
mod start;

pub use start::{NAME, ProcessMetrics, ProcessMetricsError};
