//! Breakers around tower services.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mainstay_actors::breaker::{
    CircuitBreaker, CircuitBreakerLayer, CircuitBreakerService, CircuitError, CircuitState, Outcome,
};
use tower_layer::Layer;
use tower_service::Service;

use super::support::{advance, alone, touchy};

/// Takes so many seconds, and answers what it was asked; not ready when it is down.
#[derive(Clone, Debug)]
struct Backend {
    down: bool,
}

type Answer = Result<u16, &'static str>;

impl Service<(u64, Answer)> for Backend {
    type Response = u16;
    type Error = &'static str;
    type Future = Pin<Box<dyn Future<Output = Answer>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if self.down {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (seconds, answer): (u64, Answer)) -> Self::Future {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            answer
        })
    }
}

fn protected(breaker: &CircuitBreaker) -> CircuitBreakerService<Backend> {
    CircuitBreakerLayer::new(breaker.clone()).layer(Backend { down: false })
}

async fn ask<C>(
    service: &mut CircuitBreakerService<Backend, C>,
    seconds: u64,
    answer: Answer,
) -> Result<u16, CircuitError<&'static str>>
where
    C: mainstay_actors::breaker::Classify<u16, &'static str> + Clone,
{
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call((seconds, answer)).await
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_is_not_called_until_it_is_tried_again() {
    let breaker = alone(touchy());
    let mut service = protected(&breaker);
    assert_eq!(ask(&mut service, 1, Ok(200)).await.ok(), Some(200));
    assert!(matches!(
        ask(&mut service, 1, Err("no")).await,
        Err(CircuitError::Failed("no"))
    ));
    let mut other = service.clone();
    assert!(matches!(
        ask(&mut other, 1, Ok(200)).await,
        Err(CircuitError::Open(_))
    ));
    assert_eq!(breaker.stats().rejected, 1);
    advance(30).await;
    assert_eq!(ask(&mut other, 1, Ok(200)).await.ok(), Some(200));
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn while_it_refuses_nobody_waits_for_the_inner_service_to_be_ready() {
    let breaker = alone(touchy());
    let mut service = CircuitBreakerLayer::new(breaker.clone()).layer(Backend { down: true });
    breaker.force_open();
    assert!(matches!(
        ask(&mut service, 1, Ok(200)).await,
        Err(CircuitError::Open(_))
    ));
    breaker.reset();
    let ready = poll_fn(|cx| Service::<(u64, Answer)>::poll_ready(&mut service, cx));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), ready)
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_dropped_and_one_that_is_dropped_was_cancelled() {
    let breaker = alone(touchy().failure_threshold(2));
    let mut service = protected(&breaker);
    let late = ask(&mut service, 6, Ok(200)).await;
    assert!(matches!(late, Err(CircuitError::Timeout(limit)) if limit == Duration::from_secs(5)));
    drop(service.call((1, Ok(200))));
    assert_eq!(
        ask(&mut service, 5, Ok(200)).await.ok(),
        Some(200),
        "just in time"
    );
    let totals = breaker.stats().totals;
    assert_eq!(
        (totals.timed_out, totals.cancelled, totals.successes),
        (1, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_response_means_can_be_said() {
    let breaker = alone(touchy());
    let classify = |result: &Answer| match result {
        Ok(503) | Err(_) => Outcome::Failure,
        Ok(_) => Outcome::Success,
    };
    let layer = CircuitBreakerLayer::with_classifier(breaker.clone(), classify);
    let mut service = layer.layer(Backend { down: false });
    assert_eq!(
        ask(&mut service, 1, Ok(503)).await.ok(),
        Some(503),
        "it is handed on"
    );
    assert_eq!(breaker.state(), CircuitState::Open);
}

/// Panics, each in its way.
#[derive(Clone, Copy, Debug)]
enum Panics {
    OnCall,
    WhenPolled,
    Judging,
}

impl Service<()> for Panics {
    type Response = u16;
    type Error = &'static str;
    type Future = Pin<Box<dyn Future<Output = Answer>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        let panics = *self;
        if matches!(panics, Self::OnCall) {
            resume_unwind(Box::new("no more"));
        }
        Box::pin(async move {
            if matches!(panics, Self::WhenPolled) {
                resume_unwind(Box::new("no more"));
            }
            Ok(200)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_also_when_somebody_catches_it() {
    for panics in [Panics::OnCall, Panics::WhenPolled, Panics::Judging] {
        let breaker = alone(touchy());
        let classify = move |_: &Answer| match panics {
            Panics::Judging => resume_unwind(Box::new("no more")),
            _ => Outcome::Success,
        };
        let mut service =
            CircuitBreakerLayer::with_classifier(breaker.clone(), classify).layer(panics);
        let mut call = None;
        let mut cx = Context::from_waker(Waker::noop());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let call = call.insert(Box::pin(service.call(())));
            call.as_mut().poll(&mut cx).is_ready()
        }));
        assert!(caught.is_err(), "{panics:?}");
        // Whoever has caught it drops the rest in peace.
        drop(call);
        let totals = breaker.stats().totals;
        assert_eq!((totals.panicked, totals.cancelled), (1, 0), "{panics:?}");
        assert_eq!(breaker.state(), CircuitState::Open, "{panics:?}");
    }
}

/// Has no connection when it is asked whether it is ready.
#[derive(Clone, Debug)]
struct Unconnected(&'static str);

impl Service<()> for Unconnected {
    type Response = u16;
    type Error = &'static str;
    type Future = Pin<Box<dyn Future<Output = Answer>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Err(self.0))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        unreachable!("it is never ready")
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_to_be_ready_has_failed() {
    let breaker = alone(touchy().failure_threshold(3));
    let classify = |result: &Answer| match result {
        Err("bad request") => Outcome::Ignored,
        _ => Outcome::Failure,
    };
    let layer = CircuitBreakerLayer::with_classifier(breaker.clone(), classify);
    let mut cx = Context::from_waker(Waker::noop());
    let mut ready = |error| layer.layer(Unconnected(error)).poll_ready(&mut cx);
    for _ in 0..3 {
        let failed = ready("no connection");
        assert!(matches!(
            failed,
            Poll::Ready(Err(CircuitError::Failed("no connection")))
        ));
        assert!(matches!(ready("bad request"), Poll::Ready(_)));
    }
    let stats = breaker.stats();
    assert_eq!((stats.totals.failures, stats.totals.ignored), (3, 2));
    assert_eq!(stats.state, CircuitState::Open);
    assert!(matches!(ready("no connection"), Poll::Ready(Ok(()))));
    advance(30).await;
    assert!(matches!(ready("no connection"), Poll::Ready(Err(_))));
    assert_eq!(breaker.stats().transitions.len(), 3, "it was the probe");
}

/// Holds on to something for ever.
#[derive(Clone, Debug)]
struct Holds(Arc<()>);

impl Service<()> for Holds {
    type Response = u16;
    type Error = &'static str;
    type Future = Pin<Box<dyn Future<Output = Answer>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        let held = Arc::clone(&self.0);
        Box::pin(async move {
            let _held = held;
            std::future::pending().await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn what_took_too_long_is_gone_when_that_is_said() {
    let held = Arc::new(());
    let mut service = CircuitBreakerLayer::new(alone(touchy())).layer(Holds(Arc::clone(&held)));
    let mut call = Box::pin(service.call(()));
    let late = call.as_mut().await;
    assert!(matches!(late, Err(CircuitError::Timeout(_))));
    assert_eq!(Arc::strong_count(&held), 2, "of the service and here");
    drop(call);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_at_any_moment_was_cancelled_once() {
    for polls in 0..3 {
        let breaker = alone(touchy());
        breaker.try_acquire().expect("it is closed").failure();
        advance(30).await;
        let mut service = CircuitBreakerLayer::new(breaker.clone()).layer(Holds(Arc::default()));
        assert!(!super::support::poll_times(service.call(()), polls));
        let stats = breaker.stats();
        assert_eq!((stats.totals.cancelled, stats.probes.len()), (1, 0));
        breaker.try_acquire().expect("the permit is back").success();
        assert_eq!(breaker.state(), CircuitState::Closed);
    }
}
