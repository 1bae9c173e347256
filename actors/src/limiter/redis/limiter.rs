//! The handle.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{Inherit, NamespaceName, RateLimitConfig, ServiceName};

use super::super::admission::Admission;
use super::super::error::{RateLimitError, RegisterLimiterError};
use super::super::handle::Limiter;
use super::super::key::RateKey;
use super::super::kinds::RateLimiter;
use super::super::reservation::Reservation;
use super::super::stats::{LimiterStats, RateLimitStatus};
use super::cell::Cell;
use super::decision::Decision;
use super::link::Link;
use super::question::{Deed, Question};
use super::read::status;
use super::terms::{Terms, backend, wrong_url};
use super::turn::Turn;

/// A rate limiter whose counts are in a Redis, so that it is one limit for all machines that name the same server, prefix, namespace,
/// limiter, limit and window: a handle, cheap to clone.
///
/// It decides exactly as a [`Limiter`](super::super::Limiter) of the same configuration does, by the clock of the server, to the
/// microsecond. Each call is one round trip, and waits for the server no longer than `time_limit`. What becomes of it without an answer
/// says `on_unavailable`, and the [`Decision`] says that it was so. After some such calls none are sent for a while.
///
/// What is kept of a key is a hash, made with the `secret` of the configuration, and it vanishes when it is of no use any more. Where
/// the server throws away keys before that for want of memory, or is started anew without what it knew, their limits begin anew: let it
/// refuse instead (`noeviction`), and keep its data (`appendonly`), where that matters.
///
/// All counts of a namespace are in one slot of a cluster, as its name is a hash tag. The client itself speaks to one server: a node
/// of a cluster that does not have the slot counts as one that does not answer.
///
/// If the clock of the server goes back, as it may when another one takes over, nothing is let through that would not have been
/// otherwise: for each key time stands still until the clock has caught up, which the times of refusals say; [`reset`](Self::reset)
/// ends that.
///
/// Whoever [waits](Self::wait) stands in a line of this machine; other machines have lines of their own.
///
/// ```no_run
/// use std::time::Duration;
///
/// use mainstay_actors::limiter::{RateKey, RedisLimiter};
/// use mainstay_specs::{Backend, OnUnavailable, RateLimitConfig, RedisBackend, ServiceName};
///
/// # async fn shown() -> Result<(), Box<dyn std::error::Error>> {
/// let redis = RedisBackend::new("redis://10.0.0.5/", "as long and as secret as a password")
///     .on_unavailable(OnUnavailable::Local { one_of: 4 });
/// let config = RateLimitConfig::token_bucket(100, Duration::from_secs(60)).backend(Backend::redis(redis));
/// let limiter = RedisLimiter::new(ServiceName::new("login")?, config)?;
///
/// limiter.check(RateKey::user("ada"), 1).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisLimiter {
    cell: Arc<Cell>,
}

impl RedisLimiter {
    /// A limiter that stands alone, outside of any namespace, with a connection of its own. Nothing is sent yet, and whether there is
    /// a server is not known.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError::Config`], also if the configuration names no Redis.
    pub fn new(name: ServiceName, config: RateLimitConfig) -> Result<Self, RegisterLimiterError> {
        let link = Self::link(&config)?;
        Self::born(name, None, config, link)
    }

    /// As [`new`](Self::new), with the connection of another limiter, if the backend is the same but for the prefix, the secret and
    /// `on_unavailable`; otherwise with one of its own. Only limiters with one connection can be [asked as one](super::check_all_redis).
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn beside(
        other: &Self,
        name: ServiceName,
        config: RateLimitConfig,
    ) -> Result<Self, RegisterLimiterError> {
        let same = other.cell.link.serves(backend(&config)?);
        let link = if same {
            Arc::clone(&other.cell.link)
        } else {
            Self::link(&config)?
        };
        Self::born(name, None, config, link)
    }

    /// A connection for this configuration.
    pub(in crate::limiter) fn link(
        config: &RateLimitConfig,
    ) -> Result<Arc<Link>, RegisterLimiterError> {
        let link = Link::new(backend(config)?);
        // What the client says of an address does not repeat it.
        let link = link.map_err(|error| wrong_url(error.category()))?;
        Ok(Arc::new(link))
    }

