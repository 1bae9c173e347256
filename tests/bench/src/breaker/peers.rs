//! The breakers of others, closed and open.

use std::future::{Ready, ready};
use std::task::{Context, Poll, Waker};

use failsafe::CircuitBreaker as _;
use failsafe::backoff::{Constant, constant};
use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use recloser::Recloser;
use tower::{Service, ServiceExt, service_fn};
use tower_resilience_circuitbreaker::{CircuitBreaker, CircuitBreakerLayer, DefaultClassifier};

use super::OPEN;
use crate::Outcome;
use crate::flavour::Stage;

type Failsafe = failsafe::StateMachine<ConsecutiveFailures<Constant>, ()>;
type Inner = tower::util::ServiceFn<fn(Answer) -> Ready<Answer>>;
type Tower = CircuitBreaker<Inner, DefaultClassifier>;
type Answer = Result<(), ()>;

/// Opens when half of the last hundred calls have failed.
pub(super) fn recloser() -> Recloser {
    let recloser = Recloser::custom().error_rate(0.5).closed_len(100);
    recloser.open_wait(OPEN).build()
}

pub(super) fn opened_recloser() -> Recloser {
    let recloser = recloser();
    let fail = || recloser.call(|| Err::<(), ()>(()));
    while matches!(fail(), Err(recloser::Error::Inner(()))) {}
    recloser
}

pub(super) fn call_recloser(recloser: &Recloser, answer: Answer) -> bool {
    recloser.call(|| answer).is_ok()
}

/// Opens on the fifth failure in a row.
pub(super) fn failsafe() -> Failsafe {
    let policy = consecutive_failures(5, constant(OPEN));
    failsafe::Config::new().failure_policy(policy).build()
}

pub(super) fn opened_failsafe() -> Failsafe {
    let failsafe = failsafe();
    while failsafe.is_call_permitted() {
        call_failsafe(&failsafe, Err(()));
    }
    failsafe
}

pub(super) fn call_failsafe(failsafe: &Failsafe, answer: Answer) -> bool {
    failsafe.call(|| answer).is_ok()
}

/// Opens when half of the last hundred calls have failed.
pub(super) fn tower() -> Outcome<Tower> {
    let layer = CircuitBreakerLayer::builder().failure_rate_threshold(0.5);
    let layer = layer.sliding_window_size(100).wait_duration_in_open(OPEN);
    let operation: fn(Answer) -> Ready<Answer> = ready;
    Ok(layer.build()?.layer_fn(service_fn(operation)))
}

pub(super) fn opened_tower(stage: &Stage) -> Outcome<Tower> {
    let tower = tower()?;
    let mut call = caller_of_tower(&tower, stage, Err(()));
    // It waits for a full window.
    for _ in 0..200 {
        call();
    }
    drop(call);
    Ok(tower)
}

/// What makes a call of a clone, whose future is polled until it is done. It wants a tokio runtime around it.
pub(super) fn caller_of_tower<'a>(
    tower: &Tower,
    stage: &'a Stage,
    answer: Answer,
) -> impl FnMut() -> bool + use<'a> {
    let mut tower = tower.clone();
    let within = stage.enter();
    move || {
        let _ = &within;
        let call = async { tower.ready().await?.call(answer).await };
        let mut call = std::pin::pin!(call);
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(outcome) = call.as_mut().poll(&mut cx) {
                return outcome.is_ok();
            }
            std::hint::spin_loop();
        }
    }
}
