//! Events of the tree, as they are sent.

use std::time::UNIX_EPOCH;

use mainstay_specs::ChildId;
use mainstay_supervisors::{Event, EventKind, ExitReason, Process};
use serde::{Deserialize, Serialize};

/// An event of `GET /api/tree/events`.
///
/// ```json
/// {"id":41,"at_ms":1795442130123,"path":"production/children/clock","pid":9,"type":"exited","reason":{"type":"failed","error":"out of time"}}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TreeEvent {
    /// Counts up by one from 1 since the node was started.
    pub id: u64,
    /// When it happened, in milliseconds since 1970 by the clock of the system.
    pub at_ms: u64,
    /// The path of the process: the ids from the root down to it, joined by `/`. For what a supervisor reports, that of the
    /// supervisor.
    pub path: String,
    /// The number of that incarnation of the process.
    pub pid: u64,
    /// What happened.
    #[serde(flatten)]
    pub change: Change,
}

/// What happened to a process, or what a supervisor has to report.
///
/// ```json
/// {"type":"restarted","restarts":1}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// A process has started for the first time; a supervisor, after its children.
    Started,
    /// A process has started in the place of one that has ended.
    Restarted {
        /// How often the child was started before.
        restarts: u32,
    },
    /// A process has ended.
    Exited {
        /// Why.
        reason: Reason,
    },
    /// A supervisor reports that a child has ended by itself.
    ChildTerminated {
        /// The child.
        child: ChildId,
        /// The number of the process that has ended.
        child_pid: u64,
        /// Why.
        reason: Reason,
    },
    /// A supervisor reports that a child has not started.
    StartError {
        /// The child.
        child: ChildId,
        /// The number of its last process, at a restart of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        child_pid: Option<u64>,
        /// Why.
        error: String,
    },
    /// A supervisor reports that a child which it was stopping has ended in another way than it should.
    ShutdownError {
        /// The child.
        child: ChildId,
        /// The number of its process, unless one report stands for several children.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        child_pid: Option<u64>,
        /// Why it ended.
        reason: Reason,
        /// How many children, where one report stands for several.
        count: usize,
    },
    /// A supervisor has reached its restart limit, and stops its children and itself.
    GaveUp {
        /// The child whose restart was one too many.
        child: ChildId,
        /// The number of its last process.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        child_pid: Option<u64>,
    },
}

/// Why a process ended.
///
/// ```json
/// {"type":"panicked","message":"index out of bounds","location":"src/clock.rs:12:5"}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// It had nothing more to do.
    Normal,
    /// Its supervisor stopped it.
    Shutdown,
    /// It ended normally, and says more.
    ShutdownWith {
        /// What it says.
        term: String,
    },
    /// It was killed.
    Killed,
    /// It returned an error.
    Failed {
        /// The error.
        error: String,
    },
    /// It panicked.
    Panicked {
        /// The text it panicked with.
        message: String,
        /// Where, as `file:line:column`, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
}

impl TreeEvent {
    /// `None` for a kind of event that this version does not know how to tell.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let process = event.kind.process();
        let since = event.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(Self {
            id: event.id,
            at_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            path: process.path(),
            pid: number(process),
            change: Change::of(&event.kind)?,
        })
    }
}

impl Change {
    /// Its `type`, which is the name of the event in the stream.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Restarted { .. } => "restarted",
            Self::Exited { .. } => "exited",
            Self::ChildTerminated { .. } => "child_terminated",
            Self::StartError { .. } => "start_error",
            Self::ShutdownError { .. } => "shutdown_error",
            Self::GaveUp { .. } => "gave_up",
        }
    }

    fn of(kind: &EventKind) -> Option<Self> {
        Some(match kind {
            EventKind::Started { restarts: 0, .. } => Self::Started,
            EventKind::Started { restarts, .. } => Self::Restarted {
                restarts: *restarts,
            },
            EventKind::Exited { reason, .. } => Self::Exited {
                reason: reason.into(),
            },
            EventKind::ChildTerminated {
                child,
                process,
                reason,
                ..
            } => Self::ChildTerminated {
                child: child.clone(),
                child_pid: number(process),
                reason: reason.into(),
            },
            EventKind::StartError {
                child, last, error, ..
            } => Self::StartError {
                child: child.clone(),
                child_pid: last.as_ref().map(number),
                error: error.to_string(),
            },
            EventKind::ShutdownError {
                child,
                process,
                reason,
                count,
                ..
            } => Self::ShutdownError {
                child: child.clone(),
                child_pid: process.as_ref().map(number),
                reason: reason.into(),
                count: *count,
            },
            EventKind::GaveUp { child, last, .. } => Self::GaveUp {
                child: child.clone(),
                child_pid: last.as_ref().map(number),
            },
            _ => return None,
        })
    }
}

fn number(process: &Process) -> u64 {
    process.pid().as_u64()
}

impl From<&ExitReason> for Reason {
    fn from(reason: &ExitReason) -> Self {
        match reason {
            ExitReason::Normal => Self::Normal,
            ExitReason::Shutdown => Self::Shutdown,
            ExitReason::ShutdownWith(term) => Self::ShutdownWith {
                term: term.to_string(),
            },
            ExitReason::Killed => Self::Killed,
            ExitReason::Failed(failure) => Self::Failed {
                error: failure.to_string(),
            },
            ExitReason::Panicked(panic) => Self::Panicked {
                message: panic.message().to_owned(),
                location: panic.location().map(str::to_owned),
            },
        }
    }
}
