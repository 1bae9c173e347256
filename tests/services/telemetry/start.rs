//! Starting.

use mainstay_actors::Telemetry;
use mainstay_supervisors::Runtime;
use mainstay_supervisors::specs::{ChildId, EventsSpec, TelemetrySpec};

use super::support::{Bed, text};

#[tokio::test(start_paused = true)]
async fn a_namespace_without_the_service_has_no_telemetry() {
    let runtime = Runtime::new();
    let bare = runtime.namespace("bare").await.expect("it starts");
    assert!(Telemetry::in_namespace(&bare).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_spec_fails_the_start_and_says_why() {
    let spec = EventsSpec::default().handlers_max(0).queue_max(0);
    let refused = Bed::try_with(TelemetrySpec::default().events(spec)).await;
    let told = refused.map(|_| ()).expect_err("it is refused");
    assert_eq!(
        told,
        "the namespace \"bed\" did not start: child telemetry: child events: the spec of the telemetry is wrong: \
         handlers_max: expected at least 1, found 0\nqueue_max: expected 1 to 1048576, found 0"
    );
}

#[tokio::test(start_paused = true)]
async fn there_is_one_telemetry_service_at_a_time_and_the_next_one_goes_by_its_own_spec() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let other = TelemetrySpec::default().events(EventsSpec::default().handlers_max(1));
    let second = Telemetry::child(other);
    let refused = bed
        .namespace
        .start_child(second.clone())
        .await
        .map(drop)
        .map_err(text);
    let keeper = bed.process("metrics_store");
    assert_eq!(
        refused,
        Err(format!(
            "the child did not start: child metrics_store: the name of the metrics store: already registered by {keeper}"
        ))
    );
    let _first = telemetry.attach("h1", "a", |_| {}).expect("room");
    let _more = telemetry
        .attach("h2", "a", |_| {})
        .expect("room: the second has left no trace");

    let root = bed.namespace.root().expect("it runs");
    let id = ChildId::new("telemetry").expect("a name");
    root.terminate_child(&id).await.expect("it is stopped");
    assert!(!telemetry.status().available);
    bed.namespace.start_child(second).await.expect("it starts");
    assert!(telemetry.status().available);
    let refused = telemetry.attach("h3", "a", |_| {}).map(drop).map_err(text);
    assert_eq!(
        refused,
        Err("there are 1 handlers, as many as there may be".to_owned())
    );
    assert_eq!(telemetry.status().handlers.len(), 2);
}
