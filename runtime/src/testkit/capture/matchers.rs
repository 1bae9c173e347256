//! What to look for among the events of supervisors.

use std::fmt;

use mainstay_supervisors::{Event, EventKind, ExitReason, Pid, Process};

use super::Matcher;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Started,
    Restarted,
    Exited,
    Terminated,
    StartFailed,
    ShutdownFailed,
    GaveUp,
}

/// Looks for a kind of supervision event of a process; made by [`started`] and the others.
///
/// A process is named by its id, by the ids from the root down to it joined by `/`, or by the last few of them:
/// `"shop/supervised/worker"`, `"supervised/worker"` and `"worker"` are the same process.
#[derive(Clone, Debug)]
#[must_use = "a matcher looks for nothing by itself"]
pub struct SupervisionMatcher {
    what: What,
    who: String,
    pid: Option<Pid>,
    reason: Option<ExitReason>,
}

fn matcher(what: What, who: &str) -> SupervisionMatcher {
    SupervisionMatcher {
        what,
        who: who.to_owned(),
        pid: None,
        reason: None,
    }
}

/// The process has started, the first time or again.
pub fn started(who: &str) -> SupervisionMatcher {
    matcher(What::Started, who)
}

/// The process was started again by its supervisor.
pub fn restarted(who: &str) -> SupervisionMatcher {
    matcher(What::Restarted, who)
}

/// The process has ended, in whatever way.
pub fn exited(who: &str) -> SupervisionMatcher {
    matcher(What::Exited, who)
}

/// Its supervisor reports that the process has ended by itself.
pub fn terminated(who: &str) -> SupervisionMatcher {
    matcher(What::Terminated, who)
}

/// Its supervisor reports that the child did not start.
pub fn start_failed(who: &str) -> SupervisionMatcher {
    matcher(What::StartFailed, who)
}

/// Its supervisor reports that the child, which was to stop, ended in another way than it should.
pub fn shutdown_failed(who: &str) -> SupervisionMatcher {
    matcher(What::ShutdownFailed, who)
}

/// The supervisor has reached its restart limit.
pub fn gave_up(supervisor: &str) -> SupervisionMatcher {
    matcher(What::GaveUp, supervisor)
}

impl SupervisionMatcher {
    /// Only if this was the reason; events that have none do not match.
    pub fn with(mut self, reason: ExitReason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Only of this incarnation.
    pub fn of(mut self, process: &Process) -> Self {
        self.pid = Some(process.pid());
        self
    }

    fn is_of(&self, path: &str, process: Option<&Process>) -> bool {
        let pid = process.map(Process::pid);
        is_named(path, &self.who) && (self.pid.is_none() || self.pid == pid)
    }

    fn has_reason(&self, reason: Option<&ExitReason>) -> bool {
        self.reason.is_none() || self.reason.as_ref() == reason
    }
}

/// Whether the last segments of the path are these.
pub(in crate::testkit) fn is_named(path: &str, name: &str) -> bool {
    path.strip_suffix(name)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

impl Matcher<Event> for SupervisionMatcher {
    fn matches(&self, event: &Event) -> bool {
        let (what, path, process, reason) = facts(&event.kind);
        let same = what.is_some_and(|what| {
            what == self.what || (what == What::Restarted && self.what == What::Started)
        });
        same && self.is_of(&path, process) && self.has_reason(reason)
    }
}

type Facts<'a> = (
    Option<What>,
    String,
    Option<&'a Process>,
    Option<&'a ExitReason>,
);

/// What happened to whom, and why.
fn facts(event: &EventKind) -> Facts<'_> {
    let child_of = |supervisor: &Process, child| format!("{}/{child}", supervisor.path());
    match event {
        EventKind::Started { process, restarts } => {
            let what = if *restarts == 0 {
                What::Started
            } else {
                What::Restarted
            };
            (Some(what), process.path(), Some(process), None)
        }
        EventKind::Exited { process, reason } => (
            Some(What::Exited),
            process.path(),
            Some(process),
            Some(reason),
        ),
        EventKind::ChildTerminated {
            process, reason, ..
        } => (
            Some(What::Terminated),
            process.path(),
            Some(process),
            Some(reason),
        ),
        EventKind::StartError {
            supervisor,
            child,
            last,
            ..
        } => (
            Some(What::StartFailed),
            child_of(supervisor, child),
            last.as_ref(),
            None,
        ),
        EventKind::ShutdownError {
            supervisor,
            child,
            process,
            reason,
            ..
        } => {
            let path = child_of(supervisor, child);
            (
                Some(What::ShutdownFailed),
                path,
                process.as_ref(),
                Some(reason),
            )
        }
        EventKind::GaveUp { supervisor, .. } => (
            Some(What::GaveUp),
            supervisor.path(),
            Some(supervisor),
            None,
        ),
        other => (None, other.process().path(), None, None),
    }
}

impl fmt::Display for SupervisionMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Started => "started",
            What::Restarted => "restarted",
            What::Exited => "exited",
            What::Terminated => "terminated",
            What::StartFailed => "start failed",
            What::ShutdownFailed => "shutdown failed",
            What::GaveUp => "gave up",
        };
        write!(f, "{what} {}", self.who)?;
        if let Some(pid) = self.pid {
            write!(f, " {pid}")?;
        }
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn a_process_is_named_by_its_last_segments() {
        for name in ["worker", "pool/worker", "shop/pool/worker"] {
            assert!(is_named("shop/pool/worker", name), "{name}");
        }
        for name in ["orker", "pool", "ool/worker", "a/shop/pool/worker", ""] {
            assert!(!is_named("shop/pool/worker", name), "{name}");
        }
    }
}
