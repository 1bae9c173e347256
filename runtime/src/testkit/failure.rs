//! Why a test failed.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use mainstay_specs::ChildId;
use mainstay_supervisors::{ExitReason, Pid, StartFailure};

use super::leak::{Leak, Leaks};
use super::run::Overran;

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
    /// The namespace ended during the test, and nobody had asked it to.
    Ended {
        /// What it is called.
        namespace: String,
        /// Why its root ended.
        reason: ExitReason,
        /// The child whose restart was one too many, if the root gave up.
        over: Option<ChildId>,
    },
    /// A task of [`spawn`](super::TestContext::spawn) panicked, and nobody awaited it to see that.
    Task {
        /// What it was called.
        name: String,
        /// Where it was spawned.
        made_at: &'static Location<'static>,
        /// What it panicked with.
        text: String,
    },
    /// A process panicked or failed while it was stopped, after the test.
    Stop {
        /// The ids from the root down to the process.
        path: String,
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
            Self::Ended {
                namespace,
                reason,
                over,
            } => {
                write!(f, "the namespace {namespace} ended during the test: ")?;
                match over {
                    Some(child) => write!(f, "its root gave up over {child}"),
                    None => reason.fmt(f),
                }
            }
            Self::Task {
                name,
                made_at,
                text,
            } => write!(
                f,
                "the task {name:?}, spawned at {made_at}, panicked: {text}"
            ),
            Self::Stop { path, reason } => {
                write!(f, "{path} was being stopped and ended otherwise: {reason}")
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
pub enum TestClock {
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
    pub clock: TestClock,
    /// The clock of tokio is paused and nobody set a limit by it, but nothing comes that the step waits for.
    pub is_idle: bool,
    /// It did not even let itself be given up: its thread is in code that does not await, and is left there.
    pub is_stuck: bool,
    /// What of the kit it waited for, and where that was called.
    pub waits: Vec<String>,
    /// The tree of the namespace when the time was up, and the tasks of [`spawn`](super::TestContext::spawn) that ran.
    pub running: String,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let overran = Overran {
            clock: self.clock,
            limit: self.limit,
            is_idle: self.is_idle,
        };
        write!(f, "{} {overran}", self.step)?;
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
    /// What was logged, the schedules of the chaos that was made, and the seed, each with a heading.
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

    /// Adds leaks, if there are any.
    pub(super) fn add_leaks(&mut self, leaks: Vec<Leak>) {
        let leaks = Leaks::new(leaks).map(TestFailure::Leaks);
        self.failures.extend(leaks);
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
