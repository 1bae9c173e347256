//! What a limiter should do: all that was taken is kept, and looked through at each question.

use mainstay_specs::Algorithm;

use super::LimiterSetup;

/// All that was taken of one key.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// In order: when, in nanoseconds, and how much.
    taken: Vec<(u64, u32)>,
    /// When it was first asked for something that can be had at some time: from then on a bucket saves up.
    born: Option<u64>,
}

impl Ledger {
    /// It is asked for so much.
    pub(super) fn ask(&mut self, setup: &LimiterSetup, now: u64, cost: u32) {
        if (1..=setup.capacity()).contains(&cost) {
            self.born.get_or_insert(now);
        }
    }

    pub(super) fn take(&mut self, now: u64, cost: u32) {
        if cost > 0 {
            self.taken.push((now, cost));
        }
    }

    /// As if the last that was taken had not been.
    pub(super) fn undo(&mut self) {
        self.taken.pop();
    }

    /// How much can be had now.
    pub(super) fn left(&self, setup: &LimiterSetup, now: u64) -> u32 {
        let (limit, window) = (u128::from(setup.limit), setup.window.as_nanos());
        let left = match setup.algorithm {
            Algorithm::SlidingWindow => {
                let counts = |at: u64| u128::from(at) + window > u128::from(now);
                limit - self.sum(counts)
            }
            Algorithm::SlidingWindowApproximate => self.fading(limit, window, now),
            Algorithm::FixedWindow => {
                let number = |at: u64| u128::from(at) / window;
                limit - self.sum(|at| number(at) == number(now))
            }
            _ => self.tokens(setup, now),
        };
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// In how many nanoseconds so much can be had, if nothing is taken until then: the answer goes from no to yes once.
    pub(super) fn wait(&self, setup: &LimiterSetup, now: u64, cost: u32) -> u64 {
        let may = |wait: u64| self.left(setup, now + wait) >= cost;
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

    fn sum(&self, counts: impl Fn(u64) -> bool) -> u128 {
        let counted = self.taken.iter().filter(|taken| counts(taken.0));
        counted.map(|taken| u128::from(taken.1)).sum()
    }

    /// Of a bucket that is filled drop by drop: a token is `window` drops, of which `limit` come each nanosecond.
    fn tokens(&self, setup: &LimiterSetup, now: u64) -> u128 {
        let token = setup.window.as_nanos();
        let full = token * u128::from(setup.capacity());
        let mut level = full.min(token * u128::from(setup.limit));
        let mut last = self.born.unwrap_or(now);
        let fill =
            |level: u128, time: u64| full.min(level + u128::from(time) * u128::from(setup.limit));
        for &(at, cost) in &self.taken {
            level = fill(level, at - last) - token * u128::from(cost);
            last = at;
        }
        fill(level, now - last) / token
    }

    /// Of windows that follow each other from the first use on, until nothing is in sight. The one before counts by as much of it as
    /// is still within a window's length.
    fn fading(&self, limit: u128, window: u128, now: u64) -> u128 {
        let mut start: Option<u128> = None;
        let mut last = 0;
        for &(at, _) in &self.taken {
            let at = u128::from(at);
            let over = |start: u128| at >= start + (last - start) / window * window + 2 * window;
            if start.is_none_or(over) {
                start = Some(at);
            }
            last = at;
        }
        let Some(start) = start else { return limit };
        let number = |at: u128| at.checked_sub(start).map(|age| age / window);
        let now = u128::from(now);
        let age = (now - start) % window;
        let present = self.sum(|at| number(u128::from(at)) == number(now));
        let before = number(now).and_then(|present| present.checked_sub(1));
        let before = match before {
            Some(before) => self.sum(|at| number(u128::from(at)) == Some(before)),
            None => 0,
        };
        let used = before * (window - age) + present * window;
        (limit * window).saturating_sub(used) / window
    }
}
