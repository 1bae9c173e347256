//! The keeper crashes, stands still, and comes back.

use mainstay_actors::metrics::{MetricsStore, Tags, TimeWindow, Unit};
use mainstay_supervisors::Fault;
use mainstay_supervisors::specs::MetricsSpec;

use super::support::{Bed, pass, secs};

#[tokio::test(start_paused = true)]
async fn series_go_on_when_the_keeper_crashes() {
    let bed = Bed::new().await;
    let hits = bed.store.counter("hits", Tags::new()).unwrap();
    let mut keeper = bed.keeper();
    for generation in 1..=20 {
        assert_eq!(bed.store.status().generation, generation);
        hits.increment(10);
        if generation % 2 == 0 {
            keeper.kill();
        } else {
            assert!(keeper.inject(Fault::panic("crash")));
        }
        pass(secs(1)).await;
        keeper = bed.successor(&keeper).await;
    }
    let seen = bed.store.family("hits", TimeWindow::Minute).unwrap();
    assert_eq!((seen.count(), seen.span()), (200, secs(20)));
    assert_eq!((seen.rate(), seen.max()), (Some(10.0), Some(10.0)));
    assert_eq!(hits.total(), 200);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_keeper_that_stands_still_makes_a_longer_slot_and_no_spike() {
    let bed = Bed::new().await;
    let hits = bed.store.counter("hits", Tags::new()).unwrap();
    let latency = bed
        .store
        .histogram("op", Unit::Nanoseconds, Tags::new())
        .unwrap();
    let view = || bed.store.family("hits", TimeWindow::Minute).unwrap();
    let second = async |seconds: u64| {
        for _ in 0..seconds {
            hits.increment(10);
            latency.record(5);
            pass(secs(1)).await;
        }
    };
    second(60).await;
    let keeper = bed.keeper();
    assert!(keeper.inject(Fault::Hang));
    second(125).await;
    assert_eq!(bed.store.status().ticks, 6);
    let during = view();
    assert_eq!((during.span(), during.rate()), (secs(125), Some(10.0)));
    keeper.kill();
    bed.successor(&keeper).await;
    second(7).await;
    let after = view();
    assert_eq!(
        (after.rate(), after.max(), after.coverage()),
        (Some(10.0), Some(10.0), 1.0)
    );
    let hour = bed.store.family("op", TimeWindow::Hour).unwrap();
    assert_eq!((hour.count(), hour.span()), (192, secs(192)));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn ticks_are_in_step_with_the_first_moment_whenever_the_keeper_was_started() {
    let bed = Bed::new().await;
    pass(secs(13)).await;
    let keeper = bed.keeper();
    keeper.kill();
    bed.successor(&keeper).await;
    pass(secs(6)).await;
    assert_eq!(bed.store.status().ticks, 1);
    pass(secs(1)).await;
    let status = bed.store.status();
    assert_eq!((status.ticks, status.tick_lateness), (2, Some(secs(0))));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn there_is_one_store_in_a_namespace() {
    let bed = Bed::new().await;
    let second = MetricsStore::child(MetricsSpec::default().series_max(20));
    let second = second.with_spec(|spec| spec.id = "second".parse().unwrap());
    let refused = bed.namespace.start_child(second).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("the name of the metrics store"),
        "{refused}"
    );
    assert_eq!(bed.store.status().series_max, 10_000);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_cannot_be_is_refused() {
    let bed = Bed::new().await;
    let wrong = MetricsStore::child(MetricsSpec::default().series_max(0).bytes_max(1));
    let wrong = wrong.with_spec(|spec| spec.id = "wrong".parse().unwrap());
    let other = mainstay_supervisors::Runtime::new();
    let plan = mainstay_supervisors::NamespacePlan::new().child(wrong);
    let refused = other
        .start_namespace("wrong".parse().unwrap(), plan)
        .await
        .unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains("series_max: expected 16 to 1000000, found 0"),
        "{text}"
    );
    assert!(
        text.contains("bytes_max: expected at least 1048576, found 1"),
        "{text}"
    );
    bed.end().await;
}
