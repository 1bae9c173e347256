//! A sliding window, exactly.
//!
//! State: a ring of the instants at which units were taken, the oldest first, after a word that says where it begins and how long
//! it is. A unit that was taken at `t` counts until `t + window`, and not at that instant any more.

use super::{At, Look, Mark, Ratio, Worth, scaled};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    limit: u32,
    window: u64,
}

/// Where the ring begins, and how long it is.
#[derive(Clone, Copy, Debug)]
struct Ring {
    head: u32,
    len: u32,
}

impl Ring {
    const fn read(state: &[u64]) -> Self {
        Self {
            head: (state[0] >> 32) as u32,
            len: state[0] as u32,
        }
    }

    const fn write(self, state: &mut [u64]) {
        state[0] = (self.head as u64) << 32 | self.len as u64;
    }
}

impl Log {
    pub(super) const fn new(limit: u32, window: u64) -> Self {
        Self { limit, window }
    }

    pub(super) const fn words(&self) -> usize {
        1 + self.limit as usize
    }

    #[allow(clippy::unused_self)]
    pub(super) const fn begin(&self, state: &mut [u64], _: At) {
        state[0] = 0;
    }

    /// The word of the `nth` oldest unit.
    const fn place(&self, ring: Ring, nth: u32) -> usize {
        let at = ring.head as u64 + nth as u64;
        1 + (at % self.limit as u64) as usize
    }

    /// Those that count now.
    fn present(&self, state: &[u64], now: u64) -> Ring {
        let Ring { mut head, mut len } = Ring::read(state);
        while len > 0 && now.saturating_sub(state[1 + head as usize]) >= self.window {
            head = if head + 1 == self.limit { 0 } else { head + 1 };
            len -= 1;
        }
        Ring { head, len }
    }

    /// In how long a unit of that instant counts no more.
    const fn until_gone(&self, instant: u64, now: u64) -> u64 {
        instant.saturating_add(self.window) - now
    }

    fn show(&self, state: &[u64], ring: Ring, now: u64) -> Look {
        let full_in = match ring.len.checked_sub(1) {
            Some(newest) => self.until_gone(state[self.place(ring, newest)], now),
            None => 0,
        };
        Look {
            left: Ratio::whole(u64::from(self.limit - ring.len)),
            full_in: Ratio::whole(full_in),
            mark: Mark::of(u128::from(now)),
        }
    }

    #[inline]
    pub(super) fn take(&self, state: &mut [u64], at: At, cost: u32) -> Result<Look, u64> {
        let mut ring = self.present(state, at.now);
        let room = self.limit - ring.len;
        if let Some(too_much) = cost.checked_sub(room + 1) {
            // So many have to go, and this is the last of them.
            let last = state[self.place(ring, too_much)];
            ring.write(state);
            return Err(self.until_gone(last, at.now));
        }
        for _ in 0..cost {
            state[self.place(ring, ring.len)] = at.now;
            ring.len += 1;
        }
        ring.write(state);
        Ok(self.show(state, ring, at.now))
    }

    pub(super) fn look(&self, state: &[u64], at: At) -> Look {
        self.show(state, self.present(state, at.now), at.now)
    }

    /// Takes out so many of those of that instant: they are all alike.
    pub(super) fn refund(&self, state: &mut [u64], at: At, mark: u128, cost: u32) {
        let ring = self.present(state, at.now);
        let (mut kept, mut given) = (Ring { len: 0, ..ring }, 0);
        for nth in 0..ring.len {
            let instant = state[self.place(ring, nth)];
            if u128::from(instant) == mark && given < cost {
                given += 1;
            } else {
                state[self.place(kept, kept.len)] = instant;
                kept.len += 1;
            }
        }
        kept.write(state);
    }

    pub(super) fn worth(&self, state: &[u64], now: u64) -> Worth {
        if self.present(state, now).len == 0 {
            Worth::Nothing
        } else {
            Worth::Debt
        }
    }

    pub(super) fn inherit(&self, state: &mut [u64], was: &Self, old: &[u64], at: At, even: bool) {
        let all = was.present(old, at.now);
        let instant = |nth: u32| old[was.place(all, nth)];
        // The oldest that is still in sight of the new window.
        let seen = |nth: &u32| at.now.saturating_sub(instant(*nth)) < self.window;
        let first = (0..all.len).find(seen).unwrap_or(all.len);
        let count = all.len - first;
        let kept = scaled(u64::from(count), was.limit, self.limit, even);
        for nth in 0..kept {
            // The newest of them, or all of them drawn out or together.
            let of = if even {
                u64::from(nth) * u64::from(count) / u64::from(kept)
            } else {
                u64::from(count - kept + nth)
            };
            state[1 + nth as usize] = instant(first + of as u32);
        }
        Ring { head: 0, len: kept }.write(state);
    }
}
