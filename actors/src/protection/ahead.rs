//! Asking ahead: whether a call would be refused, before something is done for it that costs.

use std::convert::Infallible;

use tokio::time::Instant;

use super::call::Call;
use super::error::ProtectionError;
use super::guard::Guard;
use super::guards::Guards;
use super::passage::circuit;
use crate::breaker::Outcome;

type Refused = ProtectionError<Infallible>;

impl Call<'_> {
    /// Refuses the call already now, if a guard is sure to do so that takes nothing to be asked. In this order: the
    /// time by which it is to be done, if that is past; the circuit breaker; the memory
    /// manager, while it refuses all of the class; the rate limiter, if its counts are in this process and the key has not enough left.
    ///
    /// It is for those who have to do something before the call that costs and is no part of it, such as to read what it is about from a
    /// client that may be slow. It promises nothing: when the call is run, all guards are asked.
    ///
    /// # Errors
    ///
    /// The refusal. It has been counted as that of this call, which is not to be run then.
    pub fn ask_ahead(&self) -> Result<(), ProtectionError<Infallible>> {
        let guards = self.protection.guards();
        let asked = self
            .time_ahead()
            .and_then(|()| self.circuit_ahead(&guards))
            .and_then(|()| self.memory_ahead(&guards))
            .and_then(|()| self.limiter_ahead(&guards));
        asked.inspect_err(|refused| {
            let guard = refused.guard().unwrap_or(Guard::Deadline);
            self.protection.counts().refused(guard);
        })
    }

    fn time_ahead(&self) -> Result<(), Refused> {
        let is_up = self.said.by.is_some_and(|by| by <= Instant::now());
        match is_up {
            true => Err(self.protection.late(Guard::Deadline)),
            false => Ok(()),
        }
    }

    fn circuit_ahead(&self, guards: &Guards) -> Result<(), Refused> {
        let Some(breaker) = circuit(self.protection, guards)? else {
            return Ok(());
        };
        if breaker.check_state().is_err() {
            // Counted as a refusal of it. Should it let calls through since a moment ago, what this one got goes back.
            let permit = breaker.permit_at(self.at);
            let permit = permit.map_err(ProtectionError::CircuitOpen)?;
            permit.settle(Outcome::Refused);
        }
        Ok(())
    }

    fn memory_ahead(&self, guards: &Guards) -> Result<(), Refused> {
        let memory = guards.memory.as_ref();
        let Some((memory, manager)) =
            memory.and_then(|memory| Some((memory, memory.manager(self.protection.home())?)))
        else {
            return Ok(());
        };
        let bytes = self.said.bytes.unwrap_or(memory.demand.bytes);
        let refused = manager.refuse_ahead(memory.demand.class, bytes);
        refused.map_or(Ok(()), |why| Err(ProtectionError::MemoryPressure(why)))
    }

    fn limiter_ahead(&self, guards: &Guards) -> Result<(), Refused> {
        let Some(limit) = &guards.limit else {
            return Ok(());
        };
        let limiter = limit.limiter.get(self.protection.home());
        let limiter = limiter.map_err(|name| self.protection.missing(Guard::RateLimit, name))?;
        let Some(limiter) = limiter.local() else {
            return Ok(());
        };
        let (key, cost) = (self.said.key, self.said.cost.unwrap_or(limit.cost));
        let status = limiter.status(key).map_err(ProtectionError::RateLimited)?;
        if status.is_some_and(|status| status.limited || status.remaining < cost) {
            // As with the breaker.
            let taken = limiter.reserve(key, cost);
            drop(taken.map_err(ProtectionError::RateLimited)?);
        }
        Ok(())
    }
}
