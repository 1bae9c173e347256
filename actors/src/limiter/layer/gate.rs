//! Asking all limiters at once.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::RateLimitConfig;

use super::fields::{Left, Told};
use super::head::RequestHead;
use super::keys::{FoundKey, NoExtractor, RequestKeys};
use super::policy::RateLimitPolicy;
use crate::limiter::Admission;
use crate::limiter::several::reserve_all;
use crate::limiter::{Ask, RateKey, RateLimitError, Reservation};

/// The limiters around a service.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    keys: RequestKeys,
    policies: Vec<RateLimitPolicy>,
}

/// What was taken for a request, and what its client is told.
#[derive(Debug)]
pub(super) struct Passed {
    held: Vec<Reservation>,
    pub(super) told: Vec<Told>,
}

/// One limiter that a request has to pass.
struct Turn<'r> {
    policy: &'r RateLimitPolicy,
    config: Arc<RateLimitConfig>,
    key: Option<FoundKey<'r>>,
    cost: u32,
}

impl Gate {
    pub(super) const fn new(keys: RequestKeys) -> Self {
        Self {
            keys,
            policies: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, policy: RateLimitPolicy) -> Result<(), NoExtractor> {
        let limiter = &policy.limiter;
        self.keys.check(limiter.name(), &limiter.config().key)?;
        self.policies.push(policy);
        Ok(())
    }

    /// Takes from all limiters what the request costs, or from none. Those that only look on are asked last, and on their own:
    /// whatever they say has no effect.
    pub(super) fn admit(
        &self,
        request: RequestHead<'_>,
    ) -> Result<Passed, (RateLimitError, Vec<Told>)> {
        let turns = self.policies.iter();
        let turns = turns.filter_map(|policy| self.turn(policy, request));
        let (looking_on, turns): (Vec<_>, Vec<_>) = turns.partition(|turn| turn.config.shadow);
        let asked: Vec<Ask<'_>> = turns.iter().map(Turn::ask).collect();
        let mut held = reserve_all(&asked).map_err(|error| {
            let told = turns.iter().filter_map(|turn| turn.refused(&error));
            let told = told.collect();
            (error, told)
        })?;
        let each = turns.iter().zip(&held);
        let told = each.filter_map(|(turn, taken)| turn.passed(taken));
        let told = told.collect();
        held.extend(looking_on.iter().filter_map(Turn::look_on));
        Ok(Passed { held, told })
    }

    /// Nothing if the limiter does not limit the request.
    fn turn<'r>(
        &'r self,
        policy: &'r RateLimitPolicy,
        request: RequestHead<'r>,
    ) -> Option<Turn<'r>> {
        let cost = policy.cost_of(request);
        (cost > 0).then(|| {
            let config = policy.limiter.config();
            let key = self.keys.find(&config.key, request);
            Turn {
                policy,
                config,
                key,
                cost,
            }
        })
    }
}

impl Turn<'_> {
    fn key(&self) -> Option<RateKey<'_>> {
        self.key.as_ref().map(FoundKey::key)
    }

    fn ask(&self) -> Ask<'_> {
        Ask::new(&self.policy.limiter, self.key()).cost(self.cost)
    }

    fn look_on(&self) -> Option<Reservation> {
        let reserved = self.policy.limiter.reserve(self.key(), self.cost);
        reserved.ok()
    }

    /// What is told of a request that was let through: nothing if it has no key, and nothing of what is left if it counts nowhere.
    fn passed(&self, taken: &Reservation) -> Option<Told> {
        let admission = taken.admission();
        admission.limit()?;
        let left = admission.is_counted().then(|| self.left_after(&admission));
        Some(self.told(left.flatten()))
    }

    fn left_after(&self, admission: &Admission) -> Option<Left> {
        let (remaining, reset) = (admission.remaining()?, admission.reset_after()?);
        let more = || self.status().and_then(|status| status.retry_after);
        Some(Left {
            remaining,
            uncounted: remaining
                .saturating_add(self.cost)
                .min(self.config.capacity()),
            then: match remaining {
                0 => more().unwrap_or(reset),
                _ => reset,
            },
        })
    }

    /// What is told of a request that was not, by this limiter or another.
    fn refused(&self, error: &RateLimitError) -> Option<Told> {
        let status = self.status()?;
        let then = match status.retry_after {
            Some(time) if status.remaining == 0 => time,
            _ => status.reset_after,
        };
        let left = Left {
            remaining: status.remaining,
            uncounted: status.remaining,
            then: then.min(error.retry_after().unwrap_or(Duration::MAX)),
        };
        Some(self.told(Some(left)))
    }

    fn status(&self) -> Option<crate::limiter::RateLimitStatus> {
        let status = self.policy.limiter.status(self.key());
        status.ok().flatten()
    }

    fn told(&self, left: Option<Left>) -> Told {
        Told {
            name: self.policy.limiter.name().clone(),
            quota: self.config.limit,
            unit: self.policy.unit,
            window: self.config.window,
            left,
        }
    }
}

impl Passed {
    /// The request does not count: what was taken goes back.
    pub(super) fn uncount(&mut self) {
        self.held.clear();
        self.told.iter_mut().for_each(Told::uncount);
    }
}

impl Drop for Passed {
    /// Whatever became of the request, it was made: nothing goes back.
    fn drop(&mut self) {
        self.held.drain(..).for_each(Reservation::keep);
    }
}
