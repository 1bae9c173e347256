//! What an answer of the server means, without a server. The script says what it knew before it took anything; everything else
//! follows from that by the methods that local limits go by.

use super::super::method::{At, Look, Ratio};
use super::policy::{Mark, Policy, Shape};

/// What the server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its clock, in microseconds since 1970.
    pub(super) raw: u64,
    /// One for each key that was asked for.
    pub(super) parts: Vec<Known>,
}

/// What it said of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    may: bool,
    /// What time it is for the key: that of the server, or when the key was last used, if the clock has gone back since.
    now: u64,
    state: [u64; 3],
}

/// What is left of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) left: u32,
    /// In microseconds.
    pub(super) full_in: u64,
    pub(super) mark: Mark,
}

/// That an answer is none that the script gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odd;

impl Answer {
    /// Reads an answer: what time it is, and for each key whether it may, its time and its state.
    pub(super) fn read(raw: &[i64], keys: &[Vec<i64>]) -> Result<Self, Odd> {
        let number = |number: &i64| u64::try_from(*number).map_err(|_| Odd);
        let part = |key: &Vec<i64>| {
            let [may, now, state @ ..] = key.as_slice() else {
                return Err(Odd);
            };
            let mut words = [0; 3];
            if state.len() > words.len() {
                return Err(Odd);
            }
            for (word, value) in words.iter_mut().zip(state) {
                *word = number(value)?;
            }
            Ok(Known {
                may: *may == 1,
                now: number(now)?,
                state: words,
            })
        };
        let [raw] = raw else { return Err(Odd) };
        Ok(Self {
            raw: number(raw)?,
            parts: keys.iter().map(part).collect::<Result<_, _>>()?,
        })
    }
}

impl Known {
    /// Whether it may be taken.
    pub(super) const fn may(&self) -> bool {
        self.may
    }

    /// What is left after so much was taken; or in how many microseconds, never 0, it can be.
    pub(super) fn taken(&self, policy: &Policy, cost: u32, raw: u64) -> Result<Left, u64> {
        let left = match policy.shape {
            Shape::Bucket => self.bucket(policy, cost),
            Shape::Log => self.log(policy, cost),
            Shape::Fixed | Shape::Weighted => {
                let (mut state, at) = self.core(policy);
                let look = policy.method.take(&mut state, at, cost);
                look.map(|look| self.of(look))
            }
        };
        // A clock that has gone back has to catch up first.
        let lag = self.now.saturating_sub(raw);
        let late = |left: Left| Left {
            full_in: left.full_in + lag,
            ..left
        };
        left.map(late).map_err(|wait| wait + lag)
    }

    /// In how many microseconds one more can be had, after so much was taken that could be; nothing if it can be had at once. Of the
    /// log, it is not known which instant is the next to go: the latest it can be is when all have gone.
    pub(super) fn more_in(&self, policy: &Policy, cost: u32, raw: u64) -> Option<u64> {
        let wait = match policy.shape {
            Shape::Bucket => self.bucket(policy, cost.saturating_add(1)).err()?,
            Shape::Log => self.log(policy, cost).ok()?.full_in,
            Shape::Fixed | Shape::Weighted => {
                let (mut state, at) = self.core(policy);
                policy.method.take(&mut state, at, cost).ok()?;
                policy.method.take(&mut state, at, 1).err()?
            }
        };
        Some(wait + self.now.saturating_sub(raw))
    }

    /// What is left, with nothing taken.
    pub(super) fn look(&self, policy: &Policy, raw: u64) -> Left {
        let left = match policy.shape {
            Shape::Bucket => self.bucket_left(policy, self.missing(policy)),
            Shape::Log => {
                let [count, newest, _] = self.state;
                self.log_left(policy, count, newest)
            }
            Shape::Fixed | Shape::Weighted => {
                let (state, at) = self.core(policy);
                self.of(policy.method.look(&state, at))
            }
        };
        let lag = self.now.saturating_sub(raw);
        let lag = if left.full_in == 0 { 0 } else { lag };
        Left {
            full_in: left.full_in + lag,
            ..left
        }
    }

    /// The state of a window as the method has it, with a time that begins with that state.
    fn core(&self, policy: &Policy) -> ([u64; 2], At) {
        // Of a fixed window: its end and its count. Of two counters: the start, and both. No count is above the limit, unless
        // somebody else wrote to the server.
        let [time, one, other] = self.state;
        let limit = u64::from(policy.limit);
        let (one, other) = (one.min(limit), other.min(limit));
        match time.checked_sub(self.now) {
            Some(left) if left > 0 => ([left, one], At { now: 0, phase: 0 }),
            _ => {
                let now = self.now - time;
                ([0, one << 32 | other], At { now, phase: 0 })
            }
        }
    }

    fn of(&self, look: Look) -> Left {
        Left {
            left: narrow(look.left.floor()),
            full_in: look.full_in.ceil(),
            mark: Mark {
                whole: self.state[0],
                part: 0,
            },
        }
    }

    /// The parts that a bucket lacks to be full.
    fn missing(&self, policy: &Policy) -> u128 {
        let [whole, part, _] = self.state;
        u128::from(whole) * u128::from(policy.limit) + u128::from(part)
    }

    fn bucket(&self, policy: &Policy, cost: u32) -> Result<Left, u64> {
        let parts = |tokens: u32| u128::from(tokens) * u128::from(policy.window);
        let missing = self.missing(policy) + parts(cost);
        match missing.checked_sub(parts(policy.burst)) {
            Some(parts) if parts > 0 => {
                let per = u64::from(policy.limit);
                Err(Ratio::up(parts, per).ceil())
            }
            _ => Ok(self.bucket_left(policy, missing)),
        }
    }

    fn bucket_left(&self, policy: &Policy, missing: u128) -> Left {
        let per = u64::from(policy.limit);
        let full = u128::from(policy.burst) * u128::from(policy.window);
        let left = Ratio::down(full.saturating_sub(missing), policy.window);
        let whole = missing / u128::from(per);
        Left {
            left: narrow(left.floor()),
            full_in: Ratio::up(missing, per).ceil(),
            mark: Mark {
                whole: self.now + u64::try_from(whole).unwrap_or(u64::MAX >> 1),
                part: (missing % u128::from(per)) as u64,
            },
        }
    }

    fn log(&self, policy: &Policy, cost: u32) -> Result<Left, u64> {
        let [count, _, last] = self.state;
        let count = count + u64::from(cost);
        if count > u64::from(policy.limit) {
            Err((last + policy.window).saturating_sub(self.now))
        } else {
            Ok(self.log_left(policy, count, self.now))
        }
    }

    fn log_left(&self, policy: &Policy, count: u64, newest: u64) -> Left {
        let full_in = match count {
            0 => 0,
            _ => (newest + policy.window).saturating_sub(self.now),
        };
        Left {
            left: narrow(u64::from(policy.limit).saturating_sub(count)),
            full_in,
            mark: Mark {
                whole: self.now,
                part: 0,
            },
        }
    }
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
