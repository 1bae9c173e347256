//! Everything has a bound.

use mainstay_actors::telemetry::TelemetryError;
use mainstay_supervisors::specs::EventsSpec;

use super::support::{Bed, Heard};

#[tokio::test(start_paused = true)]
async fn there_are_so_many_handlers_and_subscribers_and_no_more() {
    let bed = Bed::with_events(EventsSpec::default().handlers_max(2).subscribers_max(1)).await;
    let telemetry = bed.telemetry();
    let first = telemetry.attach("h1", "a", |_| {}).expect("room");
    let _second = telemetry.attach_queued("h2", "a", 1, |_| {}).expect("room");
    let refused = telemetry.attach("h3", "a", |_| {}).map(drop);
    assert_eq!(refused, Err(TelemetryError::TooManyHandlers { max: 2 }));
    let stream = telemetry.subscribe("a").expect("room");
    let refused = telemetry.subscribe("a").map(drop);
    assert_eq!(refused, Err(TelemetryError::TooManySubscribers { max: 1 }));
    assert_eq!(bed.held().len(), 3);
    drop((first, stream));
    let _third = telemetry.attach("h3", "a", |_| {}).expect("room again");
    let _stream = telemetry.subscribe("a").expect("room again");
}

#[tokio::test(start_paused = true)]
async fn emitters_beyond_the_limit_are_heard_as_well() {
    let bed = Bed::with_events(EventsSpec::default().emitters_max(3)).await;
    let telemetry = bed.telemetry();
    let known = [
        telemetry.event("a").expect("a path"),
        telemetry.event("b").expect("a path"),
    ];
    let unknown = telemetry.event("c").expect("a path");
    // One is the alerts'.
    assert_eq!(telemetry.status().emitters_count, 3);
    assert!(!known[0].is_heard());
    unknown.emit(|| -> ((), ()) { panic!("nobody listens") });
    let heard = Heard::default();
    telemetry
        .attach("all", "*", heard.listener())
        .expect("it is attached")
        .keep();
    unknown.emit(|| ((), ()));
    known[1].emit(|| ((), ()));
    assert_eq!(heard.take(), ["c", "b"]);
    telemetry.detach("all").await.expect("it is attached");
    unknown.emit(|| -> ((), ()) { panic!("nobody listens") });

    drop(known);
    let _again = telemetry.event("c").expect("a path");
    assert_eq!(telemetry.status().emitters_count, 2, "there is room again");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn any_number_of_paths_that_nobody_keeps_leaves_nothing() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    for n in 0..20_000_u32 {
        telemetry.event(format!("a.e{n}")).expect("a path");
    }
    assert_eq!(telemetry.status().emitters_count, 1, "that of the alerts");
    bed.end().await;
}
