//! How operations fare, written down and compared.

use std::time::Duration;

use mainstay_actors::metrics::{
    Baseline, Measure, Outcome, Profile, Tags, TimeWindow, Tolerance, Unit, Verdict,
};

use super::support::{Bed, pass, secs};

fn names(baseline: &Baseline) -> Vec<String> {
    let name = |one: &Profile| format!("{}{}", one.name, one.tags);
    baseline.operations().iter().map(name).collect()
}

#[tokio::test(start_paused = true)]
async fn a_baseline_has_each_operation_once_with_all_its_outcomes_but_what_was_cancelled() {
    let bed = Bed::new().await;
    let store = &bed.store;
    let get = store.operation("shop.get", [("region", "eu")]).unwrap();
    let took = Duration::from_nanos(50);
    for _ in 0..90 {
        get.record(Outcome::Success, took);
        get.record(Outcome::Cancelled, secs(1));
    }
    (0..10).for_each(|_| get.record(Outcome::Timeout, took));
    store.operation("shop.idle", Tags::new()).unwrap();
    store
        .operation("mail.send", Tags::new())
        .unwrap()
        .record(Outcome::Success, took);
    store
        .counter("shop.visits", Tags::new())
        .unwrap()
        .increment(1);
    store
        .gauge("shop.queue", Unit::Count, Tags::new())
        .unwrap()
        .set(1.0);
    let sizes = store
        .histogram("shop.sizes", Unit::Bytes, Tags::new())
        .unwrap();
    sizes.record(7);
    pass(secs(20)).await;

    let all = store.baseline(TimeWindow::Minute, |name| name.is_within("shop"));
    assert_eq!(names(&all), [r#"shop.get{region="eu"}"#, "shop.sizes{}"]);
    let get = &all.operations()[0];
    assert_eq!((get.count, get.span), (100, secs(20)));
    assert_eq!(get.rate.value, 5.0);
    assert_eq!(get.error_rate.map(|errors| errors.value), Some(0.1));
    assert_eq!(
        get.mean.map(|mean| (mean.low, mean.value, mean.high)),
        Some((50.0, 50.0, 50.0))
    );
    assert_eq!(get.p50.map(|p50| p50.value), Some(50.0));
    assert_eq!((get.p95, get.p99), (None, None), "too few samples");
    let sizes = &all.operations()[1];
    assert_eq!((sizes.unit, sizes.error_rate), (Unit::Bytes, None));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_baseline_of_a_day_ago_is_compared_with_now_over_the_same_window() {
    let bed = Bed::new().await;
    let get = bed.store.operation("shop.get", Tags::new()).unwrap();
    let serve = |micros: u64| {
        let latency = Duration::from_micros(micros);
        (0..2_000).for_each(|_| get.record(Outcome::Success, latency));
    };
    let take = || {
        bed.store
            .baseline(TimeWindow::Minute, |name| name.is_within("shop"))
    };
    serve(100);
    let file = take().to_ron();
    pass(secs(86_400)).await;

    let before = Baseline::from_ron(&file).unwrap();
    let verdict = || {
        let compared = before.compare(&take(), &Tolerance::default()).unwrap();
        let change = &compared.changes()[0];
        (change.verdict, change.worse.clone())
    };
    assert_eq!(verdict(), (Verdict::Missing, vec![]));
    serve(100);
    assert_eq!(verdict(), (Verdict::Same, vec![]));
    pass(secs(120)).await;
    serve(150);
    use Measure::{Mean, P50, P95, P99};
    assert_eq!(verdict(), (Verdict::Regressed, vec![Mean, P50, P95, P99]));
    bed.end().await;
}
