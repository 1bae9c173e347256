//! When the last failures were.

use std::collections::VecDeque;

/// The times of the last failures, no more of them than the rule asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(VecDeque<u64>);

impl Recent {
    /// Adds a failure; says whether it is the `count`-th within the time `within`, itself counted. One that is exactly as old
    /// as that counts no more.
    pub(crate) fn add(&mut self, now: u64, count: u32, within: u64) -> bool {
        self.forget(now, within);
        self.0.push_back(now);
        // Of a rule that asked for more.
        while self.0.len() > count as usize {
            self.0.pop_front();
        }
        self.0.len() >= count as usize
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn forget(&mut self, now: u64, within: u64) {
        while self.0.front().is_some_and(|&at| now - at >= within) {
            self.0.pop_front();
        }
    }
}
