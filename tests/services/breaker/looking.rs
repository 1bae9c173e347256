//! Whoever looks at a breaker changes nothing, and moves no time.

use std::time::Duration;

use mainstay_actors::breaker::{CircuitBreaker, CircuitState};

use super::support::{Bed, advance, alone, fail, retry_after, touchy};

/// Opened at 0 s, and a probe that was forgotten at 30 s: its permit is lost at 90 s, and the breaker open until 120 s.
async fn left_alone(breaker: &CircuitBreaker) {
    assert!(fail(breaker).await.is_err());
    advance(30).await;
    std::mem::forget(breaker.try_acquire().expect("the probe"));
}

fn steps(breaker: &CircuitBreaker) -> Vec<(CircuitState, u64)> {
    let transitions = breaker.stats().transitions;
    let step = |step: &mainstay_actors::breaker::Transition| (step.to, step.at.as_secs());
    transitions.iter().map(step).collect()
}

const STEPS: [(CircuitState, u64); 3] = [
    (CircuitState::Open, 0),
    (CircuitState::HalfOpen, 30),
    (CircuitState::Open, 90),
];

#[tokio::test(start_paused = true)]
async fn what_fell_due_happened_when_it_was_due_whoever_looks_first() {
    let looks: [fn(&CircuitBreaker); 6] = [
        |_| {},
        |breaker| drop(breaker.config()),
        |breaker| drop(breaker.stats()),
        |breaker| assert_eq!(breaker.state(), CircuitState::Open),
        |breaker| drop(breaker.check_state()),
        |breaker| breaker.reconfigure(touchy()).expect("it is valid"),
    ];
    for look in looks {
        let breaker = alone(touchy());
        left_alone(&breaker).await;
        advance(75).await;
        look(&breaker);
        assert_eq!(retry_after(&breaker), Duration::from_secs(15));
        assert_eq!(steps(&breaker), STEPS);
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_keeper_moves_no_time() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy());
    left_alone(&breaker).await;
    bed.keeper().inject(mainstay_supervisors::Fault::Hang);
    super::support::settle().await;
    advance(75).await;
    bed.crash().await;
    assert_eq!(retry_after(&breaker), Duration::from_secs(15));
    assert_eq!(steps(&breaker), STEPS);
    bed.end().await;
}
