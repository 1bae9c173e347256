//! The way of a call through its guards.
//!
//! Each guard that has let the call through is held by a value that takes back what it gave when it is dropped: so the call may be
//! refused further on, cancelled or overtaken by its deadline at any point.

use std::borrow::Borrow;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use mainstay_specs::ServiceName;
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use super::error::ProtectionError;
use super::guard::Guard;
use super::guards::{Guards, Memory};
use super::handle::Protection;
use super::source::{Held, Source};
use super::watch::Watch;
use crate::breaker::{Attempt, CircuitBreaker, Classify, GiveBack, Outcome};
use crate::limiter::{RateKey, RateLimitError, Reservation, Turn};
use crate::memory::MemoryReservation;
use crate::metrics;

/// A call that is yet to be made, with nothing in it of what its key was made of. Nothing was asked or taken for it.
pub(crate) struct Ready<B> {
    /// The protection, or a reference to it.
    protection: B,
    guards: Arc<Guards>,
    limited: Option<Limited>,
    bytes: Option<u64>,
    by: Option<Instant>,
    at: &'static Location<'static>,
}

/// What a call says of itself.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said<'k> {
    pub(crate) key: Option<RateKey<'k>>,
    pub(crate) cost: Option<u32>,
    pub(crate) bytes: Option<u64>,
    pub(crate) by: Option<Instant>,
}

/// What the limiter is to be asked; or that there is no limiter, or no key.
type Limited = Result<Turn, NotAsked>;

enum NotAsked {
    Missing(ServiceName),
    Refused(RateLimitError),
}

impl<B: Borrow<Protection>> Ready<B> {
    pub(crate) fn new(protection: B, said: Said<'_>, at: &'static Location<'static>) -> Self {
        let guards = protection.borrow().guards();
        let limited = guards.limit.as_ref().map(|limit| {
            let limiter = limit.limiter.get(protection.borrow().home());
            let limiter = limiter.map_err(NotAsked::Missing)?;
            let cost = said.cost.unwrap_or(limit.cost);
            Turn::of(&limiter, said.key, cost).map_err(NotAsked::Refused)
        });
        Self {
            protection,
            guards,
            limited,
            bytes: said.bytes,
            by: said.by,
            at,
        }
    }
}

/// Leads a call through the guards, runs its operation and tells each guard what became of it.
pub(crate) async fn through<S: Source, B: Borrow<Protection>, T, E>(
    ready: Ready<B>,
    source: S,
    classify: impl Classify<T, E>,
    operation: impl AsyncFnOnce(&mut S::Lease) -> Result<T, E>,
) -> Result<T, ProtectionError<E>> {
    let (protection, guards) = (ready.protection.borrow(), &*ready.guards);
    let mut watch = Watch::new(protection);
    let time = Time::of(guards, ready.by);
    let mut sleep = pin!(time.until.map(sleep_until));
    let breaker = match first::<S, E>(protection, guards, &time) {
        Ok(breaker) => breaker,
        Err(refused) => return Err(watch.refused(refused)),
    };
    let permit = breaker.as_ref().map(|breaker| breaker.permit_at(ready.at));
    let mut attempt = match permit.transpose() {
        Ok(permit) => Attempt::new(permit),
        Err(refusal) => return Err(watch.refused(ProtectionError::CircuitOpen(refusal))),
    };
    let asks = Asks {
        protection,
        guards,
        time: &time,
        bytes: ready.bytes,
        at: ready.at,
    };
    let let_in = asks.all(ready.limited, &source, sleep.as_mut()).await;
    let Taken {
        memory,
        tokens,
        mut lease,
    } = match let_in {
        Ok(taken) => taken,
        Err(refused) => {
            attempt.settle(refused.outcome());
            return Err(watch.refused(refused));
        }
    };
    if let Some(tokens) = tokens {
        tokens.keep();
    }
    let limit = breaker
        .as_ref()
        .and_then(|breaker| breaker.cell().call_timeout());
    let within = time.narrow(limit, sleep.as_mut());
    watch.begin();
    lease.begin();
    let done = {
        let mut future = pin!(attempt.step(|| operation(&mut lease)));
        poll_fn(|cx| watch.step(|| attempt.poll(future.as_mut(), sleep.as_mut(), cx))).await
    };
    let Some(result) = done else {
        attempt.settle(Outcome::TimedOut);
        watch.ended(metrics::Outcome::Timeout);
        return Err(protection.timeout(within));
    };
    lease.end();
    drop(memory);
    settle(watch, attempt, &classify, &result);
    result.map_err(ProtectionError::Failed)
}

/// Asks what costs nothing at all; the circuit breaker that is to be asked next, if there is one.
fn first<S: Source, E>(
    protection: &Protection,
    guards: &Guards,
    time: &Time,
) -> Result<Option<CircuitBreaker>, ProtectionError<E>> {
    if let (None, Some(pool)) = (S::ASKED, &guards.pool) {
        return Err(protection.unleased(pool.clone()));
    }
    if time.is_up() {
        return Err(protection.late(Guard::Deadline));
    }
    circuit(protection, guards)
}

/// Tells the breaker and the statistics what the operation has come to.
fn settle<P: GiveBack, T, E>(
    mut watch: Watch<'_>,
    mut attempt: Attempt<P>,
    classify: &impl Classify<T, E>,
    result: &Result<T, E>,
) {
    let (outcome, refused_by) = watch.step(|| attempt.step(|| meaning(classify, result)));
    attempt.settle(outcome);
    match result {
        _ if outcome == Outcome::Refused => watch.refused_within(refused_by),
        Ok(_) => watch.ended(metrics::Outcome::Success),
        Err(_) => watch.ended(metrics::Outcome::Error),
    }
}

