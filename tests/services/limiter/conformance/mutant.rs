//! A limiter that does one thing wrong, and all else right.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use mainstay::testkit::conformance::{Held, LimiterSetup, Limits, TimedLimiter};
use mainstay_actors::limiter::RateKey;

use crate::gate::Gate;

/// What a limiter does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Nothing,
    LetsOneMoreThrough,
    TakesOneWhateverTheCost,
    ChargesRefusals,
    SaysToWaitForEver,
    MixesKeys,
    LookingTakes,
    IsEarlyByANanosecond,
    IsLateByANanosecond,
    SaysToComeAtOnce,
    SaysMilliseconds,
    SaysTheWindow,
    GivesNothingBack,
    GivesAllBack,
    GivesBackTwice,
    ResetsNothing,
    ResetsOthersToo,
    ResetsToMore,
    FollowsTheClockBack,
    LooksBeforeItTakes,
}

/// The limiter.
pub(super) struct Mutant {
    setup: LimiterSetup,
    wrong: Wrong,
    right: TimedLimiter,
    /// What was let through that it should not have.
    beyond: AtomicU32,
    /// What can be had beside all else.
    credit: Mutex<u32>,
    now: AtomicU64,
    /// Where those wait who have seen what only one of them can have.
    last: Gate,
    /// Held while others are not to take between a look and what comes of it.
    looking: Mutex<()>,
}

/// What was taken, if it was.
pub(super) struct Slip(Option<Held>, u32);

impl Mutant {
    pub(super) fn new(setup: &LimiterSetup, wrong: Wrong) -> Self {
        let mut config = setup.config();
        match wrong {
            Wrong::IsEarlyByANanosecond => config.window -= Duration::from_nanos(1),
            Wrong::IsLateByANanosecond => config.window += Duration::from_nanos(1),
            _ => {}
        }
        Self {
            setup: *setup,
            wrong,
            right: TimedLimiter::new(config),
            beyond: AtomicU32::new(0),
            credit: Mutex::new(0),
            now: AtomicU64::new(0),
            last: Gate::of(2),
            looking: Mutex::new(()),
        }
    }

    fn is(&self, wrong: Wrong) -> bool {
        self.wrong == wrong
    }

    fn key<'a>(&self, key: &'a str) -> &'a str {
        if self.is(Wrong::MixesKeys) { "" } else { key }
    }

    fn begin_anew(&self, key: &str) {
        let reset = self.right.limiter().reset(RateKey::from(key));
        reset.expect("there is a key");
    }

    /// What it would say of how long to wait.
    fn told(&self, wait: Option<Duration>) -> Option<Duration> {
        match (self.wrong, wait) {
            (Wrong::SaysToWaitForEver, None) => Some(self.setup.window),
            (Wrong::SaysToComeAtOnce, Some(_)) => Some(Duration::ZERO),
            (Wrong::SaysMilliseconds, Some(wait)) => {
                let whole = wait.as_nanos().div_ceil(1_000_000);
                Some(Duration::from_millis(whole as u64))
            }
            (Wrong::SaysTheWindow, Some(_)) => Some(self.setup.window),
            (_, wait) => wait,
        }
    }

    /// Lets a call through that has seen enough, whether it is still there or not: the last that can be had is seen by two before
    /// either takes it. Nothing if it has not seen enough.
    fn look_and_take(&self, key: &str, cost: u32) -> Option<Slip> {
        let looking = self.looking.lock().expect("no panic");
        let left = self.right.remaining(key);
        if left < cost {
            return None;
        }
        if left - cost < cost {
            drop(looking);
            self.last.pass();
        }
        Some(Slip(self.right.take(key, cost).ok(), cost))
    }

    /// Lets a call through although it is refused.
    fn lets_through(&self, key: &str, cost: u32) -> bool {
        match self.wrong {
            Wrong::LetsOneMoreThrough => self.beyond.fetch_add(1, Ordering::Relaxed) == 0,
            Wrong::GivesBackTwice => {
                let mut credit = self.credit.lock().expect("no panic");
                let left = self.right.remaining(key);
                let has = left + *credit >= cost;
                if has {
                    *credit -= cost - left;
                    self.right.take(key, left).expect("it is left");
                }
                has
            }
            _ => false,
        }
    }
}

impl Limits for Mutant {
    type Taken = Slip;

    fn take(&self, key: &str, cost: u32) -> Result<Slip, Option<Duration>> {
        let key = self.key(key);
        if self.is(Wrong::LooksBeforeItTakes)
            && cost > 0
            && let Some(taken) = self.look_and_take(key, cost)
        {
            return Ok(taken);
        }
        let taken = match self.wrong {
            Wrong::TakesOneWhateverTheCost if cost <= self.setup.capacity() => cost.min(1),
            _ => cost,
        };
        match self.right.take(key, taken) {
            Ok(held) => Ok(Slip(Some(held), cost)),
            Err(_) if self.lets_through(key, cost) => Ok(Slip(None, cost)),
            Err(wait) => {
                if self.is(Wrong::ChargesRefusals) && wait.is_some() {
                    self.right.take(key, 1).ok();
                }
                Err(self.told(wait))
            }
        }
    }

    fn give_back(&self, taken: Slip) {
        match (self.wrong, taken.0) {
            (Wrong::GivesNothingBack, _) | (_, None) => {}
            (Wrong::GivesAllBack, Some(_)) => self.begin_anew("tried"),
            (Wrong::GivesBackTwice, Some(_)) => {
                *self.credit.lock().expect("no panic") += taken.1;
            }
            (_, Some(held)) => self.right.give_back(held),
        }
    }

    fn reset(&self, key: &str) {
        let key = self.key(key);
        match self.wrong {
            Wrong::ResetsNothing => {}
            Wrong::ResetsOthersToo => ["tried", "other"]
                .iter()
                .for_each(|key| self.begin_anew(key)),
            Wrong::ResetsToMore => {
                self.begin_anew(key);
                *self.credit.lock().expect("no panic") += 1;
            }
            _ => self.begin_anew(key),
        }
    }

    fn remaining(&self, key: &str) -> u32 {
        let key = self.key(key);
        let left = self.right.remaining(key);
        if self.is(Wrong::LookingTakes) {
            self.right.take(key, 1).ok();
        }
        left + *self.credit.lock().expect("no panic")
    }

    fn set_time(&self, time: Duration) {
        let time_now = time.as_nanos() as u64;
        let before = self.now.swap(time_now, Ordering::Relaxed);
        if time_now < before && self.is(Wrong::FollowsTheClockBack) {
            self.begin_anew("tried");
        }
        self.right.set_time(time);
    }
}
