//! Why a test failed.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use mainstay_supervisors::{ExitReason, Pid, StartFailure};

use super::leak::Leaks;
use super::run::A_YEAR;

/// One way in which a test failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TestFailure {
    /// The options are wrong, or the namespace did not start.
    Start(String),
    /// The test panicked, with this text.
    Panicked(String),
    /// The test returned this error.
    Returned(String),
    /// The test, or a step of its teardown, took longer than it may.
    TimedOut(TimedOut),
    /// A process that was started with
    /// [`start_supervised_linked`](super::TestContext::start_supervised_linked) ended, and took the test with it.
    Linked {
        /// The ids from the root down to the process.
        path: String,
        /// The number of the process.
        pid: Pid,
        /// Why it ended.
        reason: ExitReason,
    },
    /// A callback of [`on_exit`](super::TestContext::on_exit) did not do its work.
    OnExit {
        /// Where it was handed over.
        made_at: &'static Location<'static>,
        /// What it panicked with, or the error it returned.
        text: String,
    },
    /// A start that was to fail was never tried, so that the test has not tested what it says.
    NotTried(StartFailure),
    /// Something is left.
    Leaks(Leaks),
}

impl fmt::Display for TestFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(text) => write!(f, "the test could not start: {text}"),
            Self::Panicked(text) => write!(f, "the test panicked: {text}"),
            Self::Returned(text) => write!(f, "the test returned an error: {text}"),
            Self::TimedOut(timed_out) => timed_out.fmt(f),
            Self::Linked { path, pid, reason } => {
                write!(f, "{path} {pid} is linked to the test and ended: {reason}")
            }
            Self::OnExit { made_at, text } => {
                write!(f, "the on_exit callback of {made_at} {text}")
            }
            Self::NotTried(order) => write!(f, "{order}, and nobody tried"),
            Self::Leaks(leaks) => leaks.fmt(f),
        }
    }
}

/// By which clock a time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clock {
    /// That of tokio, which may have been paused.
    Tokio,
    /// That on the wall.
    Wall,
}

/// A step took longer than it may, and was given up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TimedOut {
    /// Which step: "the test", or one of its teardown.
    pub step: String,
    /// How long it may take.
    pub limit: Duration,
    /// By which clock.
    pub clock: Clock,
    /// It did not even let itself be given up: its thread is in code that does not await, and is left there.
    pub is_stuck: bool,
    /// What of the kit it waited for, and where that was called.
    pub waits: Vec<String>,
    /// The tree of the namespace when the time was up, and the tasks of [`spawn`](super::TestContext::spawn) that ran.
    pub running: String,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, limit, .. } = self;
        let shown = humantime::format_duration(*limit);
        match self.clock {
            Clock::Tokio if *limit >= A_YEAR => {
                write!(
                    f,
                    "{step} waits for what does not come: all wait, and no timer is left"
                )?;
            }
            Clock::Tokio => write!(f, "{step} took longer than {shown}")?,
            Clock::Wall => write!(
                f,
                "{step} took longer than {shown} by the clock on the wall"
            )?,
        }
        if self.is_stuck {
            f.write_str("; it is in code that does not await, and its thread is left behind")?;
        }
        for wait in &self.waits {
            write!(f, "\nit waits for {wait}")?;
        }
        if !self.running.is_empty() {
            write!(f, "\nrunning then:\n{}", self.running.trim_end())?;
        }
        Ok(())
    }
}

/// All ways in which a test failed, and what helps to find out why.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TestFailures {
    /// In the order in which they came up.
    pub failures: Vec<TestFailure>,
    /// What was logged, and the schedules of the chaos that was made, each with a heading.
    pub notes: Vec<String>,
}

impl TestFailures {
    /// What is left, if that is among them.
    #[must_use]
    pub fn leaks(&self) -> Option<&Leaks> {
        self.failures.iter().find_map(|failure| match failure {
            TestFailure::Leaks(leaks) => Some(leaks),
            _ => None,
        })
    }

    pub(super) fn into_result(self) -> Result<(), Self> {
        if self.failures.is_empty() {
            Ok(())
        } else {
            Err(self)
        }
    }

    pub(super) fn note(&mut self, heading: &str, text: &str) {
        if !text.is_empty() {
            let text = text.trim_end();
            self.notes.push(format!("---- {heading} ----\n{text}"));
        }
    }
}

impl From<TestFailure> for TestFailures {
    fn from(failure: TestFailure) -> Self {
        Self {
            failures: vec![failure],
            notes: Vec::new(),
        }
    }
}

impl fmt::Display for TestFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.failures.iter().map(ToString::to_string);
        let texts: Vec<String> = texts.chain(self.notes.iter().cloned()).collect();
        f.write_str(&texts.join("\n"))
    }
}

impl Error for TestFailures {}
