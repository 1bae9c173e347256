//! Asking all limiters at once.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mainstay_specs::RateLimitConfig;

use super::fields::{Left, Told};
use super::head::RequestHead;
use super::keys::{FoundKey, NoExtractor, RequestKeys};
use super::policy::RateLimitPolicy;
#[cfg(feature = "redis")]
use super::servers::Servers;
use crate::limiter::Admission;
use crate::limiter::several::reserve_all;
use crate::limiter::{Ask, RateKey, RateLimitError, RateLimitStatus, Reservation};

/// The limiters around a service.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    keys: RequestKeys,
    policies: Vec<RateLimitPolicy>,
}

/// What becomes of a request.
pub(super) enum Verdict {
    Passed(Passed),
    Refused(Refused),
    /// It hangs on a server. Dropped, what was taken goes back.
    #[cfg_attr(not(feature = "redis"), allow(dead_code))]
    Asking(Asking),
}

/// Asks servers what becomes of a request.
pub(super) type Asking = Pin<Box<dyn Future<Output = Result<Passed, Refused>> + Send>>;

/// What was taken for a request, and what its client is told.
#[derive(Debug)]
pub(super) struct Passed {
    held: Vec<Reservation>,
    pub(super) told: Vec<Told>,
}

/// Why a request is refused, and what its client is told.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: RateLimitError,
    pub(super) told: Vec<Told>,
}

/// One limiter that a request has to pass.
pub(super) struct Turn<'r> {
    pub(super) policy: &'r RateLimitPolicy,
    pub(super) config: Arc<RateLimitConfig>,
    key: Option<FoundKey<'r>>,
    pub(super) cost: u32,
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

    /// Takes from all limiters what the request costs, or from none: first from those of this process, all at once, then from those of
    /// each server.
    pub(super) fn admit(&self, request: RequestHead<'_>) -> Verdict {
        let turns = self.policies.iter();
        let mut turns: Vec<_> = turns
            .filter_map(|policy| self.turn(policy, request))
            .collect();
        // Clients are told of them in the order in which they are asked, whatever comes of it.
        turns.sort_by_key(|turn| !turn.is_here());
        match self.admit_turns(&turns) {
            Ok(verdict) => verdict,
            Err(error) => {
                let told = turns.iter().filter(|turn| !turn.config.shadow);
                let told = told.filter_map(|turn| turn.refused(&error));
                let told = told.collect();
                Verdict::Refused(Refused { error, told })
            }
        }
    }

    fn admit_turns(&self, turns: &[Turn<'_>]) -> Result<Verdict, RateLimitError> {
        // Those that have no key are found before anything is taken.
        #[cfg(feature = "redis")]
        let servers = Servers::of(turns)?;
        let passed = Self::admit_here(turns)?;
        #[cfg(feature = "redis")]
        if !servers.is_empty() {
            // Taken apart here, so that all goes back if nobody ever polls it.
            let (held, told) = passed.open();
            return Ok(Verdict::Asking(Box::pin(servers.ask(held, told))));
        }
        Ok(Verdict::Passed(passed))
    }

    /// Those that only look on are asked last, and on their own: whatever they say has no effect.
    fn admit_here(turns: &[Turn<'_>]) -> Result<Passed, RateLimitError> {
        let here = turns.iter().filter(|turn| turn.is_here());
        let (looking_on, turns): (Vec<_>, Vec<_>) = here.partition(|turn| turn.config.shadow);
        let asked: Vec<Ask<'_>> = turns.iter().filter_map(|turn| turn.ask()).collect();
        let mut held = reserve_all(&asked)?;
        let each = turns.iter().zip(&held);
        let told = each.filter_map(|(turn, taken)| turn.passed(taken));
        let told = told.collect();
        held.extend(looking_on.iter().filter_map(|turn| turn.look_on()));
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
    pub(super) fn key(&self) -> Option<RateKey<'_>> {
        self.key.as_ref().map(FoundKey::key)
    }

    /// Whether the counts are in this process.
    fn is_here(&self) -> bool {
        self.policy.limiter.local().is_some()
    }

    fn ask(&self) -> Option<Ask<'_>> {
        let limiter = self.policy.limiter.local()?;
        Some(Ask::new(limiter, self.key()).cost(self.cost))
    }

    fn look_on(&self) -> Option<Reservation> {
        let limiter = self.policy.limiter.local()?;
        limiter.reserve(self.key(), self.cost).ok()
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
        let then = match remaining {
            0 => more().unwrap_or(reset),
            _ => reset,
        };
        let uncounted = remaining.saturating_add(self.cost);
        Some(Left {
            remaining,
            uncounted: uncounted.min(self.config.capacity()),
            then,
        })
    }

    /// What is told of a request that was not, by this limiter or another. What is left in a server, nobody knows then.
    fn refused(&self, error: &RateLimitError) -> Option<Told> {
        if !self.is_here() {
            return self.key.as_ref().map(|_| self.told(None));
        }
        let status = self.status()?;
        Some(self.told(Some(Left::refused(&status, error))))
    }

    fn status(&self) -> Option<RateLimitStatus> {
        let status = self.policy.limiter.local()?.status(self.key());
        status.ok().flatten()
    }

    pub(super) fn told(&self, left: Option<Left>) -> Told {
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
    #[cfg(feature = "redis")]
    pub(super) const fn new(held: Vec<Reservation>, told: Vec<Told>) -> Self {
        Self { held, told }
    }

    /// What was taken, which goes back when it is dropped, and what is told.
    #[cfg(feature = "redis")]
    pub(super) fn open(mut self) -> (Vec<Reservation>, Vec<Told>) {
        let held = std::mem::take(&mut self.held);
        (held, std::mem::take(&mut self.told))
    }

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
