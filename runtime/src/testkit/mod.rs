//! Tests that own a namespace each, and leave nothing behind.
//!
//! ```text
//!  #[mainstay::test]                      one test
//!  ├─ tokio runtime, thread                its own; the clock may stand still
//!  └─ TestContext
//!     ├─ namespace ── services             a whole tree of its own
//!     │            └─ supervised           children of the test        ◄── kill, crash, hang
//!     ├─ events(), logs()                  of this test only
//!     └─ the end: children, on_exit, namespace; then nothing may be left
//! ```
//!
//! | to | look at |
//! |---|---|
//! | learn it by examples | [`guide`] |
//! | write a test | [`#[mainstay::test]`](macro@crate::test), [`TestContext`] |
//! | write one without the macro | [`TestContext::builder`], [`run`] |
//! | start and stop children | [`TestContext::start_supervised`], [`TestContext::stop_supervised`] |
//! | have something done in the end | [`TestContext::on_exit`] |
//! | see what supervisors did | [`TestContext::events`], [`Capture`], [`started`], [`exited`] |
//! | wait for something | [`assert_eventually!`], [`assert_receive!`], [`TestContext::wait_for`] |
//! | see what was logged | [`TestContext::logs`] |
//! | make processes fail | [`TestContext::kill`], [`crash`](TestContext::crash), [`hang`](TestContext::hang), [`fail_next_start`](TestContext::fail_next_start), [`simulate_crash`](TestContext::simulate_crash) |
//! | make them fail at random, and repeat it | [`ChaosMonkey`], [`Schedule`] |
//! | make many calls at once | [`measure_concurrent_ops`] |
//! | hold an implementation of your own against what is expected of it | [`conformance`] |
//! | find out what is left | [`Leaks`] |

mod assert;
mod capture;
mod chaos;
pub mod conformance;
mod context;
mod failure;
pub mod guide;
mod leak;
mod load;
mod logs;
mod options;
mod outcome;
mod panics;
mod run;

pub use assert::{EVENTUALLY_LIMIT, Eventually, POLL, RECEIVE_LIMIT, Receive, Receiving};
pub use capture::{
    Capture, Matcher, Source, Supervision, SupervisionMatcher, Unexpected, exited, gave_up,
    restarted, shutdown_failed, start_failed, started, terminated,
};
pub use chaos::{
    ChaosBuilder, ChaosKind, ChaosMonkey, ChaosRun, CrashError, Plan, Schedule, ScheduleError,
    Strike, Struck, TargetError,
};
pub use context::{SUPERVISED, SuperviseError, TestContext, TestContextBuilder, WaitError};
pub use failure::{Clock, TestFailure, TestFailures, TimedOut};
pub use leak::{Leak, Leaks, Place};
pub use load::{LoadReport, Op, measure_concurrent_ops};
pub use logs::{LOG_VARIABLE, Logs};
pub use options::{Service, TIMEOUT, TestOptions};
pub use outcome::Outcome;
pub use run::{run, try_run};

#[doc(inline)]
pub use crate::{assert_eventually, assert_receive, refute_receive};
