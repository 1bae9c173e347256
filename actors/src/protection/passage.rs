//! The way of a call through its guards.
//!
//! Each guard that has let the call through is held by a value that takes back what it gave when it is dropped: so the call may be
//! refused further on, cancelled or overtaken by its deadline at any point.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use super::call::Call;
use super::error::ProtectionError;
use super::guard::Guard;
use super::guards::Guards;
use super::handle::Protection;
use super::source::{Held, Source};
use super::watch::Watch;
use crate::breaker::{Attempt, CircuitBreaker, Classify, Outcome, Permit};
use crate::limiter::Reservation;
use crate::metrics;

/// Leads a call through the guards, runs its operation and tells each guard what became of it.
pub(super) async fn through<S: Source, T, E>(
    call: Call<'_, S>,
    classify: impl Classify<T, E>,
    operation: impl AsyncFnOnce(&mut S::Lease) -> Result<T, E>,
) -> Result<T, ProtectionError<E>> {
    let protection = call.protection;
    let guards = protection.guards();
    let mut watch = Watch::new(protection);
    let time = Time::of(&guards, call.by);
    let mut sleep = pin!(time.until.map(sleep_until));
    if time.is_up() {
        return Err(watch.refused(protection.late(Guard::Deadline)));
    }
    let breaker = match circuit(protection, &guards) {
        Ok(breaker) => breaker,
        Err(missing) => return Err(watch.refused(missing)),
    };
    let mut attempt = match permit(breaker.as_ref(), &call) {
        Ok(permit) => Attempt::new(permit),
        Err(refused) => return Err(watch.refused(refused)),
    };
    let let_in = let_in(&call, &guards, &time, sleep.as_mut()).await;
    let (reservation, mut lease) = match let_in {
        Ok(taken) => taken,
        Err(refused) => {
            attempt.settle(refused.outcome());
            return Err(watch.refused(refused));
        }
    };
    if let Some(reservation) = reservation {
        reservation.keep();
    }
    watch.begin();
    lease.begin();
    let done = {
        let mut future = pin!(attempt.step(|| operation(&mut lease)));
        poll_fn(|cx| watch.step(|| attempt.poll(future.as_mut(), sleep.as_mut(), cx))).await
    };
    let Some(result) = done else {
        attempt.settle(Outcome::TimedOut);
        watch.ended(metrics::Outcome::Timeout);
        return Err(protection.timeout(time.within));
    };
    lease.end();
    let outcome = attempt.step(|| classify.classify(&result));
    attempt.settle(outcome);
    watch.ended(match result {
        Ok(_) => metrics::Outcome::Success,
        Err(_) => metrics::Outcome::Error,
    });
    result.map_err(ProtectionError::Failed)
}

fn circuit<E>(
    protection: &Protection,
    guards: &Guards,
) -> Result<Option<CircuitBreaker>, ProtectionError<E>> {
    let breaker = guards.circuit.as_ref();
    let breaker = breaker.map(|breaker| breaker.get(protection.home()));
    let missing = |name| protection.missing(Guard::Circuit, name);
    breaker.transpose().map_err(missing)
}

fn permit<'b, S, E>(
    breaker: Option<&'b CircuitBreaker>,
    call: &Call<'_, S>,
) -> Result<Option<Permit<'b>>, ProtectionError<E>> {
    let permit = breaker.map(|breaker| breaker.permit_at(call.at));
    permit.transpose().map_err(ProtectionError::CircuitOpen)
}

type Taken<S> = (Option<Reservation>, <S as Source>::Lease);

/// Asks the guards that may have to be waited for.
async fn let_in<S: Source, E>(
    call: &Call<'_, S>,
    guards: &Guards,
    time: &Time,
    sleep: Pin<&mut Option<Sleep>>,
) -> Result<Taken<S>, ProtectionError<E>> {
    let protection = call.protection;
    let late = |guard| protection.late(guard);
    let reservation = match &guards.limit {
        None => None,
        Some(limit) => {
            let limiter = limit.limiter.get(protection.home());
            let limiter = limiter.map_err(|name| protection.missing(Guard::RateLimit, name))?;
            let asked = limiter.reserve(call.key, call.cost.unwrap_or(limit.cost));
            let taken = before(asked, sleep).await;
            let taken = taken.ok_or_else(|| late(Guard::RateLimit))?;
            Some(taken.map_err(ProtectionError::RateLimited)?)
        }
    };
    let left = time.left();
    if left.is_some_and(|left| left.is_zero()) {
        return Err(late(Guard::Pool));
    }
    // It minds the time itself, and can say how the pool stood when that was up.
    let leased = call.source.lease(protection.home(), left, call.at).await;
    Ok((reservation, leased.map_err(ProtectionError::NoConnection)?))
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
        let own = guards.deadline.map(|within| now + within);
        let until = own.into_iter().chain(by).min();
        Self {
            until,
            within: until.map_or(Duration::MAX, |until| until.saturating_duration_since(now)),
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
