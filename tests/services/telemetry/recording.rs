//! Recording metrics by name.

use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::{Tags, TimeWindow, Unit};

use super::support::{Bed, text};

#[tokio::test(start_paused = true)]
async fn what_is_recorded_by_name_is_in_the_metrics_store() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    telemetry
        .emit_counter("app.calls", 2, [("who", "a")])
        .expect("a counter");
    telemetry
        .emit_counter("app.calls", 3, [("who", "b")])
        .expect("a counter");
    telemetry
        .emit_gauge("app.depth", 7.5, Unit::Count, Tags::new())
        .expect("a gauge");
    telemetry
        .emit_histogram("app.size", 4, Unit::Bytes, Tags::new())
        .expect("a histogram");
    let store = MetricsStore::in_namespace(&bed.namespace).expect("it was started");
    let view = |name: &str| {
        store
            .family(name, TimeWindow::Minute)
            .expect("it was recorded")
    };
    assert_eq!(view("app.calls").count(), 5);
    assert_eq!(view("app.depth").last(), Some(7.5));
    assert_eq!(view("app.size").sum(), Some(4.0));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_metric_that_is_recorded_otherwise_is_refused() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    telemetry
        .emit_counter("app.calls", 1, Tags::new())
        .expect("a counter");
    let clash = telemetry.emit_gauge("app.calls", 1.0, Unit::Count, Tags::new());
    assert_eq!(
        clash.map_err(text),
        Err(
            "expected app.calls to be a counter in count, as it is already, found a gauge in count"
                .to_owned()
        )
    );
    bed.end().await;
}
