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
//! | see which telemetry events were emitted | [`TestContext::emitted`], [`emitted`] |
//! | wait for something | [`assert_eventually!`], [`assert_receive!`], [`TestContext::wait_for`] |
//! | ask whether all that should run does | [`TestContext::namespace_healthy`], [`TestContext::wait_for_services_ready`] |
//! | see what was logged | [`TestContext::logs`] |
//! | make processes fail | [`TestContext::kill`], [`crash`](TestContext::crash), [`hang`](TestContext::hang), [`fail_next_start`](TestContext::fail_next_start), [`simulate_crash`](TestContext::simulate_crash) |
//! | make them fail at random, and repeat it | [`ChaosMonkey`], [`Schedule`] |
//! | make services look worse than they are | [`SimulateDegradation`], [`Degradation`] |
//! | make many calls at once | [`measure_concurrent_ops`] |
//! | have connections that fail when they are told to, and count what pools do | [`MockConnections`], [`MockConnection`] |
//! | hold an implementation of your own against what is expected of it | [`conformance`] |
//! | find out what is left | [`Leaks`] |

mod assert;
mod capture;
mod chaos;
pub mod conformance;
mod context;
mod degradation;
mod failure;
pub mod guide;
mod leak;
mod load;
mod logs;
mod mock;
mod options;
mod outcome;
mod panics;
mod run;
mod seed;

#[doc(hidden)]
pub use assert::receive_limit;
pub use assert::{
    EVENTUALLY_LIMIT, Eventually, POLL, RECEIVE_LIMIT, RECEIVE_VARIABLE, REFUTE_LIMIT, Receive,
    Receiving,
};
pub use capture::{
    Capture, Emitted, EmittedMatcher, Matcher, Source, Supervision, SupervisionMatcher, Unexpected,
    emitted, exited, gave_up, restarted, shutdown_failed, start_failed, started, terminated,
};
pub use chaos::{
    ChaosBuilder, ChaosKind, ChaosMonkey, ChaosRun, CrashError, Plan, STRIKES_MAX, Schedule,
    ScheduleError, Strike, Struck, TargetError, TooManyStrikes,
};
pub use context::{
    SUPERVISED, SuperviseError, TestContext, TestContextBuilder, TestTask, Unhealthy, WaitError,
};
pub use degradation::{Degradation, SimulateDegradation};
pub use failure::{TestClock, TestFailure, TestFailures, TimedOut};
pub use leak::{Leak, Leaks, Place};
pub use load::{LoadReport, Op, measure_concurrent_ops};
pub use logs::{LOG_VARIABLE, Logs};
pub use mock::{
    MockAct, MockConnection, MockConnections, MockCounts, MockError, MockOp, MockOpCounts,
    MockOptions,
};
pub use options::{Service, TIMEOUT, TestOptions};
pub use outcome::Outcome;
pub use run::{run, try_run};
pub use seed::SEED_VARIABLE;

#[doc(inline)]
pub use crate::{assert_eventually, assert_receive, refute_receive};
