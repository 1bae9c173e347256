//! The end of the namespace.

use std::time::Duration;

use mainstay_actors::telemetry::TelemetryError;
use mainstay_supervisors::specs::EventsSpec;

use super::queued::Gate;
use super::support::{Bed, Heard, LONG, settle};

#[tokio::test(start_paused = true)]
async fn what_waits_is_handled_before_the_namespace_has_ended() {
    let bed = Bed::with_events(EventsSpec::default().drain_max(LONG)).await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    telemetry
        .attach_queued("slow", "**", 1000, heard.listener())
        .expect("it is attached")
        .keep();
    settle().await;
    for n in 0..500 {
        telemetry.execute(&format!("e{n}"), (), ()).expect("a path");
    }
    bed.end().await;
    let expected: Vec<String> = (0..500).map(|n| format!("e{n}")).collect();
    assert_eq!(heard.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_return_holds_the_end_up_no_longer_than_stated_and_is_seen() {
    let bed = Bed::with_events(EventsSpec::default().drain_max(Duration::from_millis(1))).await;
    let telemetry = bed.telemetry();
    let (heard, gate) = (Heard::default(), Gate::default());
    let gated = gate.gated(heard.listener());
    telemetry
        .attach_queued("stuck", "**", 8, gated)
        .expect("it is attached")
        .keep();
    for path in ["a", "b"] {
        telemetry.execute(path, (), ()).expect("a path");
    }
    settle().await;
    gate.reached().await;
    let ledger = bed.namespace.ledger().clone();
    let report = bed.runtime.stop(LONG).await;
    assert_eq!(report.killed, Vec::<String>::new());
    let held: Vec<String> = ledger
        .held()
        .into_iter()
        .map(|holding| holding.name)
        .collect();
    assert_eq!(held, ["stuck"]);
    gate.open();
    while !ledger.held().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(heard.take(), ["a"], "what waited is let go of");
}

#[tokio::test(start_paused = true)]
async fn after_the_end_streams_are_over_and_emitters_and_handles_do_no_harm() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let heard = Heard::default();
    let guard = telemetry
        .attach("all", "**", heard.listener())
        .expect("it is attached");
    let mut events = telemetry.subscribe("**").expect("a stream");
    let emitter = telemetry.event("a").expect("a path");
    emitter.emit(|| ((), ()));
    let ledger = bed.namespace.ledger().clone();
    bed.runtime.stop(LONG).await;

    assert_eq!(
        events
            .next()
            .await
            .map(|event| event.map(|event| event.to_string())),
        Some(Ok("a".to_owned()))
    );
    assert!(events.next().await.is_none());
    assert!(!emitter.is_heard());
    emitter.emit(|| -> ((), ()) { panic!("nobody listens") });
    assert!(
        telemetry
            .event("b")
            .is_ok_and(|emitter| !emitter.is_heard())
    );
    assert_eq!(telemetry.execute("a", (), ()), Ok(()));
    assert_eq!(
        telemetry.subscribe("a").map(drop),
        Err(TelemetryError::Stopped)
    );
    assert_eq!(
        telemetry.attach("b", "a", |_| {}).map(drop),
        Err(TelemetryError::Stopped)
    );
    let name = "all".to_owned();
    assert_eq!(
        guard.detach().await,
        Err(TelemetryError::NotAttached { name })
    );
    assert!(telemetry.flush(LONG).await);
    let status = telemetry.status();
    assert!(!status.available && status.uptime.is_none() && status.handlers.is_empty());
    assert_eq!(heard.take(), ["a"]);
    assert!(ledger.held().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_handler_is_left_when_its_namespace_has_ended() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let alive = std::sync::Arc::new(());
    for (name, queued) in [("inline", false), ("queued", true)] {
        let captured = std::sync::Arc::clone(&alive);
        let call =
            move |_: &mainstay_actors::telemetry::Event| drop(std::sync::Arc::clone(&captured));
        if queued {
            telemetry
                .attach_queued(name, "**", 8, call)
                .expect("it is attached")
                .keep();
        } else {
            telemetry
                .attach(name, "**", call)
                .expect("it is attached")
                .keep();
        }
    }
    let _emitter = telemetry.event("a").expect("a path");
    settle().await;
    bed.end().await;
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
}
