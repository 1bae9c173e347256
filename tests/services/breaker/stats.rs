//! What operators see.

use std::time::Duration;

use mainstay_actors::breaker::CircuitState;
use mainstay_supervisors::specs::{CircuitConfig, TripRules};

use super::support::{Bed, advance, alone, fail, succeed, touchy};

#[tokio::test(start_paused = true)]
async fn the_state_of_a_breaker_can_be_read_whole() {
    let bed = Bed::new().await;
    let trip = TripRules::default().failure_rate(0.5, 4);
    let breaker = bed.breaker(CircuitConfig::default().trip(trip));
    for _ in 0..3 {
        assert!(succeed(&breaker).await.is_ok());
    }
    assert!(fail(&breaker).await.is_err());
    let stats = breaker.stats();
    assert_eq!((stats.failure_count, stats.success_count), (1, 3));
    assert_eq!((stats.window.calls, stats.window.failed), (4, 1));
    assert_eq!(stats.window.failure_rate, Some(0.25));
    assert!(stats.last_failure_time.is_some());
    for _ in 0..2 {
        assert!(fail(&breaker).await.is_err());
    }
    assert!(fail(&breaker).await.is_err(), "refused");
    advance(10).await;
    let stats = breaker.stats();
    assert_eq!((stats.state, stats.rejected), (CircuitState::Open, 1));
    assert_eq!(stats.next_attempt, Some(Duration::from_secs(20)));
    assert_eq!((stats.failure_count, stats.success_count), (0, 0));
    let step = stats.transitions[0];
    assert_eq!((step.failure_count, step.success_count), (3, 3));
    assert_eq!(step.cause.to_string(), "50.0 % of the calls failed");
    let json = serde_json::to_value(&stats).expect("JSON");
    assert_eq!(
        (&json["state"], &json["namespace"]),
        (&"open".into(), &"bed".into())
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn only_the_last_transitions_are_remembered() {
    let breaker = alone(touchy());
    for _ in 0..20 {
        breaker.force_open();
        breaker.reset();
    }
    let stats = breaker.stats();
    assert_eq!((stats.transitions.len(), stats.state_changes), (16, 40));
    assert_eq!(stats.transitions[15].sequence, 40);
}

#[tokio::test(start_paused = true)]
async fn who_holds_the_permit_of_a_probe_is_known_and_when_it_loses_it_also_as_json() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy());
    assert!(fail(&breaker).await.is_err());
    tokio::time::advance(Duration::from_micros(29_999_500)).await;
    let json = serde_json::to_value(breaker.stats()).expect("JSON");
    assert_eq!(json["next_attempt_ms"], 1, "never 0 while it refuses");
    assert!(
        json["last_failure_time_ms"]
            .as_u64()
            .is_some_and(|time| time > 1_700_000_000_000)
    );
    tokio::time::advance(Duration::from_micros(500)).await;
    let _probe = breaker.try_acquire().expect("the probe");
    let line = line!() - 1;
    advance(7).await;
    let stats = breaker.stats();
    let probe = &stats.probes[0];
    assert_eq!(
        (probe.held_for, probe.expires_in),
        (Duration::from_secs(7), Duration::from_secs(53))
    );
    assert_eq!((&probe.holder, probe.made_at.line()), (&None, line));
    let json = serde_json::to_value(&stats).expect("JSON");
    let probe = serde_json::json!([{
        "holder": null,
        "made_at": probe.made_at.to_string(),
        "held_for_ms": 7000,
        "expires_in_ms": 53000,
    }]);
    assert_eq!(
        (&json["probes"], &json["next_attempt_ms"]),
        (&probe, &53000.into())
    );
    let of_all = bed.breakers.stats();
    assert_eq!((of_all.len(), of_all[0].state), (1, CircuitState::HalfOpen));
    bed.end().await;
}
