//! What breakers are told to do.

use std::time::Duration;

use mainstay_actors::breaker::{CircuitBreaker, CircuitState};
use mainstay_supervisors::specs::CircuitConfig;

use super::support::{Bed, advance, alone, fail, retry_after, settle, succeed, touchy};

type Force = fn(&CircuitBreaker);

const FORCES: [(Force, CircuitState); 4] = [
    (CircuitBreaker::force_open, CircuitState::ForcedOpen),
    (CircuitBreaker::force_closed, CircuitState::ForcedClosed),
    (CircuitBreaker::disable, CircuitState::Disabled),
    (CircuitBreaker::metrics_only, CircuitState::MetricsOnly),
];

#[tokio::test(start_paused = true)]
async fn what_it_was_told_wins_over_everything_it_would_do_of_itself() {
    for (force, state) in FORCES {
        let bed = Bed::new().await;
        let breaker = bed.breaker(touchy());
        let old = breaker.try_acquire_owned().expect("it is closed");
        assert!(fail(&breaker).await.is_err());
        advance(30).await;
        let probe = breaker.try_acquire_owned().expect("time is up");
        force(&breaker);
        old.failure();
        probe.success();
        advance(3600).await;
        settle().await;
        for _ in 0..5 {
            assert!(fail(&breaker).await.is_err());
        }
        breaker.reconfigure(touchy()).expect("it is valid");
        bed.crash().await;
        assert_eq!(breaker.state(), state);
        assert_eq!(
            breaker.check_state().is_ok(),
            state != CircuitState::ForcedOpen
        );
        breaker.reset();
        assert_eq!(breaker.state(), CircuitState::Closed);
        assert!(succeed(&breaker).await.is_ok());
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn forced_open_for_a_time_it_finds_out_afterwards_whether_it_may_close() {
    let breaker = alone(touchy());
    breaker.force_open_for(Duration::from_secs(90));
    assert_eq!(retry_after(&breaker), Duration::from_secs(90));
    breaker.force_open_for(Duration::from_secs(60));
    assert_eq!(retry_after(&breaker), Duration::from_secs(60));
    advance(60).await;
    assert!(succeed(&breaker).await.is_ok());
    let stats = breaker.stats();
    assert_eq!(stats.state, CircuitState::Closed);
    assert_eq!(
        stats.state_changes, 3,
        "forced open once, half open, closed"
    );
}

#[test]
fn forced_open_without_a_time_nobody_knows_when_to_come_back() {
    let breaker = alone(touchy());
    breaker.force_open();
    let refused = breaker.try_acquire().expect_err("it was forced open");
    assert_eq!((refused.retry_after(), refused.retry_at()), (None, None));
    assert_eq!(refused.to_string(), "the circuit db is forced_open");
}

#[tokio::test(start_paused = true)]
async fn of_metrics_only_it_is_known_how_often_it_would_have_opened() {
    let breaker = alone(CircuitConfig::default().failure_threshold(2));
    breaker.metrics_only();
    for _ in 0..4 {
        assert!(fail(&breaker).await.is_err());
    }
    let stats = breaker.stats();
    assert_eq!((stats.totals.would_open, stats.totals.failures), (3, 4));
}

#[tokio::test(start_paused = true)]
async fn a_disabled_one_counts_nothing_and_one_forced_closed_does() {
    let breaker = alone(touchy());
    breaker.disable();
    assert!(fail(&breaker).await.is_err());
    assert!(succeed(&breaker).await.is_ok());
    let totals = breaker.stats().totals;
    assert_eq!((totals.failures, totals.successes), (0, 0));
    breaker.force_closed();
    assert!(fail(&breaker).await.is_err());
    assert!(succeed(&breaker).await.is_ok());
    let totals = breaker.stats().totals;
    assert_eq!((totals.failures, totals.successes), (1, 1));
}
