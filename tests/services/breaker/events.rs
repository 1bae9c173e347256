//! What is told.

use std::time::Duration;

use mainstay_actors::breaker::{CircuitEventKind, CircuitState, EVENTS_BACKLOG, Lagged};
use mainstay_supervisors::specs::{CircuitBreakersSpec, CircuitConfig};

use super::support::{Bed, advance, alone, fail, name, settle, steps, succeed, touchy};

#[tokio::test(start_paused = true)]
async fn exactly_one_event_is_told_for_each_transition_in_order() {
    let bed = Bed::new().await;
    let mut events = bed.breakers.subscribe();
    let breaker = bed.breaker(touchy());
    for _ in 0..3 {
        assert!(fail(&breaker).await.is_err());
        assert!(fail(&breaker).await.is_err());
        advance(30).await;
        settle().await;
        assert!(breaker.check_state().is_ok());
        assert!(succeed(&breaker).await.is_ok());
    }
    use CircuitState::{Closed, HalfOpen, Open};
    let cycle = [(Closed, Open), (Open, HalfOpen), (HalfOpen, Closed)];
    let expected: Vec<_> = cycle.repeat(3);
    let expected: Vec<_> = (1..)
        .zip(expected)
        .map(|(nth, (from, to))| (nth, from, to))
        .collect();
    assert_eq!(steps(&mut events), expected);
    assert_eq!(breaker.stats().state_changes, 9);
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_says_who_what_why_when_and_what_was_counted() {
    let bed = Bed::new().await;
    let mut events = bed.breakers.subscribe();
    let breaker = bed.breaker(CircuitConfig::default().failure_threshold(2));
    assert!(succeed(&breaker).await.is_ok());
    advance(3).await;
    for _ in 0..2 {
        assert!(fail(&breaker).await.is_err());
    }
    let event = events.try_next().expect("an event").expect("no lag");
    assert_eq!(
        serde_json::to_string(&event).expect("JSON"),
        r#"{"namespace":"bed","name":"db","key":null,"type":"transition","sequence":1,"from":"closed","to":"open","cause":"failures","count":2,"at_ms":3000,"failure_count":2,"success_count":1}"#
    );
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_the_stream_may_ask_and_tell_the_breaker_anything() {
    let bed = Bed::new().await;
    let mut events = bed.breakers.subscribe();
    let breaker = bed.breaker(touchy());
    let listener = breaker.clone();
    let listening = tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(Ok(event)) = events.next().await {
            let Some(step) = event.transition() else {
                continue;
            };
            seen.push((step.sequence, step.to, listener.state()));
            match step.to {
                CircuitState::Open => listener.force_open(),
                CircuitState::ForcedOpen => listener.reset(),
                _ => return seen,
            }
            drop(listener.execute(|| async { Ok::<_, ()>(()) }).await);
        }
        seen
    });
    assert!(fail(&breaker).await.is_err());
    let seen = listening.await.expect("no panic");
    use CircuitState::{Closed, ForcedOpen, Open};
    assert_eq!(
        seen,
        [
            (1, Open, Open),
            (2, ForcedOpen, ForcedOpen),
            (3, Closed, Closed)
        ]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_subscriber_loses_the_oldest_and_is_told_how_many() {
    let bed = Bed::new().await;
    let mut events = bed.breakers.subscribe();
    let breaker = bed.breaker(touchy());
    for _ in 0..EVENTS_BACKLOG / 2 + 3 {
        breaker.force_open();
        breaker.reset();
    }
    assert_eq!(events.next().await, Some(Err(Lagged(6))));
    let first = events.try_next().expect("an event").expect("no more lag");
    assert_eq!(first.kind.sequence(), 7);
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn subscriptions_are_noted_until_they_are_dropped() {
    let bed = Bed::new().await;
    let before = bed.namespace.ledger().held().len();
    let events = bed.breakers.subscribe();
    let held = bed.namespace.ledger().held();
    let mine = held.last().expect("it is noted");
    assert_eq!(
        (held.len(), mine.what),
        (before + 1, "circuit breaker events")
    );
    assert!(mine.made_at.file().ends_with("events.rs"));
    drop(events);
    assert_eq!(bed.namespace.ledger().held().len(), before);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_configuration_is_told_with_its_version_and_a_wrong_one_changes_nothing() {
    let bed = Bed::new().await;
    let breaker = bed
        .breakers
        .register_default(name("db"))
        .expect("it is new");
    let mut events = bed.breakers.subscribe();
    let wrong = CircuitConfig::default().reset_timeout(Duration::ZERO);
    let refused = breaker.reconfigure(wrong).expect_err("it is wrong");
    assert_eq!(
        refused.to_string(),
        "the configuration of the circuit breaker is wrong: reset_timeout: expected a time longer than zero"
    );
    breaker.reconfigure(touchy()).expect("it is valid");
    let event = events.try_next().expect("an event").expect("no lag");
    let CircuitEventKind::Reconfigured { sequence, version } = event.kind else {
        panic!("{event:?}")
    };
    assert_eq!((sequence, version), (1, 2));
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_breaker_has_a_stream_of_its_own_also_when_it_stands_alone() {
    let bed = Bed::new().await;
    let (breaker, other) = (bed.breaker(touchy()), alone(touchy()));
    let mut events = breaker.subscribe();
    let mut of_other = other.subscribe();
    let noise = bed.breakers.register_default(name("noise")).expect("new");
    for breaker in [&breaker, &noise, &other] {
        breaker.force_open();
        breaker.reset();
    }
    use CircuitState::{Closed, ForcedOpen};
    let own = [(1, Closed, ForcedOpen), (2, ForcedOpen, Closed)];
    assert_eq!(steps(&mut events), own);
    assert_eq!(steps(&mut of_other), own);
    let held = bed.namespace.ledger().held();
    assert_eq!(held.last().map(|hold| hold.name.as_str()), Some("db"));
    assert!(bed.breakers.unregister("db").is_some());
    drop((breaker, other));
    assert_eq!(events.next().await, None, "nobody can use it any more");
    assert_eq!(of_other.next().await, None);
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn how_many_events_may_wait_is_in_the_spec() {
    let bed = Bed::with(CircuitBreakersSpec::default().events_backlog(4)).await;
    let breaker = bed.breaker(touchy());
    let mut streams = [bed.breakers.subscribe(), breaker.subscribe()];
    for _ in 0..3 {
        breaker.force_open();
        breaker.reset();
    }
    for events in &mut streams {
        assert_eq!(events.next().await, Some(Err(Lagged(2))));
        assert_eq!(steps(events).len(), 4);
    }
    drop(streams);
    bed.end().await;
}
