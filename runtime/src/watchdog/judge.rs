//! Whether what was heard so far means that the node lives. Pure: who asks says how much time has passed.

use std::collections::HashMap;
use std::time::Duration;

use mainstay_supervisors::{Pid, Process, Pulse};

use super::liveness::Liveness;

/// The root of a tree, as it was looked at.
#[derive(Clone, Debug)]
pub(super) struct Root {
    name: String,
    pid: Pid,
    pulse: Pulse,
    has_given_up: bool,
}

impl Root {
    pub(super) fn of(process: &Process) -> Self {
        Self {
            name: process.id().to_string(),
            pid: process.pid(),
            pulse: process.pulse(),
            has_given_up: !process.is_alive() && !process.is_asked_to_stop(),
        }
    }
}

/// Counts for how long nothing was heard.
#[derive(Debug)]
pub(super) struct Judge {
    blocked_after: Duration,
    silent: Duration,
    /// In which poll each root was, and for how long it has been.
    roots: HashMap<Pid, (Pulse, Duration)>,
}

impl Judge {
    pub(super) fn new(blocked_after: Duration) -> Self {
        Self {
            blocked_after,
            silent: Duration::ZERO,
            roots: HashMap::new(),
        }
    }

    /// So much time has `passed` since it was asked last; `heard` says whether the executor has answered every heartbeat.
    pub(super) fn judge(
        &mut self,
        passed: Duration,
        heard: bool,
        roots: impl Iterator<Item = Root>,
    ) -> Liveness {
        self.silent = if heard {
            Duration::ZERO
        } else {
            self.silent + passed
        };
        let verdicts: Vec<_> = self.look_at(passed, roots);
        if self.silent >= self.blocked_after {
            return Liveness::Blocked(self.silent);
        }
        verdicts.into_iter().next().unwrap_or(Liveness::Alive)
    }

    fn look_at(&mut self, passed: Duration, roots: impl Iterator<Item = Root>) -> Vec<Liveness> {
        let mut before = std::mem::take(&mut self.roots);
        let mut verdicts = Vec::new();
        for root in roots {
            if root.has_given_up {
                verdicts.push(Liveness::RootEnded { root: root.name });
                continue;
            }
            let since = match before.remove(&root.pid) {
                Some((last, since)) if root.pulse.is_in_poll_of(last) => since + passed,
                _ => Duration::ZERO,
            };
            self.roots.insert(root.pid, (root.pulse, since));
            if since >= self.blocked_after {
                let root = root.name;
                verdicts.push(Liveness::RootStuck { root, since });
            }
        }
        verdicts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn judge() -> Judge {
        Judge::new(3 * SECOND)
    }

    fn silent(judge: &mut Judge, heard: bool) -> Liveness {
        judge.judge(SECOND, heard, std::iter::empty())
    }

    #[test]
    fn a_silent_executor_is_blocked_when_its_time_is_up_and_lives_with_its_first_heartbeat() {
        let mut judge = judge();
        assert_eq!(silent(&mut judge, true), Liveness::Alive);
        assert_eq!(silent(&mut judge, false), Liveness::Alive);
        assert_eq!(silent(&mut judge, false), Liveness::Alive);
        assert_eq!(silent(&mut judge, false), Liveness::Blocked(3 * SECOND));
        assert_eq!(silent(&mut judge, false), Liveness::Blocked(4 * SECOND));
        assert_eq!(silent(&mut judge, true), Liveness::Alive);
        assert_eq!(silent(&mut judge, false), Liveness::Alive);
    }

    #[test]
    fn a_heartbeat_now_and_then_is_enough() {
        let mut judge = judge();
        for nth in 0..100 {
            assert_eq!(silent(&mut judge, nth % 3 == 2), Liveness::Alive);
        }
    }
}
