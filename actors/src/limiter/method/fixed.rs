//! Windows that follow each other.
//!
//! State: when the present window ends, and how much was taken in it. A window is half open: its last nanosecond is the one
//! before its end.

use mainstay_specs::WindowStart;

use super::{At, Look, Mark, Ratio, Worth, scaled};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fixed {
    limit: u32,
    window: u64,
    start: WindowStart,
}

impl Fixed {
    pub(super) const fn new(limit: u32, window: u64, start: WindowStart) -> Self {
        Self {
            limit,
            window,
            start,
        }
    }

    // As the others have it.
    #[allow(clippy::unused_self)]
    pub(super) const fn words(&self) -> usize {
        2
    }

    #[allow(clippy::unused_self)]
    pub(super) const fn begin(&self, state: &mut [u64], _: At) {
        (state[0], state[1]) = (0, 0);
    }

    /// When the window that it is now ends.
    fn end(&self, at: At) -> u64 {
        let window = self.window;
        let phase = match self.start {
            // Evenly over the window.
            WindowStart::PerKey => ((u128::from(at.phase) * u128::from(window)) >> 64) as u64,
            WindowStart::FirstUse => at.now % window,
            _ => 0,
        };
        match at.now.checked_sub(phase) {
            Some(since) => (since / window + 1)
                .saturating_mul(window)
                .saturating_add(phase),
            None => phase,
        }
    }

    /// The end of the present window, and what was taken in it.
    #[inline]
    fn present(&self, state: &[u64], at: At) -> (u64, u32) {
        if at.now < state[0] {
            (state[0], state[1] as u32)
        } else {
            (self.end(at), 0)
        }
    }

    #[inline]
    const fn show(&self, end: u64, count: u32, at: At) -> Look {
        let full_in = if count == 0 { 0 } else { end - at.now };
        Look {
            left: Ratio::whole((self.limit - count) as u64),
            full_in: Ratio::whole(full_in),
            mark: Mark::of(end as u128),
        }
    }

    #[inline]
    pub(super) fn take(&self, state: &mut [u64], at: At, cost: u32) -> Result<Look, u64> {
        let (end, count) = self.present(state, at);
        if cost > self.limit - count {
            return Err(end - at.now);
        }
        let count = count + cost;
        (state[0], state[1]) = (end, u64::from(count));
        Ok(self.show(end, count, at))
    }

    pub(super) fn look(&self, state: &[u64], at: At) -> Look {
        let (end, count) = self.present(state, at);
        self.show(end, count, at)
    }

    #[allow(clippy::unused_self)]
    pub(super) fn refund(&self, state: &mut [u64], at: At, mark: u128, cost: u32) {
        if at.now < state[0] && mark == u128::from(state[0]) {
            state[1] = state[1].saturating_sub(u64::from(cost));
        }
    }

    pub(super) fn worth(&self, state: &[u64], now: u64) -> Worth {
        let (end, count) = (state[0], state[1]);
        // An empty window that began with the first use is not over yet: a new one would begin later.
        let begun = self.start == WindowStart::FirstUse || count > 0;
        if now < end && begun {
            Worth::Debt
        } else {
            Worth::Nothing
        }
    }

    pub(super) fn inherit(&self, state: &mut [u64], was: &Self, old: &[u64], at: At, even: bool) {
        let (end, count) = was.present(old, at);
        if count == 0 {
            // No window begins without a use.
            return self.begin(state, at);
        }
        let count = scaled(u64::from(count), was.limit, self.limit, even);
        let end = match self.start {
            WindowStart::FirstUse => end.min(at.now.saturating_add(self.window)),
            _ => self.end(at),
        };
        (state[0], state[1]) = (end, u64::from(count));
    }
}
