//! Asking the servers that keep counts, once all limiters of this process have let a request through.

use std::sync::Arc;

use super::fields::{Left, Told};
use super::gate::{Passed, Refused, Turn};
use crate::limiter::redis::{self, Refusals, Said, decide_all};
use crate::limiter::{RateLimitError, RateLimitStatus, Reservation};

/// All that servers are asked for, with nothing of the request in it.
pub(super) struct Servers(Vec<Call>);

/// What one limiter is asked for.
struct Call {
    turn: redis::Turn,
    told: Told,
    cost: u32,
    capacity: u32,
    shadow: bool,
}

impl Servers {
    /// Those of these limiters whose counts are in a server.
    ///
    /// # Errors
    ///
    /// One refuses the request without being asked.
    pub(super) fn of(turns: &[Turn<'_>]) -> Result<Self, RateLimitError> {
        let call = |turn: &Turn<'_>| {
            let limiter = turn.policy.limiter.redis()?;
            let asked = limiter.turn(turn.key(), turn.cost);
            Some(asked.map(|asked| Call {
                turn: asked,
                told: turn.told(None),
                cost: turn.cost,
                capacity: turn.config.capacity(),
                shadow: turn.config.shadow,
            }))
        };
        let calls: Result<Vec<_>, _> = turns.iter().filter_map(call).collect();
        calls.map(Self)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Asks one server after another; if one refuses, what was taken before goes back. Dropped before it is done, all goes back.
    pub(super) async fn ask(
        self,
        mut held: Vec<Reservation>,
        mut told: Vec<Told>,
    ) -> Result<Passed, Refused> {
        let mut rest = self.0;
        while let Some(first) = rest.first() {
            let link = Arc::clone(first.turn.link());
            let with = |call: &Call| Arc::ptr_eq(call.turn.link(), &link);
            let (calls, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(with);
            rest = others;
            match ask_one(&calls).await {
                Ok((taken, tells)) => {
                    held.extend(taken);
                    told.extend(tells);
                }
                Err(Refused { error, told: tells }) => {
                    told.iter_mut().for_each(|told| told.refuse(&error));
                    told.extend(tells);
                    told.extend(rest.into_iter().filter_map(Call::untold));
                    return Err(Refused { error, told });
                }
            }
        }
        Ok(Passed::new(held, told))
    }
}

/// Asks the limiters of one server.
async fn ask_one(calls: &[Call]) -> Result<(Vec<Reservation>, Vec<Told>), Refused> {
    let turns: Vec<_> = calls.iter().map(|call| call.turn.clone()).collect();
    let verdict = match decide_all(&turns, Refusals::Count).await {
        Ok(verdict) => verdict,
        Err(error) => {
            let told = Vec::new();
            return Err(Refused { error, told });
        }
    };
    let each = calls.iter().zip(&verdict.each);
    if let Some(error) = verdict.refusal() {
        let told = each.filter_map(|(call, said)| call.refused(said, &error));
        let told = told.collect();
        return Err(Refused { error, told });
    }
    let told = each.filter_map(|(call, said)| call.passed(said)).collect();
    Ok((verdict.held, told))
}

impl Call {
    /// Nothing if it only looks on, or if there was nothing to count.
    fn tells(&self) -> Option<Told> {
        (!self.shadow && self.turn.counts()).then(|| self.told.clone())
    }

    fn untold(self) -> Option<Told> {
        self.tells()
    }

    /// What is told of a request that was let through: nothing of what is left, if it counts nowhere.
    fn passed(&self, said: &Said) -> Option<Told> {
        let mut told = self.tells()?;
        let counted = said.outcome.as_ref().is_ok_and(|one| one.is_counted());
        told.left = said.status.filter(|_| counted).map(|status| {
            let RateLimitStatus {
                remaining,
                retry_after,
                reset_after,
                ..
            } = status;
            let more = retry_after.filter(|_| remaining == 0);
            Left {
                remaining,
                uncounted: remaining.saturating_add(self.cost).min(self.capacity),
                then: more.unwrap_or(reset_after),
            }
        });
        Some(told)
    }

    fn refused(&self, said: &Said, error: &RateLimitError) -> Option<Told> {
        let mut told = self.tells()?;
        told.left = said.status.map(|status| Left::refused(&status, error));
        Some(told)
    }
}
