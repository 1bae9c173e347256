//! The last so many calls, exactly.

use std::collections::VecDeque;

use super::{Counts, Mark};

/// The last `max` calls. Good ones are only counted, between those that are not: most calls are good, and a thousand of them
/// take no more than one.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    max: u64,
    /// The calls that were not good, oldest first; at most `max`.
    bad: VecDeque<Bad>,
    /// How many good ones there were after the last of them.
    good_after: u64,
    counts: Counts,
}

#[derive(Clone, Copy, Debug)]
struct Bad {
    mark: Mark,
    /// How many good ones there were between the one before and this one.
    good_before: u64,
}

impl Calls {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max: max as u64,
            bad: VecDeque::new(),
            good_after: 0,
            counts: Counts::default(),
        }
    }

    pub(super) fn add(&mut self, mark: Mark, times: u64) {
        // More of them than there is room for leave as they come.
        let times = times.min(self.max);
        self.counts.add(Counts::of(mark, times));
        if mark.is_good() {
            self.good_after += times;
        } else {
            for _ in 0..times {
                let good_before = std::mem::take(&mut self.good_after);
                self.bad.push_back(Bad { mark, good_before });
            }
        }
        self.forget();
    }

    pub(super) const fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn resized(mut self, max: usize) -> Self {
        self.max = max as u64;
        self.forget();
        self.bad.shrink_to(max);
        self
    }

    /// Lets the oldest go, until there are no more than may be.
    fn forget(&mut self) {
        while self.counts.total > self.max {
            let excess = self.counts.total - self.max;
            let run = match self.bad.front_mut() {
                Some(oldest) => &mut oldest.good_before,
                None => &mut self.good_after,
            };
            let good = excess.min(*run);
            *run -= good;
            self.counts.take(Counts::of(Mark::GOOD, good));
            if good < excess
                && let Some(oldest) = self.bad.pop_front()
            {
                self.counts.take(Counts::of(oldest.mark, 1));
            }
        }
    }
}
