//! The handle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use mainstay_specs::{
    Inherit, NamespaceName, OnMissingKey, OnUnavailable, RateLimitConfig, ServiceName,
};

use super::super::admission::Admission;
use super::super::digest::Digest;
use super::super::error::{RateLimitError, RateLimitExceeded, RegisterLimiterError, Unavailable};
use super::super::handle::Limiter;
use super::super::key::RateKey;
use super::super::kinds::RateLimiter;
use super::super::method::{Look, Mark, Ratio};
use super::super::stats::RateLimitStatus;
use super::super::taken::{Source, Taken};
use super::answer::{Answer, Known, Left};
use super::decision::{DecidedBy, Decision};
use super::grant::Grant;
use super::link::Link;
use super::policy::Policy;
use super::question::{Deed, Part, Question};
use super::reservation::RedisReservation;
use super::stats::RedisLimiterStats;
use super::terms::{Terms, backend, wrong_url};

/// A rate limiter whose counts are in a Redis, so that it is one limit for all machines that name the same server, prefix, namespace,
/// limiter, limit and window: a handle, cheap to clone.
///
/// It decides exactly as a [`Limiter`](super::super::Limiter) of the same configuration does, by the clock of the server, to the
/// microsecond. Each call is one round trip, and waits for the server no longer than `time_limit`. What becomes of it without an answer
/// says `on_unavailable`, and the [`Decision`] says that it was so. After some such calls none are sent for a while.
///
/// What is kept of a key is a hash, made with the `secret` of the configuration, and it vanishes when it is of no use any more. Where
/// the server throws away keys before that for want of memory, their limits begin anew: let it refuse instead (`noeviction`).
///
/// All counts of a namespace are in one slot of a cluster, as its name is a hash tag. The client itself speaks to one server: a node
/// of a cluster that does not have the slot counts as one that does not answer.
///
/// If the clock of the server goes back, as it may when another one takes over, nothing is let through that would not have been
/// otherwise: for each key time stands still until the clock has caught up, which the times of refusals say; [`reset`](Self::reset)
/// ends that.
///
/// There is no line to wait in: many machines would have to stand in it.
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
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: ServiceName,
    namespace: Option<NamespaceName>,
    terms: ArcSwap<Terms>,
    link: Arc<Link>,
    admitted: AtomicU64,
    refused: AtomicU64,
    shadowed: AtomicU64,
    undecided: AtomicU64,
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
        let same = other.inner.link.serves(backend(&config)?);
        let link = if same {
            Arc::clone(&other.inner.link)
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
        let terms = Terms::new(&name, namespace.as_ref(), config, 1)?;
        Ok(Self {
            inner: Arc::new(Inner {
                name,
                namespace,
                terms: ArcSwap::from_pointee(terms),
                link,
                admitted: AtomicU64::new(0),
                refused: AtomicU64::new(0),
                shadowed: AtomicU64::new(0),
                undecided: AtomicU64::new(0),
            }),
        })
    }

    pub(in crate::limiter) fn connection(&self) -> &Arc<Link> {
        &self.inner.link
    }

    /// What counts here meanwhile.
    pub(in crate::limiter) fn local(&self) -> Option<Limiter> {
        self.terms().local.clone()
    }

    pub(super) fn terms(&self) -> Arc<Terms> {
        self.inner.terms.load_full()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.inner.name
    }

    /// What it goes by.
    #[must_use]
    pub fn config(&self) -> Arc<RateLimitConfig> {
        Arc::clone(&self.terms().config)
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
        let key = key.into();
        let (decision, grant) = self.decide_and_hold(key, cost).await;
        if let Some(grant) = grant {
            grant.keep();
        }
        decision
    }

    /// Takes so much for a call that is yet to be made, and goes back if it is not. Without an answer of the server, there is nothing to go
    /// back to it; of what is counted here meanwhile, nothing does.
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
    ) -> Result<RedisReservation, RateLimitError> {
        let key = key.into();
        let (decision, grant) = self.decide_and_hold(key, cost).await;
        decision.outcome?;
        Ok(RedisReservation::new(grant, cost))
    }

    async fn decide_and_hold(
        &self,
        key: Option<RateKey<'_>>,
        cost: u32,
    ) -> (Decision, Option<Grant>) {
        let terms = self.terms();
        let digest = match self.digest(&terms, key) {
            Ok(digest) => digest.filter(|_| cost > 0),
            Err(error) => return (self.counted(Decision::nobody(Err(error))), None),
        };
        let Some(digest) = digest else {
            return (Decision::nobody(Ok(Admission::free())), None);
        };
        if let Err(error) = self.affordable(&terms, cost) {
            return (self.counted(Decision::nobody(Err(error))), None);
        }
        let question = Question::new(Deed::Take, vec![terms.part(digest, cost)]);
        match self.inner.link.ask(question).await {
            Ok(grant) => {
                let mut outcomes = self.read_all(&[self], &grant);
                let outcome = outcomes.pop().unwrap_or_else(|| Ok(Admission::free()));
                let held = outcome.is_ok().then_some(grant);
                (self.counted(Decision::server(outcome)), held)
            }
            Err(why) => (self.counted(self.alone(&terms, key, cost, why)), None),
        }
    }

    /// What each limiter makes of an answer, in the order of the question.
    pub(super) fn read_all(
        &self,
        limiters: &[&Self],
        grant: &Grant,
    ) -> Vec<Result<Admission, RateLimitError>> {
        let (question, answer) = (grant.question(), grant.answer());
        let parts = question.parts().iter().zip(&answer.parts);
        let read = |(limiter, (part, known)): (&&Self, (&Part, &Known))| {
            limiter.outcome(part, known, answer)
        };
        limiters.iter().zip(parts).map(read).collect()
    }

    fn outcome(
        &self,
        part: &Part,
        known: &Known,
        answer: &Answer,
    ) -> Result<Admission, RateLimitError> {
        let limit = part.policy.limit;
        match known.taken(&part.policy, part.cost, answer.raw) {
            Ok(left) if known.may() => Ok(admission(left, limit, COUNTED)),
            _ if part.shadow => {
                self.inner.shadowed.fetch_add(1, Ordering::Relaxed);
                let left = known.look(&part.policy, answer.raw);
                Ok(admission(left, limit, Source::NOWHERE))
            }
            result => Err(RateLimitError::Exceeded(RateLimitExceeded {
                policy: self.inner.name.clone(),
                limit,
                retry_after: Duration::from_micros(result.err().unwrap_or(1)),
            })),
        }
    }

    /// What becomes of a call that the server has not decided.
    fn alone(
        &self,
        terms: &Terms,
        key: Option<RateKey<'_>>,
        cost: u32,
        why: Unavailable,
    ) -> Decision {
        self.inner.undecided.fetch_add(1, Ordering::Relaxed);
        let (by, outcome) = match (terms.on_unavailable, &terms.local) {
            (OnUnavailable::Open, _) => (DecidedBy::Open, Ok(Admission::free())),
            (OnUnavailable::Local { .. }, Some(local)) => match local.check_n(key, cost) {
                // More than this machine's part, and not more than the limit: it has to wait for the server.
                Err(RateLimitError::TooCostly { .. }) => {
                    (DecidedBy::Local, Err(self.unavailable(why.clone())))
                }
                outcome => (DecidedBy::Local, outcome),
            },
            _ => (DecidedBy::Closed, Err(self.unavailable(why.clone()))),
        };
        let why = Some(why);
        Decision { by, outcome, why }
    }

    pub(super) fn unavailable(&self, reason: Unavailable) -> RateLimitError {
        RateLimitError::Unavailable {
            policy: self.inner.name.clone(),
            reason,
        }
    }

    pub(super) fn missed(&self) {
        self.inner.undecided.fetch_add(1, Ordering::Relaxed);
    }

    fn counted(&self, decision: Decision) -> Decision {
        self.count(decision.outcome.is_ok());
        decision
    }

    pub(super) fn count(&self, admitted: bool) {
        let Inner {
            admitted: yes,
            refused: no,
            ..
        } = &*self.inner;
        let count = if admitted { yes } else { no };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn affordable(&self, terms: &Terms, cost: u32) -> Result<(), RateLimitError> {
        let max = terms.config.dearest();
        if cost <= max {
            return Ok(());
        }
        Err(RateLimitError::TooCostly {
            policy: self.inner.name.clone(),
            cost,
            max,
        })
    }

    /// The digest of a key; none if there is no key and none is needed.
    pub(super) fn digest(
        &self,
        terms: &Terms,
        key: Option<RateKey<'_>>,
    ) -> Result<Option<Digest>, RateLimitError> {
        match (key, terms.config.on_missing_key) {
            (Some(key), _) => Ok(Some(key.digest(terms.secret()))),
            (None, OnMissingKey::Share) => Ok(Some(RateKey::anonymous().digest(terms.secret()))),
            (None, OnMissingKey::Admit) => Ok(None),
            _ => Err(RateLimitError::MissingKey {
                policy: self.inner.name.clone(),
            }),
        }
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
        let terms = self.terms();
        let Some(digest) = self.digest(&terms, key)? else {
            return Ok(None);
        };
        let question = Question::new(Deed::Look, vec![terms.part(digest, 1)]);
        match (self.inner.link.ask(question).await, &terms.local) {
            (Ok(grant), _) => {
                let answer = grant.answer();
                let parts = grant.question().parts().iter().zip(&answer.parts).next();
                Ok(parts.map(|(part, known)| status(part, known, answer.raw)))
            }
            (Err(_), Some(local)) => local.status(key),
            (Err(why), None) => Err(self.unavailable(why)),
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
        let terms = self.terms();
        let Some(digest) = self.digest(&terms, key)? else {
            return Ok(());
        };
        if let Some(local) = &terms.local {
            local.reset(key)?;
        }
        let question = Question::new(Deed::Forget, vec![terms.part(digest, 1)]);
        let asked = self.inner.link.ask(question).await;
        asked.map(drop).map_err(|why| self.unavailable(why))
    }

    /// Goes by another configuration from now on. The counts of another limit or window are others: all keys begin anew, here and on
    /// each machine that changes over, which is why the new one has to say so.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError::Config`]; [`RegisterLimiterError::Shared`] if keys are to keep what they have, or if the connection would be
    /// another. Nothing is changed then.
    pub fn reconfigure(&self, config: RateLimitConfig) -> Result<(), RegisterLimiterError> {
        if !self.inner.link.serves(backend(&config)?) {
            let expected = "the backend as it is, but for prefix, secret and on_unavailable";
            return Err(RegisterLimiterError::Shared { expected });
        }
        if config.on_change != Inherit::Reset {
            let expected = "on_change to be reset";
            return Err(RegisterLimiterError::Shared { expected });
        }
        let Inner {
            name, namespace, ..
        } = &*self.inner;
        let version = self.terms().version + 1;
        let terms = Terms::new(name, namespace.as_ref(), config, version)?;
        self.inner.terms.store(Arc::new(terms));
        Ok(())
    }

    /// Everything there is to know about it, but for what its keys are.
    #[must_use]
    pub fn stats(&self) -> RedisLimiterStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        RedisLimiterStats {
            namespace: self.inner.namespace.clone(),
            name: self.inner.name.clone(),
            admitted: read(&self.inner.admitted),
            refused: read(&self.inner.refused),
            shadowed: read(&self.inner.shadowed),
            undecided: read(&self.inner.undecided),
            config_version: self.terms().version,
            redis: self.inner.link.stats(),
        }
    }
}

/// Of a key. Which one, and since when, is known there and not here.
const COUNTED: Source = Source::key(1);

fn admission(left: Left, limit: u32, source: Source) -> Admission {
    Admission::of(Taken {
        look: Look {
            left: Ratio::whole(u64::from(left.left)),
            full_in: Ratio::whole(left.full_in.saturating_mul(1000)),
            mark: Mark::of(0),
        },
        limit,
        source,
    })
}

fn status(part: &Part, known: &Known, raw: u64) -> RateLimitStatus {
    let policy: &Policy = &part.policy;
    let left = known.look(policy, raw);
    let wait = known.taken(policy, 1, raw).err();
    RateLimitStatus {
        limit: policy.limit,
        remaining: left.left,
        limited: wait.is_some() && !part.shadow,
        retry_after: wait.map(Duration::from_micros),
        reset_after: Duration::from_micros(left.full_in),
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