    pub(in crate::limiter) fn born(
        name: ServiceName,
        namespace: Option<NamespaceName>,
        config: RateLimitConfig,
        link: Arc<Link>,
    ) -> Result<Self, RegisterLimiterError> {
        let cell = Arc::new(Cell::new(name, namespace, config, link)?);
        Ok(Self { cell })
    }

    pub(in crate::limiter) fn connection(&self) -> &Arc<Link> {
        &self.cell.link
    }

    /// What counts here meanwhile.
    pub(in crate::limiter) fn local(&self) -> Option<Limiter> {
        self.cell.terms().local.clone()
    }

    #[cfg(test)]
    pub(super) fn terms(&self) -> Arc<Terms> {
        self.cell.terms()
    }

    /// A call that it may be asked for.
    ///
    /// # Errors
    ///
    /// It has no key, or costs more than a call may.
    pub(in crate::limiter) fn turn(
        &self,
        key: Option<RateKey<'_>>,
        cost: u32,
    ) -> Result<Turn, RateLimitError> {
        Turn::new(&self.cell, key, cost)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.cell.name
    }

    /// What it goes by.
    #[must_use]
    pub fn config(&self) -> Arc<RateLimitConfig> {
        Arc::clone(&self.cell.terms().config)
    }

    /// Lets a call through that costs so much, or refuses it: the outcome of [`decide`](Self::decide).
    ///
    /// # Errors
    ///
    /// [`RateLimitError::Exceeded`], [`RateLimitError::TooCostly`], [`RateLimitError::MissingKey`]; [`RateLimitError::Unavailable`] if the
    /// server has not answered and such calls are refused. [`RateLimitError::Full`] only of what is counted here meanwhile.
    ///
    /// Cancel safety: what is taken for a call that is dropped goes back.
    pub async fn check<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
    ) -> Result<Admission, RateLimitError> {
        let key = key.into();
        self.decide(key, cost).await.outcome
    }

    /// Lets a call through that costs so much, or refuses it, and says who has decided that, and what was wrong if it was not the
    /// server.
    ///
    /// Cancel safety: what is taken for a call that is dropped goes back.
    pub async fn decide<'a>(&self, key: impl Into<Option<RateKey<'a>>>, cost: u32) -> Decision {
        let turn = self.turn(key.into(), cost);
        match turn {
            Ok(turn) => turn.decide().await,
            Err(error) => Decision::nobody(Err(error)),
        }
    }

    /// Takes so much for a call that is yet to be made, and goes back if it is not: to the server, or to what is counted here while it does
    /// not answer.
    ///
    /// # Errors
    ///
    /// Those of [`check`](Self::check).
    ///
    /// Cancel safety: as that of [`check`](Self::check).
    pub async fn reserve<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
    ) -> Result<Reservation, RateLimitError> {
        let turn = self.turn(key.into(), cost);
        turn?.reserve().await
    }

    /// Waits until a call that costs so much may be made. Of those of this machine that wait for a key, whoever came first goes first,
    /// whatever it costs, and only that one asks the server; other machines have lines of their own, and calls that do not wait stand in none.
    /// As many may wait as `waiters_max` says, over all keys. It goes by the configuration that it began with.
    ///
    /// # Errors
    ///
    /// [`RateLimitError::TooCostly`], [`RateLimitError::MissingKey`], [`RateLimitError::QueueFull`]; [`RateLimitError::Unavailable`] and
    /// [`RateLimitError::Full`] as [`check`](Self::check), at any moment.
    ///
    /// # Panics
    ///
    /// If it has to wait outside of a tokio runtime with time.
    ///
    /// Cancel safety: the place in the line is lost when this is dropped, and what is taken for it goes back.
    pub async fn wait<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
    ) -> Result<Admission, RateLimitError> {
        let turn = self.turn(key.into(), cost);
        turn?.wait(None).await
    }

    /// As [`wait`](Self::wait), no longer than `within`, beside the time that the server takes to answer. If that is known not to be enough,
    /// it does not wait at all.
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait), and [`RateLimitError::TooLate`]: of those behind others, `ready_in` is when the first of them will ask
    /// again.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    ///
    /// Cancel safety: as that of [`wait`](Self::wait).
    pub async fn wait_for<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
        within: Duration,
    ) -> Result<Admission, RateLimitError> {
        let turn = self.turn(key.into(), cost);
        turn?.wait(Some(within)).await
    }

    /// What a key has left; nothing is taken. None for a call without a key that is let through.
    ///
    /// # Errors
    ///
    /// [`RateLimitError::MissingKey`]; [`RateLimitError::Unavailable`] if the server has not answered, unless this machine counts for
    /// itself then: what it has is what is told.
    ///
    /// Cancel safety: safe.
    pub async fn status<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
    ) -> Result<Option<RateLimitStatus>, RateLimitError> {
        let key = key.into();
        let terms = self.cell.terms();
        let Some(keys) = self.cell.keys(&terms, key)? else {
            return Ok(None);
        };
        let question = Question::new(Deed::Look, vec![terms.part(keys.there, 1)]);
        match (self.cell.link.ask(question).await, &terms.local) {
            (Ok(grant), _) => {
                let answer = grant.answer();
                let parts = grant.question().parts().iter().zip(&answer.parts).next();
                Ok(parts.map(|(part, known)| status(part, known, answer.raw)))
            }
            (Err(_), Some(local)) => local.status(key),
            (Err(why), None) => Err(self.cell.unavailable(why)),
        }
    }

    /// Lets a key begin anew, in the server and here.
    ///
    /// # Errors
    ///
    /// [`RateLimitError::MissingKey`]; [`RateLimitError::Unavailable`]: whether it begins anew in the server is not known then.
    ///
    /// Cancel safety: safe; it may be done all the same.
    pub async fn reset<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
    ) -> Result<(), RateLimitError> {
        let key = key.into();
        let terms = self.cell.terms();
        let Some(keys) = self.cell.keys(&terms, key)? else {
            return Ok(());
        };
        if let Some(local) = &terms.local {
            local.reset(key)?;
        }
        let question = Question::new(Deed::Forget, vec![terms.part(keys.there, 1)]);
        let asked = self.cell.link.ask(question).await;
        asked.map(drop).map_err(|why| self.cell.unavailable(why))
    }

    /// Goes by another configuration from now on. The counts of another limit, window or algorithm, prefix or secret are others: all keys
    /// begin anew, here and on each machine that changes over, which is why the new one has to say so (`on_change: reset`). Otherwise the
    /// counts in the server stay as they are, as when a limiter is told to hold that only looked on. What is counted here meanwhile
    /// always begins anew.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError::Config`]; [`RegisterLimiterError::Shared`] if keys are to keep what they cannot, or if the connection would be
    /// another. Nothing is changed then.
    pub fn reconfigure(&self, config: RateLimitConfig) -> Result<(), RegisterLimiterError> {
        if !self.cell.link.serves(backend(&config)?) {
            let expected = "the backend as it is, but for prefix, secret and on_unavailable";
            return Err(RegisterLimiterError::Shared { expected });
        }
        let resets = config.on_change == Inherit::Reset;
        let may = |before: &Terms, after: &Terms| {
            let expected = "on_change to be reset";
            let wrong = Err(RegisterLimiterError::Shared { expected });
            if resets || before.counts_as(after) {
                Ok(())
            } else {
                wrong
            }
        };
        self.cell.change(config, may)
    }

    /// Everything there is to know about it, but for what its keys are. `keys`, `bytes`, `crowded` and `evicted` are of what is counted
    /// here while the server does not answer.
    #[must_use]
    pub fn stats(&self) -> LimiterStats {
        self.cell.stats()
    }
}

impl RateLimiter for RedisLimiter {
    async fn check_rate_limit(
        &self,
        key: Option<RateKey<'_>>,
        cost: u32,
    ) -> Result<Admission, RateLimitError> {
        self.check(key, cost).await
    }

    async fn reset_rate_limit(&self, key: Option<RateKey<'_>>) -> Result<(), RateLimitError> {
        self.reset(key).await
    }

    async fn rate_limit_status(
        &self,
        key: Option<RateKey<'_>>,
    ) -> Result<Option<RateLimitStatus>, RateLimitError> {
        self.status(key).await
    }
}
