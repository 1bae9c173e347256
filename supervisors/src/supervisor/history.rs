//! How often a supervisor has restarted of late.

use std::collections::VecDeque;

use mainstay_specs::SupervisorFlags;
use tokio::time::Instant;

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
}
