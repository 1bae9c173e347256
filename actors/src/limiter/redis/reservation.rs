//! What was taken from the server and may be given back.

use super::grant::Grant;

/// What was taken for a call that has not been made yet.
///
/// Dropped without a word it goes back, as far as time has not done so, in a task of the runtime it was taken in. What cannot be given
/// back, as the server does not answer then, is lost until time gives it back.
#[derive(Debug)]
#[must_use = "what is reserved goes back when this is dropped"]
pub struct RedisReservation {
    grant: Option<Grant>,
    cost: u32,
}

impl RedisReservation {
    pub(super) const fn new(grant: Option<Grant>, cost: u32) -> Self {
        Self { grant, cost }
    }

    /// How much was taken.
    #[must_use]
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// The call was made: nothing goes back.
    pub fn keep(mut self) {
        self.give_back(0);
    }

    /// The call came to so much, and the rest goes back. What it came to beyond what was taken is not charged.
    pub fn spend(mut self, cost: u32) {
        let rest = self.cost.saturating_sub(cost);
        self.give_back(rest);
    }

    fn give_back(&mut self, cost: u32) {
        if let Some(grant) = self.grant.take() {
            grant.give_back(cost);
        }
    }
}
