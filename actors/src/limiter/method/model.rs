//! The same decisions, slow and obvious: everything that was ever taken is kept, and is looked through at each question.

use std::time::Duration;

use mainstay_specs::{Algorithm, RateLimitConfig, WindowStart};

use super::At;

/// All that was taken of one key, in order: when, and how much.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    taken: Vec<(u64, u32)>,
    /// When it was first asked.
    born: Option<u64>,
    phase: u64,
}

const fn nanos(time: Duration) -> u128 {
    time.as_nanos()
}

impl Model {
    /// Takes so much; says whether it could.
    pub(super) fn take(&mut self, config: &RateLimitConfig, at: At, cost: u32) -> bool {
        self.born.get_or_insert(at.now);
        self.phase = at.phase;
        let may = u128::from(cost) <= self.left(config, at.now);
        if may {
            self.taken.push((at.now, cost));
        }
        may
    }

    /// Undoes what was taken at that time, as if it had never been.
    pub(super) fn undo(&mut self, at: u64, cost: u32) {
        let found = self.taken.iter().rposition(|&taken| taken == (at, cost));
        self.taken.remove(found.expect("it was taken"));
    }

    /// How much can be had now.
    pub(super) fn left(&self, config: &RateLimitConfig, now: u64) -> u128 {
        match config.algorithm {
            Algorithm::SlidingWindow => self.left_of_log(config, now),
            Algorithm::SlidingWindowApproximate => self.left_of_weighted(config, now),
            Algorithm::FixedWindow => self.left_of_fixed(config, now),
            _ => self.left_of_bucket(config, now),
        }
    }

    /// In how many nanoseconds so much can be had, by asking when nothing more is taken: the answer goes from no to yes once.
    pub(super) fn wait(&self, config: &RateLimitConfig, now: u64, cost: u32) -> u64 {
        let may = |at: u64| self.left(config, now + at) >= u128::from(cost);
        let (mut no, mut yes) = (0, 1);
        while !may(yes) {
            (no, yes) = (yes, yes * 2);
        }
        while yes - no > 1 {
            let middle = u64::midpoint(no, yes);
            if may(middle) {
                yes = middle;
            } else {
                no = middle;
            }
        }
        yes
    }

    fn since(&self, first: u64, now: u64) -> u128 {
        let taken = self
            .taken
            .iter()
            .filter(|taken| (first..=now).contains(&taken.0));
        taken.map(|taken| u128::from(taken.1)).sum()
    }

    /// A bucket that is filled drop by drop: a token is `window` drops, of which `limit` come each nanosecond.
    fn left_of_bucket(&self, config: &RateLimitConfig, now: u64) -> u128 {
        let token = nanos(config.window);
        let full = token * u128::from(config.capacity());
        let mut level = token * u128::from(config.limit.min(config.capacity()));
        let mut last = self.born.unwrap_or(now);
        for &(at, cost) in &self.taken {
            level = full.min(level + u128::from(at - last) * u128::from(config.limit));
            level -= token * u128::from(cost);
            last = at;
        }
        full.min(level + u128::from(now - last) * u128::from(config.limit)) / token
    }

    fn left_of_log(&self, config: &RateLimitConfig, now: u64) -> u128 {
        let window = nanos(config.window) as u64;
        let first = (now + 1).saturating_sub(window);
        u128::from(config.limit) - self.since(first, now)
    }

    fn left_of_fixed(&self, config: &RateLimitConfig, now: u64) -> u128 {
        let window = nanos(config.window) as u64;
        let number = |at: u64| {
            let phase = ((u128::from(self.phase) * nanos(config.window)) >> 64) as u64;
            (at + window - phase) / window
        };
        let used: u128 = match config.window_start {
            WindowStart::PerKey => {
                let of_now = self
                    .taken
                    .iter()
                    .filter(|taken| number(taken.0) == number(now));
                of_now.map(|taken| u128::from(taken.1)).sum()
            }
            WindowStart::FirstUse => self.since(self.anchor(window, now), now),
            _ => self.since(now / window * window, now),
        };
        u128::from(config.limit) - used
    }

    /// When the window began that it is now, if each begins with the first use after another.
    fn anchor(&self, window: u64, now: u64) -> u64 {
        let mut start = None;
        for &(at, _) in &self.taken {
            if start.is_none_or(|start| at >= start + window) {
                start = Some(at);
            }
        }
        start.filter(|start| now < start + window).unwrap_or(now)
    }

    fn left_of_weighted(&self, config: &RateLimitConfig, now: u64) -> u128 {
        let window = nanos(config.window) as u64;
        // The first of the windows that follow each other until nothing is in sight.
        let mut start: Option<u64> = None;
        let mut last = 0;
        for &(at, _) in &self.taken {
            let fresh = start.is_none_or(|start| {
                let of_last = start + (last - start) / window * window;
                at >= of_last + 2 * window
            });
            if fresh {
                start = Some(at);
            }
            last = at;
        }
        let Some(start) = start else {
            return u128::from(config.limit);
        };
        let present = start + (now - start) / window * window;
        let used_now = self.since(present, now);
        let used_before = match present.checked_sub(window) {
            Some(before) if before >= start => self.since(before, present - 1),
            _ => 0,
        };
        let all = u128::from(config.limit) * nanos(config.window);
        let fading = u128::from(window - (now - present));
        let used = used_before * fading + used_now * nanos(config.window);
        all.saturating_sub(used) / nanos(config.window)
    }
}
