//! What was taken and may be given back.

use super::admission::Admission;
use super::digest::Digest;
use super::handle::Limiter;
use super::taken::Taken;

/// What was taken for a call that has not been made yet.
///
/// Dropped without a word it goes back, so that a call that is cancelled costs nothing. What goes back is never more than if it
/// had not been taken: what time has given back meanwhile, or would have been lost to a full bucket, is not given again. After a
/// change of the limit, or a [reset](Limiter::reset) of the key, nothing goes back.
#[derive(Debug)]
#[must_use = "what is reserved goes back when this is dropped"]
pub struct Reservation {
    limiter: Limiter,
    taken: Option<(Digest, Taken)>,
    cost: u32,
}

impl Reservation {
    pub(super) const fn new(limiter: Limiter, taken: Option<(Digest, Taken)>, cost: u32) -> Self {
        Self {
            limiter,
            taken,
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
    pub fn admission(&self) -> Admission {
        match self.taken {
            Some((_, taken)) => Admission::of(taken),
            None => Admission::free(),
        }
    }

    /// The call was made: nothing goes back.
    pub fn keep(mut self) {
        self.taken = None;
    }

    /// The call came to so much, and the rest goes back. What it came to beyond what was taken is not charged.
    pub fn spend(mut self, cost: u32) {
        self.cost = self.cost.saturating_sub(cost);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some((digest, taken)) = self.taken.take()
            && self.cost > 0
        {
            self.limiter.cell().refund(digest, &taken, self.cost);
        }
    }
}
