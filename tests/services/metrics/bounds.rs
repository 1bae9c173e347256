//! How much there may be.

use std::time::Duration;

use mainstay_actors::metrics::{
    Aggregation, MetricType, OVERFLOW, Outcome, Tags, TimeWindow, Unit,
};
use mainstay_supervisors::specs::MetricsSpec;

use super::support::{Bed, pass, secs};

const MILLION: u64 = 1_000_000;

#[tokio::test(start_paused = true)]
async fn a_million_values_of_a_tag_take_what_there_is_room_for_and_are_all_counted() {
    let bed = Bed::with(MetricsSpec::default().series_max(1_000)).await;
    let before = bed.store.status();
    let room = 1_000 - before.series as u64;
    for user in 0..MILLION {
        let hits = bed
            .store
            .counter("hits", [("user", user.to_string())])
            .unwrap();
        hits.increment(1);
    }
    let status = bed.store.status();
    assert_eq!((status.series, status.overflowed), (1_001, MILLION - room));
    assert!(status.bytes < 4 << 20, "{}", status.bytes);
    let rest = bed
        .store
        .view("hits", [(OVERFLOW, "true")], TimeWindow::Minute)
        .unwrap();
    assert_eq!(rest.count(), MILLION - room);
    assert_eq!(
        bed.store
            .family("hits", TimeWindow::Minute)
            .unwrap()
            .count(),
        MILLION
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_without_room_for_bytes_gives_the_series_of_all_such() {
    let bed = Bed::with(MetricsSpec::default().bytes_max(1 << 20)).await;
    for user in 0..5_000 {
        let tags = [("user", user.to_string())];
        bed.store
            .histogram("op", Unit::Nanoseconds, tags)
            .unwrap()
            .record(user);
    }
    let status = bed.store.status();
    assert!(status.overflowed > 0);
    assert!(status.bytes <= (1 << 20) + 4_096, "{}", status.bytes);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn failures_are_told_by_a_full_store_and_have_a_series_of_their_own_once_there_is_room() {
    let spec = MetricsSpec::default().series_max(16);
    let bed = Bed::with(spec.expire_after(secs(600))).await;
    let filling: Vec<_> = (0..16)
        .map(|nth| bed.store.counter("filling", [("nth", nth.to_string())]))
        .collect();
    let operation = bed.store.operation("shop.buy", [("user", "7")]).unwrap();
    for _ in 0..50 {
        operation.record(Outcome::Success, Duration::from_millis(1));
        operation.record(Outcome::Error, Duration::from_millis(1));
    }
    let metrics = bed
        .store
        .get_metrics("shop", TimeWindow::Minute, Aggregation::Avg)
        .unwrap();
    let errors = metrics
        .iter()
        .find(|metric| metric.metric_type == MetricType::ErrorRate);
    assert_eq!(errors.map(|metric| metric.value), Some(0.5));

    drop(filling);
    pass(secs(620)).await;
    operation.record(Outcome::Error, Duration::from_millis(1));
    let tags = [("user", "7"), ("status", "error")];
    let failed = bed.store.view("shop.buy", tags, TimeWindow::Minute);
    assert_eq!(failed.map(|view| view.count()), Some(1));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_after_all_loses_its_hours_and_says_so() {
    let bed = Bed::with(MetricsSpec::default().bytes_max(1 << 20)).await;
    let many: Vec<_> = (0..150)
        .map(|nth: u32| {
            let tags = [("nth", nth.to_string())];
            bed.store.histogram("op", Unit::Nanoseconds, tags).unwrap()
        })
        .collect();
    for minute in 0..130_u64 {
        for latency in &many {
            (0..100).for_each(|nth| latency.record(1_000 + (nth * 37 + minute) % 3_000));
        }
        pass(secs(60)).await;
        assert!(bed.store.status().bytes <= 1 << 20);
    }
    let status = bed.store.status();
    assert!(status.shed > 0);
    let views = bed
        .store
        .views(TimeWindow::Day, |key| key.name.as_str() == "op");
    for view in views {
        // What is there is all that was recorded in the time that it covers: 100 a minute.
        let minutes = view.view.span().as_secs() / 60;
        assert_eq!(view.view.count(), minutes * 100, "{:?}", view.view.span());
    }
    // All of them together are known of no longer than the one that has lost most.
    let least = bed
        .store
        .views(TimeWindow::Day, |key| key.name.as_str() == "op")
        .into_iter()
        .map(|view| view.view.coverage())
        .reduce(f64::min);
    let together = bed.store.family("op", TimeWindow::Day).unwrap();
    assert_eq!(Some(together.coverage()), least);
    assert!(together.coverage() < together.span().as_secs_f64() / 86_400.0);
    // There is room for what is unlike all before.
    let unplaced = status.unplaced;
    many.iter().for_each(|latency| latency.record(u64::MAX));
    assert_eq!(bed.store.status().unplaced, unplaced);
    many.iter()
        .for_each(|latency| assert_eq!(latency.count(), 13_001));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_series_that_nobody_holds_and_nothing_is_recorded_to_expires() {
    let bed = Bed::with(MetricsSpec::default().expire_after(secs(600))).await;
    let own = bed.store.status().series;
    let held = bed.store.counter("held", Tags::new()).unwrap();
    bed.store.counter("gone", Tags::new()).unwrap().increment(1);
    bed.store
        .gauge("gone_too", Unit::Count, Tags::new())
        .unwrap()
        .set(1.0);
    for _ in 0..11 {
        bed.store.counter("busy", Tags::new()).unwrap().increment(1);
        pass(secs(60)).await;
    }
    let status = bed.store.status();
    assert_eq!((status.series, status.expired), (own + 2, 2));
    assert!(bed.store.family("gone", TimeWindow::Day).is_none());
    assert_eq!(
        bed.store.family("busy", TimeWindow::Day).unwrap().count(),
        11
    );
    // What was recorded to one that has expired is missed in a view that reaches back so far.
    let tags = || [("nth", "1")];
    bed.store.counter("held", tags()).unwrap().increment(1);
    pass(secs(3_600)).await;
    assert!(bed.store.view("held", tags(), TimeWindow::Day).is_none());
    let coverage = |window| bed.store.family("held", window).unwrap().coverage();
    assert_eq!(coverage(TimeWindow::Minute), 1.0);
    assert!(coverage(TimeWindow::Day) <= 3_600.0 / 86_400.0);
    held.increment(1);
    assert_eq!(
        bed.store
            .family("held", TimeWindow::Minute)
            .unwrap()
            .count(),
        1
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_store_records_what_it_does_itself() {
    let bed = Bed::with(MetricsSpec::default().series_max(16)).await;
    for nth in 0..20 {
        bed.store
            .counter("hits", [("nth", nth.to_string())])
            .unwrap();
    }
    pass(secs(10)).await;
    let status = bed.store.status();
    let own = |name| bed.store.family(name, TimeWindow::Minute).unwrap();
    assert_eq!(
        own("mainstay.metrics.overflowed").count(),
        status.overflowed
    );
    assert_eq!(own("mainstay.metrics.series").last(), Some(17.0));
    assert_eq!(
        own("mainstay.metrics.bytes").last(),
        Some(status.bytes as f64)
    );
    assert_eq!(own("mainstay.metrics.tick_lateness").count(), 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_gauge_that_is_set_by_name_to_what_it_is_does_not_expire() {
    let bed = Bed::with(MetricsSpec::default().expire_after(secs(600))).await;
    for _ in 0..30 {
        let depth = bed.store.gauge("depth", Unit::Count, Tags::new());
        depth.unwrap().set(3.0);
        pass(secs(60)).await;
    }
    assert_eq!(bed.store.status().expired, 0);
    pass(secs(620)).await;
    assert_eq!(bed.store.status().expired, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_without_room_for_samples_counts_them_and_tells_the_error_rate() {
    let bed = Bed::with(MetricsSpec::default().bytes_max(1 << 20)).await;
    let operation = bed.store.operation("shop.buy", Tags::new()).unwrap();
    operation.record(Outcome::Error, Duration::from_nanos(7));
    let _filling: Vec<_> = (0..500)
        .map(|nth: u32| {
            let tags = [("nth", nth.to_string())];
            let filling = bed.store.histogram("filling", Unit::Count, tags).unwrap();
            (0..64).for_each(|magnitude| filling.record(1 << magnitude));
            filling
        })
        .collect();
    for _ in 0..30 {
        operation.record(Outcome::Success, Duration::from_secs(1));
    }
    (0..9).for_each(|_| operation.record(Outcome::Error, Duration::from_secs(2)));
    let metrics = bed
        .store
        .get_metrics("shop", TimeWindow::Minute, Aggregation::Avg)
        .unwrap();
    let told = |metric_type: MetricType| {
        let mut all = metrics.iter();
        all.find(|metric| metric.metric_type == metric_type)
            .unwrap()
            .value
    };
    assert_eq!(told(MetricType::ErrorRate), 0.25);
    let mean = (30.0 * 1e6 + 9.0 * 2e6 + 0.007) / 40.0;
    assert!((told(MetricType::Latency) - mean).abs() < 1e-6);
    let view = bed.store.family("shop.buy", TimeWindow::Minute).unwrap();
    assert_eq!(
        (view.count(), view.distribution().unwrap().unplaced()),
        (40, 39)
    );
    assert_eq!(view.max(), Some(7.0));
    let status = bed.store.status();
    assert!(status.unplaced >= 39);
    assert_eq!(status.dropped, 0);
    // The same after the slots were closed.
    pass(secs(30)).await;
    let view = bed.store.family("shop.buy", TimeWindow::Minute).unwrap();
    assert_eq!(
        (view.count(), view.distribution().unwrap().unplaced()),
        (40, 39)
    );
    bed.end().await;
}
