//! What is recorded, and seen.

use std::thread;

use mainstay_actors::metrics::{Distribution, MetricsError, MetricsStore, Tags, TimeWindow, Unit};
use mainstay_supervisors::{NamespacePlan, Runtime};

use super::support::{Bed, pass, secs};

#[tokio::test(start_paused = true)]
async fn what_is_recorded_is_seen_at_once_and_until_its_slot_ended_a_window_ago() {
    let bed = Bed::new().await;
    let hits = bed.store.counter("shop.hits", [("page", "start")]).unwrap();
    pass(secs(14)).await;
    hits.increment(3);
    let count = |window| bed.store.family("shop.hits", window).unwrap().count();
    assert_eq!(TimeWindow::ALL.map(count), [3, 3, 3]);
    // Its slot ends at 20.
    pass(secs(65)).await;
    assert_eq!(TimeWindow::ALL.map(count), [3, 3, 3]);
    pass(secs(1)).await;
    assert_eq!(TimeWindow::ALL.map(count), [0, 3, 3]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_by_the_time_that_is_covered() {
    let bed = Bed::new().await;
    let hits = bed.store.counter("shop.hits", Tags::new()).unwrap();
    let view = || bed.store.family("shop.hits", TimeWindow::Minute).unwrap();
    assert_eq!(view().rate(), None, "over no time");
    for _ in 0..6 {
        hits.increment(50);
        pass(secs(5)).await;
    }
    assert_eq!((view().rate(), view().coverage()), (Some(10.0), 0.5));
    assert_eq!((view().min(), view().max()), (Some(10.0), Some(10.0)));
    pass(secs(30)).await;
    assert_eq!((view().rate(), view().coverage()), (Some(5.0), 1.0));
    assert_eq!((view().min(), view().max()), (Some(0.0), Some(10.0)));
    assert_eq!(
        (view().quantile(0.5), view().quantile(0.51)),
        (Some(0.0), Some(10.0))
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_gauge_is_looked_at_each_second() {
    let bed = Bed::new().await;
    let depth = bed
        .store
        .gauge("queue.depth", Unit::Count, Tags::new())
        .unwrap();
    let view = || bed.store.family("queue.depth", TimeWindow::Minute).unwrap();
    assert_eq!(
        (view().count(), view().avg(), view().last()),
        (0, None, None)
    );
    depth.set(4.0);
    pass(secs(4)).await;
    depth.set(1.0);
    pass(secs(5)).await;
    // Four times 4, five times 1, and now.
    let seen = view();
    assert_eq!((seen.count(), seen.avg()), (10, Some(2.2)));
    assert_eq!(
        (seen.min(), seen.max(), seen.last()),
        (Some(1.0), Some(4.0), Some(1.0))
    );
    assert_eq!(seen.quantile(0.5), None);
    depth.set(f64::NAN);
    assert_eq!(view().last(), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn records_of_many_threads_between_and_during_ticks_are_all_there() {
    let bed = Bed::new().await;
    let latency = bed
        .store
        .histogram("t", Unit::Nanoseconds, Tags::new())
        .unwrap();
    let values = |round: u64, nth: u64| (0..5_000).map(move |n| (n * 7_919 + round) << (nth * 4));
    let mut expected = Distribution::default();
    for round in 0..12 {
        thread::scope(|scope| {
            for nth in 0..4 {
                let latency = &latency;
                scope.spawn(move || values(round, nth).for_each(|value| latency.record(value)));
            }
            // Meanwhile somebody looks.
            for _ in 0..20 {
                let seen = bed.store.family("t", TimeWindow::Hour).unwrap();
                let inside = seen.distribution().unwrap();
                let counted: u64 = inside.buckets().map(|bucket| bucket.count).sum();
                assert_eq!(seen.count(), counted);
            }
        });
        (0..4)
            .flat_map(|nth| values(round, nth))
            .for_each(|value| expected.record(value));
        pass(secs(10)).await;
    }
    let seen = bed.store.family("t", TimeWindow::Hour).unwrap();
    assert_eq!(seen.distribution(), Some(&expected));
    assert_eq!(latency.count(), expected.count());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_series_of_a_family_are_seen_apart_and_together() {
    let bed = Bed::new().await;
    for (status, value) in [("success", 10), ("error", 30)] {
        let latency = bed
            .store
            .histogram("op", Unit::Nanoseconds, [("status", status)]);
        latency.unwrap().record(value);
    }
    let one = bed
        .store
        .view("op", [("status", "error")], TimeWindow::Minute)
        .unwrap();
    assert_eq!((one.count(), one.avg()), (1, Some(30.0)));
    let all = bed.store.family("op", TimeWindow::Minute).unwrap();
    assert_eq!(
        (all.count(), all.avg(), all.min(), all.max()),
        (2, Some(20.0), Some(10.0), Some(30.0))
    );
    let views = bed
        .store
        .views(TimeWindow::Minute, |key| key.name.as_str() == "op");
    let keys: Vec<String> = views.iter().map(|view| view.key.tags.to_string()).collect();
    assert_eq!(keys, [r#"{status="error"}"#, r#"{status="success"}"#]);
    assert!(bed.store.family("other", TimeWindow::Minute).is_none());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_window_has_no_values() {
    let bed = Bed::new().await;
    let latency = bed
        .store
        .histogram("op", Unit::Nanoseconds, Tags::new())
        .unwrap();
    pass(secs(5)).await;
    let empty = bed.store.family("op", TimeWindow::Minute).unwrap();
    assert_eq!((empty.count(), empty.rate()), (0, Some(0.0)));
    assert_eq!(
        (empty.sum(), empty.avg(), empty.min(), empty.max()),
        (None, None, None, None)
    );
    assert_eq!(empty.quantile(0.5), None);
    latency.record(7);
    let one = bed.store.family("op", TimeWindow::Minute).unwrap();
    assert_eq!(
        (one.avg(), one.min(), one.max()),
        (Some(7.0), Some(7.0), Some(7.0))
    );
    assert_eq!(
        (one.quantile(0.0), one.quantile(0.99)),
        (Some(7.0), Some(7.0))
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_clash_is_an_error_that_names_both() {
    let bed = Bed::new().await;
    let _held = bed.store.counter("a.b", Tags::new()).unwrap();
    let refused = bed
        .store
        .histogram("a.b", Unit::Nanoseconds, Tags::new())
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "expected a.b to be a counter in count, as it is already, found a histogram in nanoseconds"
    );
    let refused = bed.store.counter("a b", Tags::new()).unwrap_err();
    assert!(matches!(refused, MetricsError::Name(_)));
    let refused = bed.store.counter("a.c", [("le gal", "")]).unwrap_err();
    assert!(matches!(refused, MetricsError::Tags(_)));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn namespaces_have_stores_of_their_own_and_handles_outlive_them() {
    let one = Bed::new().await;
    let plan = NamespacePlan::new().service(MetricsStore::child(Default::default()));
    let other = Runtime::new();
    let second = other
        .start_namespace("other".parse().unwrap(), plan)
        .await
        .unwrap();
    let theirs = MetricsStore::in_namespace(&second).unwrap();
    let hits = one.store.counter("hits", Tags::new()).unwrap();
    hits.increment(1);
    assert!(theirs.family("hits", TimeWindow::Minute).is_none());
    let store = one.store.clone();
    one.end().await;
    hits.increment(1);
    assert_eq!(store.family("hits", TimeWindow::Minute).unwrap().count(), 2);
    assert!(!store.status().available);
    assert!(other.stop(secs(60)).await.killed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_selects_what_to_see_may_ask_the_store_for_more() {
    let bed = Bed::new().await;
    bed.store
        .counter("first", Tags::new())
        .unwrap()
        .increment(2);
    let views = bed.store.views(TimeWindow::Minute, |key| {
        bed.store
            .counter("selected", Tags::new())
            .unwrap()
            .increment(1);
        key.name.as_str() == "first"
    });
    assert_eq!(views.iter().map(|seen| seen.view.count()).sum::<u64>(), 2);
    assert!(bed.store.family("selected", TimeWindow::Minute).is_some());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_gauge_that_was_infinite_both_ways_has_no_mean() {
    let bed = Bed::new().await;
    let gauge = bed.store.gauge("g", Unit::Count, Tags::new()).unwrap();
    for value in [f64::INFINITY, f64::NEG_INFINITY] {
        gauge.set(value);
        pass(secs(2)).await;
    }
    let view = bed.store.family("g", TimeWindow::Minute).unwrap();
    assert_eq!(
        (view.avg(), view.min(), view.max()),
        (None, Some(f64::NEG_INFINITY), Some(f64::INFINITY))
    );
    bed.end().await;
}
