//! Tokens that come evenly.
//!
//! The generic cell rate algorithm (ITU-T I.371, annex A, as virtual scheduling): instead of tokens, it keeps the time at which the
//! bucket will be full. That is counted in such parts of a nanosecond that a token is a whole number of them, so that nothing is
//! ever rounded and no rate drifts: with `limit` tokens in `window` nanoseconds and their greatest common divisor `g`, a token
//! is `window / g` parts and a nanosecond is `limit / g`.

use super::{At, Look, Mark, Ratio, Worth, saturate};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// The parts of a token.
    token: u64,
    /// The parts of a nanosecond.
    per_ns: u64,
    /// The parts of all tokens of a full bucket.
    full: u128,
    /// The parts that a new one lacks to be full.
    lack: u128,
    /// The time takes two words.
    wide: bool,
    burst: u32,
}

/// Up to so many parts of a nanosecond, one word is enough for 18 years.
const NARROW_MAX: u64 = 16;

/// Until then, which is nine years, nothing that is made of one word gets longer.
const NARROW_TIME: u64 = 1 << 58;

impl Bucket {
    pub(super) fn new(limit: u32, window: u64, burst: u32) -> Self {
        let divisor = common(u64::from(limit), window);
        let (token, per_ns) = (window / divisor, u64::from(limit) / divisor);
        let parts = |tokens: u32| u128::from(token) * u128::from(tokens);
        Self {
            token,
            per_ns,
            full: parts(burst),
            lack: parts(burst.saturating_sub(limit)),
            wide: per_ns > NARROW_MAX || parts(burst) > 1 << 62,
            burst,
        }
    }

    pub(super) const fn words(&self) -> usize {
        if self.wide { 2 } else { 1 }
    }

    /// When it will be full.
    #[inline]
    fn read(&self, state: &[u64]) -> u128 {
        let high = if self.wide { u128::from(state[1]) } else { 0 };
        high << 64 | u128::from(state[0])
    }

    #[inline]
    fn write(&self, state: &mut [u64], full_at: u128) {
        if self.wide {
            state[1] = saturate(full_at >> 64);
            state[0] = full_at as u64;
        } else {
            state[0] = saturate(full_at);
        }
    }

    #[inline]
    fn now(&self, at: At) -> u128 {
        u128::from(at.now) * u128::from(self.per_ns)
    }

    #[inline]
    fn show(&self, full_at: u128, now: u128) -> Look {
        let missing = full_at.saturating_sub(now);
        Look {
            left: Ratio::down(self.full.saturating_sub(missing), self.token),
            full_in: Ratio::up(missing, self.per_ns),
            mark: Mark::of(full_at),
        }
    }

    pub(super) fn begin(&self, state: &mut [u64], at: At) {
        self.write(state, self.now(at) + self.lack);
    }

    #[inline]
    pub(super) fn take(&self, state: &mut [u64], at: At, cost: u32) -> Result<Look, u64> {
        match state {
            [word] if self.is_narrow(at.now) => self.take_narrow(word, at, cost),
            _ => self.take_wide(state, at, cost),
        }
    }

    #[inline(always)]
    pub(super) const fn is_narrow(&self, now: u64) -> bool {
        !self.wide && now < NARROW_TIME
    }

    /// With half as long numbers, which is faster: the time is less than 2^62 parts, and so are those of a full bucket, of which
    /// the cost is a part.
    #[inline(always)]
    pub(crate) fn take_narrow(&self, word: &mut u64, at: At, cost: u32) -> Result<Look, u64> {
        let (now, full) = (at.now * self.per_ns, self.full as u64);
        let full_at = (*word).max(now) + self.token * u64::from(cost);
        let missing = full_at - now;
        if missing > full {
            return Err(self.nanos(missing - full));
        }
        *word = full_at;
        let (left, full_in) = (full - missing, missing);
        Ok(Look {
            left: Ratio {
                parts: left,
                per: self.token,
            },
            full_in: Ratio {
                parts: full_in,
                per: self.per_ns,
            },
            mark: Mark::of(u128::from(full_at)),
        })
    }

    /// So many parts in nanoseconds, rounded up. Mostly a part is one, and the division is longer than all the rest.
    #[inline(always)]
    const fn nanos(&self, parts: u64) -> u64 {
        if self.per_ns == 1 {
            return parts;
        }
        parts.div_ceil(self.per_ns)
    }

    #[inline(never)]
    fn take_wide(&self, state: &mut [u64], at: At, cost: u32) -> Result<Look, u64> {
        let now = self.now(at);
        let cost = u128::from(self.token) * u128::from(cost);
        let full_at = self.read(state).max(now) + cost;
        let missing = full_at - now;
        if missing > self.full {
            return Err(Ratio::up(missing - self.full, self.per_ns).ceil());
        }
        self.write(state, full_at);
        Ok(self.show(full_at, now))
    }

    pub(super) fn look(&self, state: &[u64], at: At) -> Look {
        self.show(self.read(state), self.now(at))
    }

    /// Until the moment at which the bucket was to be full after the taking, less what was taken, it would not have been full
    /// without it either. From then on it might have been, and what comes to a full bucket is lost: so much may not come back.
    pub(super) fn refund(&self, state: &mut [u64], at: At, mark: u128, cost: u32) {
        let outstanding = mark.saturating_sub(self.now(at));
        let cost = u128::from(self.token) * u128::from(cost);
        let full_at = self.read(state);
        self.write(state, full_at.saturating_sub(cost.min(outstanding)));
    }

    pub(super) fn worth(&self, state: &[u64], now: u64) -> Worth {
        let now = u128::from(now) * u128::from(self.per_ns);
        let missing = self.read(state).saturating_sub(now);
        match missing.cmp(&self.lack) {
            std::cmp::Ordering::Greater => Worth::Debt,
            std::cmp::Ordering::Equal => Worth::Nothing,
            std::cmp::Ordering::Less => Worth::Savings,
        }
    }

    pub(super) fn inherit(&self, state: &mut [u64], was: &Self, old: &[u64], at: At, even: bool) {
        let missing = was.read(old).saturating_sub(was.now(at));
        // In two steps, so that no product gets longer than 128 bits.
        let (was_token, token) = (u128::from(was.token), u128::from(self.token));
        let rest = (missing % was_token * token).div_ceil(was_token);
        let mut missing = missing / was_token * token + rest;
        if even {
            missing = (missing * u128::from(self.burst)).div_ceil(u128::from(was.burst));
        }
        self.write(state, self.now(at) + missing.min(self.full));
    }
}

/// The greatest common divisor (Euclid); of two numbers that are not 0.
const fn common(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
