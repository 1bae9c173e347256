//! What breakers are told to do.

use std::time::Duration;

use mainstay_actors::breaker::{Cause, CircuitBreaker, CircuitState, Outcome};
use mainstay_supervisors::specs::{CircuitConfig, HalfOpen, TripRules};

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

#[tokio::test(start_paused = true)]
async fn of_metrics_only_calls_that_do_not_come_back_are_told_too() {
    let trip = TripRules::default().in_flight(2, Duration::from_secs(1));
    let breaker = alone(CircuitConfig::default().trip(trip));
    breaker.metrics_only();
    let would_open = || breaker.stats().totals.would_open;
    let calls: Vec<_> = (0..5)
        .map(|_| breaker.try_acquire().expect("it lets all through"))
        .collect();
    tokio::time::advance(Duration::from_nanos(999_999_999)).await;
    assert_eq!(would_open(), 0);
    tokio::time::advance(Duration::from_nanos(1)).await;
    assert_eq!(would_open(), 2, "of two each; the fifth is alone");
    advance(100).await;
    assert_eq!(would_open(), 2);
    calls
        .into_iter()
        .for_each(mainstay_actors::breaker::Permit::success);
    let stats = breaker.stats();
    assert_eq!((stats.totals.successes, stats.totals.would_open), (5, 2));
    assert_eq!(stats.state, CircuitState::MetricsOnly);
}

#[tokio::test(start_paused = true)]
async fn rates_are_taken_while_it_only_takes_metrics() {
    let trip = TripRules::default().failure_rate(0.5, 4);
    let breaker = alone(CircuitConfig::default().trip(trip));
    breaker.metrics_only();
    for _ in 0..2 {
        assert!(fail(&breaker).await.is_err());
        assert!(succeed(&breaker).await.is_ok());
    }
    let stats = breaker.stats();
    assert_eq!(
        (stats.window.calls, stats.window.failure_rate),
        (4, Some(0.5))
    );
    assert_eq!(stats.totals.would_open, 1);
    assert_eq!(stats.state, CircuitState::MetricsOnly);
}

#[tokio::test(start_paused = true)]
async fn told_the_same_again_it_begins_anew_all_the_same() {
    for (force, state) in &FORCES[1..] {
        let breaker = alone(touchy());
        force(&breaker);
        let before = breaker.try_acquire().expect("it lets all through");
        force(&breaker);
        before.failure();
        let stats = breaker.stats();
        assert_eq!((stats.state, stats.state_changes), (*state, 1));
        assert_eq!((stats.totals.late, stats.totals.failures), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn forced_open_for_a_time_that_ends_at_once_or_never() {
    let breaker = alone(touchy());
    breaker.force_open_for(Duration::ZERO);
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    let probe = breaker.try_acquire().expect("the probe");
    breaker.force_open_for(Duration::from_secs(5));
    probe.success();
    assert_eq!(breaker.stats().totals.late, 1);
    assert_eq!(retry_after(&breaker), Duration::from_secs(5));
    breaker.force_open_for(Duration::MAX);
    let refused = breaker.try_acquire().expect_err("it was forced open");
    assert_eq!(
        (refused.retry_after(), breaker.stats().next_attempt),
        (None, None)
    );
}

/// Every transition that a breaker makes of itself, with somebody who says what it is to do at the same moment.
#[test]
fn what_it_is_told_wins_over_what_it_does_at_the_same_moment() {
    let half_open = HalfOpen::new(1, 2).probe_deadline(Duration::from_nanos(1));
    let config = touchy()
        .reset_timeout(Duration::from_nanos(1))
        .half_open(half_open);
    for (force, state) in FORCES {
        for _ in 0..50 {
            let breaker = alone(config.clone());
            std::thread::scope(|scope| {
                for nth in 0..3 {
                    let breaker = &breaker;
                    scope.spawn(move || {
                        for call in 0..20 {
                            if let Ok(permit) = breaker.try_acquire() {
                                let good = (call + nth) % 3 == 0;
                                permit.settle(if good {
                                    Outcome::Success
                                } else {
                                    Outcome::Failure
                                });
                            }
                        }
                    });
                }
                force(&breaker);
            });
            let stats = breaker.stats();
            assert_eq!(stats.state, state);
            let last = stats.transitions.last().expect("one at least");
            assert_eq!((last.to, last.cause), (state, Cause::Forced));
        }
    }
}
