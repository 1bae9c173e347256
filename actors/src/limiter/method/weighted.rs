//! A sliding window from two counters.
//!
//! Windows of a key follow each other from its first use on. What was taken in the one before counts by as much of it as a
//! sliding window would still see, as if it had come evenly; this is the estimate that Cloudflare described in 2017 ("How we built
//! rate limiting capable of scaling to millions of domains"), in whole numbers here, so that it is exact.
//!
//! State: the start of the present window, and what was taken in the one before and in the present one.

use super::{At, Look, Mark, Ratio, Worth, saturate, scaled};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weighted {
    limit: u32,
    window: u64,
}

/// The two windows that are in sight.
#[derive(Clone, Copy, Debug)]
struct Two {
    start: u64,
    before: u32,
    present: u32,
}

impl Two {
    const fn write(self, state: &mut [u64]) {
        state[0] = self.start;
        state[1] = (self.before as u64) << 32 | self.present as u64;
    }
}

impl Weighted {
    pub(super) const fn new(limit: u32, window: u64) -> Self {
        Self { limit, window }
    }

    #[allow(clippy::unused_self)]
    pub(super) const fn words(&self) -> usize {
        2
    }

    #[allow(clippy::unused_self)]
    pub(super) const fn begin(&self, state: &mut [u64], at: At) {
        (state[0], state[1]) = (at.now, 0);
    }

    /// As they are now; where nothing is in sight, a window begins.
    #[inline]
    fn two(&self, state: &[u64], now: u64) -> Two {
        let (start, counts) = (state[0], state[1]);
        let (before, present) = ((counts >> 32) as u32, counts as u32);
        let age = now.saturating_sub(start) / self.window;
        let (start, before, present) = match age {
            0 => (start, before, present),
            1 => (start + self.window, present, 0),
            _ => (now, 0, 0),
        };
        Two {
            start: if before | present == 0 { now } else { start },
            before,
            present,
        }
    }

    /// What counts now, in parts of which there are `window` in each.
    #[inline]
    fn used(&self, two: Two, now: u64) -> u128 {
        let left = self.window - (now - two.start);
        u128::from(two.before) * u128::from(left)
            + u128::from(two.present) * u128::from(self.window)
    }

    fn all(&self, number: u32) -> u128 {
        u128::from(number) * u128::from(self.window)
    }

    #[inline]
    fn show(&self, two: Two, now: u64) -> Look {
        let end = match (two.before, two.present) {
            (0, 0) => now,
            (_, 0) => two.start.saturating_add(self.window),
            _ => two.start.saturating_add(2 * self.window),
        };
        Look {
            left: Ratio::down(
                self.all(self.limit).saturating_sub(self.used(two, now)),
                self.window,
            ),
            full_in: Ratio::whole(end - now),
            mark: Mark::of(u128::from(two.start)),
        }
    }

    #[inline]
    pub(super) fn take(&self, state: &mut [u64], at: At, cost: u32) -> Result<Look, u64> {
        let mut two = self.two(state, at.now);
        if self.used(two, at.now) + self.all(cost) > self.all(self.limit) {
            return Err(self.free_at(two, cost).saturating_sub(at.now));
        }
        two.present += cost;
        two.write(state);
        Ok(self.show(two, at.now))
    }

    /// When so much can be had, if nobody takes anything until then.
    fn free_at(&self, two: Two, cost: u32) -> u64 {
        let next = two.start.saturating_add(self.window);
        // While the present window lasts, that before it fades; from its end on it fades itself.
        let room = self.limit - cost;
        let (start, fading, room) = match room.checked_sub(two.present) {
            Some(room) => (two.start, two.before, room),
            None => (next, two.present, room),
        };
        // It may count `left` nanoseconds of its window: fading * left <= room * window.
        let left = saturate(self.all(room) / u128::from(fading.max(1)));
        start.saturating_add(self.window.saturating_sub(left))
    }

    pub(super) fn look(&self, state: &[u64], at: At) -> Look {
        self.show(self.two(state, at.now), at.now)
    }

    pub(super) fn refund(&self, state: &mut [u64], at: At, mark: u128, cost: u32) {
        let mut two = self.two(state, at.now);
        if mark == u128::from(two.start) {
            two.present = two.present.saturating_sub(cost);
        } else if mark + u128::from(self.window) == u128::from(two.start) {
            two.before = two.before.saturating_sub(cost);
        }
        two.write(state);
    }

    pub(super) fn worth(&self, state: &[u64], now: u64) -> Worth {
        let two = self.two(state, now);
        if two.before | two.present == 0 {
            Worth::Nothing
        } else {
            Worth::Debt
        }
    }

    pub(super) fn inherit(&self, state: &mut [u64], was: &Self, old: &[u64], at: At, even: bool) {
        let used = was.used(was.two(old, at.now), at.now);
        let used = saturate(used.div_ceil(u128::from(was.window)));
        // As what came before, so that it has faded when the new window is over.
        let two = Two {
            start: at.now,
            before: scaled(used, was.limit, self.limit, even),
            present: 0,
        };
        two.write(state);
    }
}
