//! Breakers around tower services.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
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
