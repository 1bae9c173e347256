//! What is left of a test after its teardown.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Leak`], [`Leaks`]: what is told of it |
//! | `census.rs` | looking for it |

mod census;

use std::error::Error;
use std::fmt;
use std::panic::Location;

use mainstay_supervisors::Pid;

pub(super) use census::{GRACE, LOOK, left, of_namespace, of_runtime};

/// Where something was made.
pub type Place = &'static Location<'static>;

/// One thing that is left of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leak {
    /// A process is alive.
    Process {
        /// The ids from its root down to it.
        path: String,
        /// Its number.
        pid: Pid,
        /// Where its child was made, or its tree started.
        made_at: Place,
    },
    /// A process had to be killed, as it did not end in the time it had.
    Killed {
        /// The ids from its root down to it.
        path: String,
        /// Where its child was made, if that is known.
        made_at: Option<Place>,
    },
    /// A task of [`spawn`](crate::testkit::TestContext::spawn) still runs.
    Task {
        /// What it was called.
        name: String,
        /// Where it was spawned.
        made_at: Place,
    },
    /// Tasks in the tokio runtime of the test still run; who spawned them is not known.
    Tasks {
        /// How many.
        count: usize,
    },
    /// Threads of the tokio runtime of the test are still in code that does not await, such as of `spawn_blocking`.
    Threads {
        /// How many.
        count: usize,
    },
    /// A process that does not live in the namespace is still registered in it.
    Registration {
        /// The name.
        name: String,
        /// Who holds it.
        process: String,
        /// Where it was registered.
        made_at: Place,
    },
    /// Somebody still holds something of the namespace, or of the runtime: a subscription, a listener, a stream.
    Held {
        /// What.
        what: &'static str,
        /// Which.
        name: String,
        /// Where it was taken.
        made_at: Place,
    },
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { path, pid, made_at } => {
                write!(f, "the process {path} {pid}, made at {made_at}")
            }
            Self::Killed { path, made_at } => {
                write!(
                    f,
                    "the process {path} did not end in its time and was killed"
                )?;
                made_at.map_or(Ok(()), |made_at| write!(f, ", made at {made_at}"))
            }
            Self::Task { name, made_at } => write!(f, "the task {name:?}, spawned at {made_at}"),
            Self::Tasks { count: 1 } => f.write_str("1 task that was not spawned by the context"),
            Self::Tasks { count } => {
                write!(f, "{count} tasks that were not spawned by the context")
            }
            Self::Threads { count: 1 } => f.write_str("1 thread in code that does not await"),
            Self::Threads { count } => write!(f, "{count} threads in code that does not await"),
            Self::Registration {
                name,
                process,
                made_at,
            } => write!(f, "the name {name:?} of {process}, registered at {made_at}"),
            Self::Held {
                what,
                name,
                made_at,
            } => write!(f, "the {what} {name:?}, taken at {made_at}"),
        }
    }
}

/// What is left of a test after its teardown: at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaks(Vec<Leak>);

impl Leaks {
    pub(super) fn new(leaks: Vec<Leak>) -> Option<Self> {
        (!leaks.is_empty()).then_some(Self(leaks))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Leak> {
        self.0.iter()
    }
}

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the test has left behind:")?;
        self.0.iter().try_for_each(|leak| write!(f, "\n  {leak}"))
    }
}

impl Error for Leaks {}
