//! What is recorded through the facade `metrics`.

use mainstay_actors::metrics::{MetricKind, TimeWindow, Unit};

use super::support::Bed;

#[tokio::test(start_paused = true)]
async fn what_libraries_record_is_in_the_store() {
    let bed = Bed::new().await;
    let recorder = bed.store.facade_recorder();
    metrics::with_local_recorder(&recorder, || {
        metrics::counter!("requests", "route" => "/a").increment(2);
        metrics::counter!("seen").absolute(10);
        metrics::counter!("seen").absolute(7);
        metrics::counter!("seen").absolute(12);
        metrics::gauge!("connections").increment(3.0);
        metrics::gauge!("connections").decrement(1.0);
        metrics::describe_histogram!("wait", metrics::Unit::Milliseconds, "how long");
        metrics::histogram!("wait").record(1.5);
        metrics::histogram!("request_duration").record(std::time::Duration::from_micros(3));
        metrics::histogram!("sizes").record(f64::NAN);
        metrics::histogram!("sizes").record(-3.0);
        metrics::histogram!("sizes").record(f64::INFINITY);
    });
    let view = |name: &str| bed.store.family(name, TimeWindow::Minute).unwrap();
    assert_eq!(view("requests").count(), 2);
    assert_eq!(view("seen").count(), 12);
    assert_eq!(view("connections").last(), Some(2.0));
    assert_eq!(view("wait").sum(), Some(1_500_000.0));
    assert_eq!(view("request_duration").sum(), Some(3_000.0));
    assert_eq!((view("sizes").count(), view("sizes").min()), (2, Some(0.0)));
    let keys = bed
        .store
        .views(TimeWindow::Minute, |key| key.name.as_str() == "wait");
    assert_eq!(
        (keys[0].key.kind, keys[0].key.unit),
        (MetricKind::Histogram, Unit::Nanoseconds)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_clashes_is_not_recorded_and_harms_nobody() {
    let bed = Bed::new().await;
    metrics::with_local_recorder(&bed.store.facade_recorder(), || {
        metrics::counter!("x").increment(1);
        metrics::gauge!("x").set(5.0);
    });
    let seen = bed.store.family("x", TimeWindow::Minute).unwrap();
    assert_eq!((seen.kind(), seen.count()), (MetricKind::Counter, 1));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_first_description_of_the_facade_stays_and_others_harm_nobody() {
    let bed = Bed::new().await;
    metrics::with_local_recorder(&bed.store.facade_recorder(), || {
        metrics::describe_counter!("a::hits", "Hits so far.");
        metrics::describe_counter!("a::hits", "Something else.");
        metrics::describe_gauge!("a::used", metrics::Unit::Bytes, "ä".repeat(1_000));
        metrics::describe_histogram!("a::took", "");
        metrics::counter!("a::hits").increment(1);
        metrics::gauge!("a::used").set(1.0);
        metrics::histogram!("a::took").record(1.0);
    });
    let help = bed.store.snapshot().help;
    let told = |name: &str| {
        help.get(&name.parse().unwrap())
            .map(|help| help.to_string())
    };
    assert_eq!(told("a.hits").as_deref(), Some("Hits so far."));
    assert_eq!(told("a.used"), Some("ä".repeat(512)));
    assert_eq!(told("a.took"), None);
    bed.end().await;
}
