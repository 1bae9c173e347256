//! Half-open breakers.

use std::time::Duration;

use mainstay_actors::breaker::{CircuitEventKind, CircuitState, Outcome};
use mainstay_supervisors::specs::{CircuitConfig, HalfOpen, OpenTime, ProbeExpiry, TripRules};

use super::support::{Bed, advance, alone, fail, settle, touchy};

async fn opened(config: CircuitConfig) -> mainstay_actors::CircuitBreaker {
    let breaker = alone(config);
    assert!(breaker.execute_sync(|| Err::<(), _>(())).is_err());
    assert_eq!(breaker.state(), CircuitState::Open);
    advance(30).await;
    breaker
}

#[tokio::test(start_paused = true)]
async fn it_closes_on_two_of_three_as_soon_as_that_is_certain() {
    let outcomes = [
        (
            vec![Outcome::Success, Outcome::Success],
            CircuitState::Closed,
        ),
        (vec![Outcome::Failure, Outcome::Failure], CircuitState::Open),
        (
            vec![Outcome::Success, Outcome::Failure, Outcome::Success],
            CircuitState::Closed,
        ),
        (
            vec![Outcome::Failure, Outcome::Success, Outcome::TimedOut],
            CircuitState::Open,
        ),
    ];
    for (outcomes, end) in outcomes {
        let breaker = opened(touchy().half_open(HalfOpen::new(2, 3))).await;
        for outcome in outcomes {
            let permit = breaker.try_acquire().expect("it has room");
            assert_eq!(breaker.state(), CircuitState::HalfOpen);
            permit.settle(outcome);
        }
        assert_eq!(breaker.state(), end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_of_before_decides_nothing_and_gives_no_permit_away() {
    for outcome in [Outcome::Success, Outcome::Failure, Outcome::Cancelled] {
        let breaker = alone(touchy());
        let old = breaker.try_acquire().expect("it is closed");
        assert!(fail(&breaker).await.is_err());
        advance(30).await;
        let probe = breaker.try_acquire().expect("time is up");
        old.settle(outcome);
        assert_eq!(breaker.state(), CircuitState::HalfOpen);
        breaker.try_acquire().expect_err("the probe is out");
        probe.success();
        let stats = breaker.stats();
        assert_eq!((stats.state, stats.totals.late), (CircuitState::Closed, 1));
        assert_eq!(stats.totals.successes, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn probes_that_tell_nothing_are_told_of_and_the_next_is_let_through() {
    let breaker_config = touchy().half_open(HalfOpen::default().inconclusive_max(3));
    let bed = Bed::new().await;
    let mut events = bed.breakers.subscribe();
    let breaker = bed.breaker(breaker_config);
    assert!(fail(&breaker).await.is_err());
    advance(30).await;
    for outcome in [Outcome::Ignored, Outcome::Cancelled, Outcome::Refused].repeat(2) {
        breaker
            .try_acquire()
            .expect("others may try")
            .settle(outcome);
    }
    let mut told = Vec::new();
    while let Some(event) = events.try_next() {
        if let CircuitEventKind::ProbesInconclusive { sequence, probes } =
            event.expect("no lag").kind
        {
            told.push((sequence, probes));
        }
    }
    assert_eq!(told, [(3, 3), (4, 6)]);
    breaker.try_acquire().expect("it has room").success();
    assert_eq!(breaker.state(), CircuitState::Closed);
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hung_probe_may_count_for_nothing() {
    let half_open = HalfOpen::default()
        .probe_deadline(Duration::from_secs(5))
        .expiry(ProbeExpiry::Neutral);
    let breaker = opened(touchy().half_open(half_open)).await;
    let hung = breaker.try_acquire().expect("time is up");
    advance(5).await;
    let next = breaker.try_acquire().expect("the permit was taken from it");
    hung.failure();
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    next.success();
    let stats = breaker.stats();
    assert_eq!((stats.state, stats.totals.late), (CircuitState::Closed, 1));
}

#[tokio::test(start_paused = true)]
async fn slow_probes_tell_against_it_where_slow_calls_may_open_it() {
    let second = Duration::from_secs(1);
    let minding = TripRules::default()
        .slow_rate(1.0, 1)
        .consecutive_failures(1);
    let not_minding = TripRules::default().consecutive_failures(1);
    for (trip, end) in [
        (minding, CircuitState::Open),
        (not_minding, CircuitState::Closed),
    ] {
        let config = CircuitConfig::default().slow_after(second).trip(trip);
        let breaker = opened(config).await;
        let probe = breaker.try_acquire().expect("time is up");
        tokio::time::advance(second).await;
        probe.success();
        assert_eq!(breaker.state(), end);
    }
}

#[tokio::test(start_paused = true)]
async fn an_eager_one_is_half_open_the_moment_its_time_is_up_though_nobody_calls() {
    let bed = Bed::new().await;
    let mut events = bed.breakers.subscribe();
    let breaker = bed.breaker(touchy().open(OpenTime::default().eager()));
    assert!(fail(&breaker).await.is_err());
    let opened = tokio::time::Instant::now();
    events.next().await.expect("an event").expect("no lag");
    let event = events.next().await.expect("an event").expect("no lag");
    let step = event.transition().expect("a transition");
    assert_eq!(step.to, CircuitState::HalfOpen);
    assert_eq!(
        step.at,
        Duration::from_secs(30) + (opened - breaker.epoch())
    );
    assert_eq!(opened.elapsed(), Duration::from_secs(30));
    settle().await;
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn another_number_of_permits_holds_from_the_next_time_on() {
    let config = |permits| touchy().half_open(HalfOpen::new(permits, permits));
    let breaker = opened(config(1)).await;
    let probe = breaker.try_acquire().expect("time is up");
    breaker.reconfigure(config(3)).expect("it is valid");
    breaker.try_acquire().expect_err("one is out");
    probe.failure();
    advance(30).await;
    let probes: Vec<_> = (0..5).map(|_| breaker.try_acquire()).collect();
    assert_eq!(probes.iter().filter(|probe| probe.is_ok()).count(), 3);
}
