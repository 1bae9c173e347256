//! Streams of events.

use mainstay_actors::config::Lagged;
use mainstay_supervisors::specs::EventsSpec;

use super::support::Bed;

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_falls_behind_is_told_how_much_it_has_missed() {
    let bed = Bed::with_events(EventsSpec::default().backlog_max(4)).await;
    let telemetry = bed.telemetry();
    let mut events = telemetry.subscribe("a.*").expect("a stream");
    for n in 0..10 {
        telemetry
            .execute(&format!("a.e{n}"), (), ())
            .expect("a path");
        telemetry
            .execute(&format!("b.e{n}"), (), ())
            .expect("a path");
    }
    assert_eq!(
        events.try_next().map(|event| event.map(drop)),
        Some(Err(Lagged(6)))
    );
    for n in 6..10 {
        let event = events.next().await.expect("an event").expect("no lag");
        assert_eq!(event.path(), format!("a.e{n}").as_str());
    }
    assert!(events.try_next().is_none());
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscription_is_in_the_ledger_and_ends_when_it_is_dropped() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let events = telemetry.subscribe("a.**").expect("a stream");
    assert_eq!(bed.held(), [("telemetry subscription", "a.**".to_owned())]);
    assert_eq!(telemetry.status().subscribers_count, 1);
    let emitter = telemetry.event("a.b").expect("a path");
    assert!(emitter.is_heard());
    drop(events);
    assert!(!emitter.is_heard());
    assert_eq!(bed.held(), []);
    bed.end().await;
}
