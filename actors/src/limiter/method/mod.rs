//! What limiters decide, without a clock: one method for each algorithm.
//!
//! The state of a key is a few words of 64 bits, so that a table can hold it in place; only its method knows what they mean.
//! Times are in nanoseconds since the limiter was made, and never go backwards: whoever calls sees to that. A cost is at least 1
//! and at most the capacity.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Method`], which picks one of the following |
//! | `bucket.rs` | tokens that come evenly, as the generic cell rate algorithm |
//! | `fixed.rs` | windows that follow each other |
//! | `weighted.rs` | a sliding window from two counters |
//! | `log.rs` | a sliding window, exactly |
//! | `model.rs`, `tests/` | the same, slow and obvious; and that both decide alike |

mod bucket;
mod fixed;
mod log;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
mod weighted;

use std::time::Duration;

use mainstay_specs::{Algorithm, Inherit, RateLimitConfig};

use bucket::Bucket;
use fixed::Fixed;
use log::Log;
use weighted::Weighted;

/// How a policy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Bucket(Bucket),
    Fixed(Fixed),
    Weighted(Weighted),
    Log(Log),
}

/// When, and for which key: `phase` is a number that is always the same for the same key, and even over all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) now: u64,
    pub(crate) phase: u64,
}

/// A number of `per` parts each, of which only the whole is asked for when somebody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    parts: u64,
    per: u64,
}

impl Ratio {
    pub(crate) const ZERO: Self = Self::whole(0);

    pub(crate) const fn whole(number: u64) -> Self {
        Self {
            parts: number,
            per: 1,
        }
    }

    /// To be rounded down. Half as long a division is many times as fast, and mostly enough.
    #[inline]
    pub(crate) fn down(parts: u128, per: u64) -> Self {
        match u64::try_from(parts) {
            Ok(parts) => Self { parts, per },
            Err(_) => Self::whole(saturate(parts / u128::from(per))),
        }
    }

    /// To be rounded up.
    #[inline]
    pub(crate) fn up(parts: u128, per: u64) -> Self {
        match u64::try_from(parts) {
            Ok(parts) => Self { parts, per },
            Err(_) => Self::whole(saturate(parts.div_ceil(u128::from(per)))),
        }
    }

    pub(crate) const fn floor(self) -> u64 {
        self.parts / self.per
    }

    pub(crate) const fn ceil(self) -> u64 {
        self.parts.div_ceil(self.per)
    }
}

/// What a key looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// How much can be had at once, rounded down.
    pub(crate) left: Ratio,
    /// In how many nanoseconds it will look as if it had not been used for long, rounded up.
    pub(crate) full_in: Ratio,
    /// What a refund goes by. Of a look that took nothing it means nothing.
    pub(crate) mark: Mark,
}

/// A long number in two words: as one, it makes all that it is part of twice as aligned, and what is written to memory in words is
/// then read from there in pairs of words, for which the processor has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    high: u64,
    low: u64,
}

impl Mark {
    #[inline]
    pub(crate) const fn of(number: u128) -> Self {
        Self {
            high: (number >> 64) as u64,
            low: number as u64,
        }
    }

    const fn number(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }
}

/// What would be lost if a key was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// It has used up more than a new one.
    Debt,
    /// It has saved up more than a new one.
    Savings,
    /// Nothing: it is as a new one.
    Nothing,
}

/// Hands a call on to the method.
macro_rules! each {
    ($self:expr, $method:ident => $call:expr) => {
        match $self {
            Method::Bucket($method) => $call,
            Method::Fixed($method) => $call,
            Method::Weighted($method) => $call,
            Method::Log($method) => $call,
        }
    };
}

impl Method {
    /// Of a configuration that was found valid.
    pub(crate) fn of(config: &RateLimitConfig) -> Self {
        let (limit, window) = (config.limit, nanos(config.window));
        match config.algorithm {
            Algorithm::FixedWindow => Self::Fixed(Fixed::new(limit, window, config.window_start)),
            Algorithm::SlidingWindowApproximate => Self::Weighted(Weighted::new(limit, window)),
            Algorithm::SlidingWindow => Self::Log(Log::new(limit, window)),
            // The others are all there are.
            _ => Self::Bucket(Bucket::new(limit, window, config.capacity())),
        }
    }

    /// The bucket, if the state of a key is one word, and it can be reckoned with words then.
    #[inline(always)]
    pub(crate) const fn narrow(&self, now: u64) -> Option<&Bucket> {
        match self {
            Self::Bucket(bucket) if bucket.is_narrow(now) => Some(bucket),
            _ => None,
        }
    }

    /// How many words the state of a key takes.
    pub(crate) fn words(&self) -> usize {
        each!(self, method => method.words())
    }

    /// Makes the state of a key that was not seen before.
    pub(crate) fn begin(&self, state: &mut [u64], at: At) {
        each!(self, method => method.begin(state, at));
    }

    /// Takes so much, or says in how many nanoseconds it can be had: exactly, if nobody else takes anything, and never 0.
    #[inline]
    pub(crate) fn take(&self, state: &mut [u64], at: At, cost: u32) -> Result<Look, u64> {
        match self {
            Self::Bucket(bucket) => bucket.take(state, at, cost),
            _ => self.take_of_window(state, at, cost),
        }
    }

    #[inline(never)]
    fn take_of_window(&self, state: &mut [u64], at: At, cost: u32) -> Result<Look, u64> {
        each!(self, method => method.take(state, at, cost))
    }

    /// Looks, and takes nothing.
    pub(crate) fn look(&self, state: &[u64], at: At) -> Look {
        each!(self, method => method.look(state, at))
    }

    /// Gives back what was taken with this mark, as far as time has not done so: never more than if it had not been taken.
    pub(crate) fn refund(&self, state: &mut [u64], at: At, mark: Mark, cost: u32) {
        each!(self, method => method.refund(state, at, mark.number(), cost));
    }

    /// What would be lost if the key was forgotten.
    pub(crate) fn worth(&self, state: &[u64], now: u64) -> Worth {
        each!(self, method => method.worth(state, now))
    }

    /// Makes the state of a key from that under an earlier method.
    pub(crate) fn inherit(
        &self,
        state: &mut [u64],
        from: (&Self, &[u64]),
        at: At,
        inherit: Inherit,
    ) {
        if inherit == Inherit::Reset {
            return self.begin(state, at);
        }
        let even = inherit == Inherit::Proportional;
        match (self, from) {
            (Self::Bucket(to), (Self::Bucket(was), old)) => to.inherit(state, was, old, at, even),
            (Self::Fixed(to), (Self::Fixed(was), old)) => to.inherit(state, was, old, at, even),
            (Self::Weighted(to), (Self::Weighted(was), old)) => {
                to.inherit(state, was, old, at, even);
            }
            (Self::Log(to), (Self::Log(was), old)) => to.inherit(state, was, old, at, even),
            // Nothing of another algorithm can be taken over.
            (Self::Bucket(_) | Self::Fixed(_) | Self::Weighted(_) | Self::Log(_), _) => {
                self.begin(state, at);
            }
        }
    }
}

/// In nanoseconds; whoever found the configuration valid has found it to fit.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn saturate(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// As much of the new limit as was used of the old one, or at most all of it.
fn scaled(used: u64, from: u32, to: u32, even: bool) -> u32 {
    let used = if even {
        let scaled = u128::from(used) * u128::from(to);
        saturate(scaled.div_ceil(u128::from(from.max(1))))
    } else {
        used
    };
    u32::try_from(used).unwrap_or(u32::MAX).min(to)
}
