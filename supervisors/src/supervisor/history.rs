//! How often a supervisor has restarted of late.

use std::collections::VecDeque;

use mainstay_specs::SupervisorFlags;
use tokio::time::Instant;

use super::budget::RestartBudget;

/// The times of the last restarts: at most `intensity + 1` of them.
#[derive(Debug, Default)]
pub(crate) struct History(VecDeque<Instant>);

impl History {
    /// Counts a restart; false if it is one more than `intensity` within `period`.
    ///
    /// A restart exactly one period ago still counts.
    pub(crate) fn allows_another(&mut self, flags: &SupervisorFlags, now: Instant) -> bool {
        while self
            .0
            .front()
            .is_some_and(|then| now.saturating_duration_since(*then) > flags.period)
        {
            self.0.pop_front();
        }
        self.0.push_back(now);
        let allowed = self.0.len() <= usize::try_from(flags.intensity).unwrap_or(usize::MAX);
        if !allowed {
            self.0.pop_front();
        }
        allowed
    }

    /// What is left of the restarts that `flags` allow.
    pub(crate) fn budget(&self, flags: &SupervisorFlags, now: Instant) -> RestartBudget {
        let ago = |then: &Instant| now.saturating_duration_since(*then);
        let mut counted = self.0.iter().filter(|then| ago(then) <= flags.period);
        let used = u32::try_from(counted.clone().count()).unwrap_or(u32::MAX);
        let (first, last) = (counted.clone().next(), counted.next_back());
        let span = first.zip(last).map(|(first, last)| *last - *first);
        RestartBudget {
            intensity: flags.intensity,
            period: flags.period,
            used,
            pace: span.filter(|_| used > 1).map(|span| span / (used - 1)),
            last_ago: last.map(ago),
        }
    }
}
