//! A call that a limiter is asked for.

use std::sync::Arc;

use super::super::admission::Admission;
use super::super::error::RateLimitError;
use super::super::key::RateKey;
use super::super::reservation::Reservation;
use super::cell::Cell;
use super::decision::Decision;
use super::link::Link;
use super::question::Part;
use super::terms::{Keys, Terms};
use super::verdict::{Verdict, decide_all};

/// A call that a limiter is asked for, with nothing in it of what its key was made of. Dropped, nothing is taken.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(super) cell: Arc<Cell>,
    pub(super) terms: Arc<Terms>,
    /// Nothing if there is nothing to count.
    pub(super) keys: Option<Keys>,
    pub(super) cost: u32,
}

/// Whether a refusal counts as one, or whoever is refused will come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::limiter) enum Refusals {
    Count,
    DoNot,
}

impl Turn {
    /// A call with this key.
    ///
    /// # Errors
    ///
    /// It has none, or costs more than a call may. That counts as a refusal.
    pub(super) fn new(
        cell: &Arc<Cell>,
        key: Option<RateKey<'_>>,
        cost: u32,
    ) -> Result<Self, RateLimitError> {
        let terms = cell.terms();
        let max = terms.config.dearest();
        let keys = match cell.keys(&terms, key) {
            Ok(Some(_)) if cost > max => Err(cell.too_costly(cost, max)),
            keys => keys,
        };
        let keys = match keys {
            Ok(keys) => keys.filter(|_| cost > 0),
            // It refuses nobody, and there is nothing to count.
            Err(RateLimitError::TooCostly { .. }) if terms.config.shadow => {
                cell.look_on();
                None
            }
            Err(error) => {
                cell.refuse();
                return Err(error);
            }
        };
        if key.is_none() && terms.looks_on_without_key() {
            cell.look_on();
        }
        Ok(Self {
            cell: Arc::clone(cell),
            terms,
            keys,
            cost,
        })
    }

    pub(in crate::limiter) fn link(&self) -> &Arc<Link> {
        &self.cell.link
    }

    /// Whether there is something to count.
    #[cfg(feature = "tower")]
    pub(in crate::limiter) const fn counts(&self) -> bool {
        self.keys.is_some()
    }

    /// What the server is asked for.
    pub(super) fn part(&self) -> Option<Part> {
        let keys = self.keys.as_ref()?;
        Some(self.terms.part(keys.there, self.cost))
    }

    /// Lets it through, or refuses it.
    pub(in crate::limiter) async fn decide(self) -> Decision {
        let (decision, held) = self.settle(Refusals::Count).await;
        held.keep();
        decision
    }

    /// Takes what goes back if the call is not made.
    pub(in crate::limiter) async fn reserve(self) -> Result<Reservation, RateLimitError> {
        let (decision, held) = self.settle(Refusals::Count).await;
        decision.outcome.map(|_| held)
    }

    /// What becomes of it, and what was taken for it.
    pub(super) async fn settle(self, refusals: Refusals) -> (Decision, Reservation) {
        let cost = self.cost;
        if self.keys.is_none() {
            let nothing = Admission::free();
            let decision = Decision::nobody(Ok(nothing));
            return (decision, Reservation::nothing(nothing, cost));
        }
        // What is asked for alone is asked for together.
        let Verdict {
            by,
            why,
            mut each,
            mut held,
        } = match decide_all(&[self], refusals).await {
            Ok(verdict) => verdict,
            Err(error) => {
                let decision = Decision::nobody(Err(error));
                return (decision, Reservation::nothing(Admission::free(), cost));
            }
        };
        let outcome = each
            .pop()
            .map_or(Ok(Admission::free()), |said| said.outcome);
        let nothing = || Reservation::nothing(Admission::free(), cost);
        let held = held.pop().unwrap_or_else(nothing);
        (Decision { by, outcome, why }, held)
    }
}
