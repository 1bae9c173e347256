//! What was taken and may be given back.

use super::admission::Admission;
use super::digest::Digest;
use super::handle::Limiter;
#[cfg(feature = "redis")]
use super::redis::Grant;
use super::taken::Taken;

/// What was taken for a call that has not been made yet.
///
/// Dropped without a word it goes back, so that a call that is cancelled costs nothing. What goes back is never more than if it
/// had not been taken: what time has given back meanwhile, or would have been lost to a full bucket, is not given again. After a
/// change of the limit, or a [reset](Limiter::reset) of the key, nothing goes back.
///
/// What was taken in a server goes back in a task of the runtime it was taken in. What cannot be given back, as the server does not
/// answer then, is lost until time gives it back.
#[derive(Debug)]
#[must_use = "what is reserved goes back when this is dropped"]
pub struct Reservation {
    held: Held,
    admission: Admission,
    cost: u32,
}

/// Where it goes back to.
#[derive(Debug)]
enum Held {
    Nowhere,
    Here(Limiter, Digest, Taken),
    #[cfg(feature = "redis")]
    There(Grant),
}

impl Reservation {
    pub(super) const fn nothing(admission: Admission, cost: u32) -> Self {
        Self {
            held: Held::Nowhere,
            admission,
            cost,
        }
    }

    pub(super) fn new(limiter: Limiter, taken: Option<(Digest, Taken)>, cost: u32) -> Self {
        let Some((digest, taken)) = taken else {
            return Self::nothing(Admission::free(), cost);
        };
        Self {
            held: Held::Here(limiter, digest, taken),
            admission: Admission::of(taken),
            cost,
        }
    }

    /// Of what a server has taken.
    #[cfg(feature = "redis")]
    pub(super) const fn there(grant: Grant, admission: Admission, cost: u32) -> Self {
        Self {
            held: Held::There(grant),
            admission,
            cost,
        }
    }

    /// How much was taken.
    #[must_use]
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// What the key had left after it was taken.
    #[must_use]
    pub const fn admission(&self) -> Admission {
        self.admission
    }

    /// The call was made: nothing goes back.
    pub fn keep(mut self) {
        self.give_back(Some(0));
    }

    /// The call came to so much, and the rest goes back. What it came to beyond what was taken is not charged.
    pub fn spend(mut self, cost: u32) {
        self.give_back(Some(self.cost.saturating_sub(cost)));
    }

    /// So much goes back, or all.
    fn give_back(&mut self, cost: Option<u32>) {
        match std::mem::replace(&mut self.held, Held::Nowhere) {
            Held::Nowhere => {}
            Held::Here(limiter, digest, taken) => {
                let cost = cost.unwrap_or(self.cost);
                if cost > 0 {
                    limiter.cell().refund(digest, &taken, cost);
                }
            }
            #[cfg(feature = "redis")]
            Held::There(grant) => match cost {
                Some(cost) => grant.give_back(cost),
                None => drop(grant),
            },
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.give_back(None);
    }
}