/// What a result means; and which guard further in has refused it, if one has.
fn meaning<T, E>(
    classify: &impl Classify<T, E>,
    result: &Result<T, E>,
) -> (Outcome, Option<Guard>) {
    match classify.classify(result) {
        Outcome::Refused => (Outcome::Refused, classify.guard(result)),
        outcome => (outcome, None),
    }
}

pub(super) fn circuit<E>(
    protection: &Protection,
    guards: &Guards,
) -> Result<Option<CircuitBreaker>, ProtectionError<E>> {
    let breaker = guards.circuit.as_ref();
    let breaker = breaker.map(|breaker| breaker.get(protection.home()));
    let missing = |name| protection.missing(Guard::Circuit, name);
    breaker.transpose().map_err(missing)
}

/// What the guards that were asked have given.
struct Taken<L> {
    memory: Option<MemoryReservation>,
    tokens: Option<Reservation>,
    lease: L,
}

/// Asking the guards that may have to be waited for.
struct Asks<'a> {
    protection: &'a Protection,
    guards: &'a Guards,
    time: &'a Time,
    bytes: Option<u64>,
    at: &'static Location<'static>,
}

impl Asks<'_> {
    async fn all<S: Source, E>(
        &self,
        limited: Option<Limited>,
        source: &S,
        mut sleep: Pin<&mut Option<Sleep>>,
    ) -> Result<Taken<S::Lease>, ProtectionError<E>> {
        let memory = match &self.guards.memory {
            Some(memory) => self.memory(memory, sleep.as_mut()).await?,
            None => None,
        };
        let tokens = match limited {
            Some(limited) => Some(self.limiter(limited, sleep).await?),
            None => None,
        };
        self.in_time(S::ASKED.unwrap_or(Guard::Deadline))?;
        // It minds the time itself, and can say how the pool stood when that was up.
        let (home, left) = (self.protection.home(), self.time.left());
        let leased = source.lease(home, left, self.at).await;
        Ok(Taken {
            memory,
            tokens,
            lease: leased.map_err(ProtectionError::NoConnection)?,
        })
    }

    async fn memory<E>(
        &self,
        memory: &Memory,
        sleep: Pin<&mut Option<Sleep>>,
    ) -> Result<Option<MemoryReservation>, ProtectionError<E>> {
        let Some(manager) = memory.manager(self.protection.home()) else {
            return Ok(None);
        };
        let demand = &memory.demand;
        let bytes = self.bytes.unwrap_or(demand.bytes);
        let taken = manager.try_reserve(demand.class, bytes, demand.priority);
        let (reservation, delay) = taken.map_err(ProtectionError::MemoryPressure)?;
        if !delay.is_zero() {
            let waited = before(tokio::time::sleep(delay), sleep).await;
            waited.ok_or_else(|| self.protection.late(Guard::Memory))?;
            self.in_time(Guard::Memory)?;
        }
        Ok(Some(reservation))
    }

    async fn limiter<E>(
        &self,
        limited: Limited,
        sleep: Pin<&mut Option<Sleep>>,
    ) -> Result<Reservation, ProtectionError<E>> {
        let turn = limited.map_err(|why| match why {
            NotAsked::Missing(name) => self.protection.missing(Guard::RateLimit, name),
            NotAsked::Refused(error) => ProtectionError::RateLimited(error),
        })?;
        let taken = before(turn.reserve(), sleep).await;
        let taken = taken.ok_or_else(|| self.protection.late(Guard::RateLimit))?;
        let taken = taken.map_err(ProtectionError::RateLimited)?;
        self.in_time(Guard::RateLimit)?;
        Ok(taken)
    }

    /// Whether there is time left when this guard has been asked.
    fn in_time<E>(&self, at: Guard) -> Result<(), ProtectionError<E>> {
        match self.time.left() {
            Some(left) if left.is_zero() => Err(self.protection.late(at)),
            _ => Ok(()),
        }
    }
}

/// What a future comes to; nothing if the time is up before.
async fn before<F: Future>(future: F, mut sleep: Pin<&mut Option<Sleep>>) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        let Some(sleep) = sleep.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        // Also when the call has used up what a task may do at once.
        pin!(unconstrained(sleep)).poll(cx).map(|()| None)
    })
    .await
}

/// How long there is for all of it.
struct Time {
    until: Option<Instant>,
    /// From its beginning.
    within: Duration,
}

impl Time {
    fn of(guards: &Guards, by: Option<Instant>) -> Self {
        if guards.deadline.is_none() && by.is_none() {
            return Self {
                until: None,
                within: Duration::MAX,
            };
        }
        let now = Instant::now();
        // One that is beyond all time is none.
        let own = guards.deadline.and_then(|within| now.checked_add(within));
        let until = own.into_iter().chain(by).min();
        Self {
            until,
            within: until.map_or(Duration::MAX, |until| until.saturating_duration_since(now)),
        }
    }

    /// The operation is about to be begun: the breaker may say that a call is to take less than what is left. How long there was, by
    /// whichever ends first.
    fn narrow(&self, limit: Option<Duration>, mut sleep: Pin<&mut Option<Sleep>>) -> Duration {
        let by = limit.and_then(|limit| Instant::now().checked_add(limit));
        match (by, limit) {
            (Some(by), Some(limit)) if self.until.is_none_or(|until| by < until) => {
                sleep.set(Some(sleep_until(by)));
                limit
            }
            _ => self.within,
        }
    }

    const fn is_up(&self) -> bool {
        self.until.is_some() && self.within.is_zero()
    }

    fn left(&self) -> Option<Duration> {
        self.until
            .map(|until| until.saturating_duration_since(Instant::now()))
    }
}
