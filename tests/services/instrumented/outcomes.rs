//! What calls come to.

use std::time::Duration;

use futures_util::FutureExt;
use mainstay::instrumented;
use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::{Outcome, TimeWindow};
use mainstay_supervisors::CallError;
use mainstay_tests::probe::ON_PURPOSE;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

use super::Bed;

type Answer = Result<u8, CallError>;

#[instrumented(name = "a.svc.aliased", store = store)]
fn aliased(store: &MetricsStore, answer: Answer) -> Answer {
    answer
}

#[instrumented(name = "a.svc.limited", store = store)]
async fn limited(store: &MetricsStore, takes: Duration) -> Result<(), Elapsed> {
    timeout(Duration::from_secs(1), sleep(takes)).await
}

#[instrumented(name = "a.svc.found", store = store)]
fn found(store: &MetricsStore) -> Option<u8> {
    None
}

#[instrumented(name = "a.svc.wanted", store = store, err = |found| found.is_none())]
fn wanted(store: &MetricsStore) -> Option<u8> {
    None
}

fn by_size(size: &usize) -> Outcome {
    if *size > 3 {
        Outcome::Timeout
    } else {
        Outcome::Success
    }
}

#[instrumented(name = "a.svc.sized", store = store, err = by_size)]
async fn sized(store: &MetricsStore, size: usize) -> usize {
    size
}

#[instrumented(name = "a.svc.panics", store = store)]
fn panics(store: &MetricsStore) {
    panic!("{ON_PURPOSE}");
}

#[instrumented(name = "a.svc.panics_late", store = store)]
async fn panics_late(store: &MetricsStore) {
    sleep(Duration::from_secs(1)).await;
    panic!("{ON_PURPOSE}");
}

#[instrumented(name = "a.svc.waits", store = store)]
async fn waits(store: &MetricsStore, time: Duration) {
    sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn the_returned_value_tells_success_error_and_timeout_apart() {
    let bed = Bed::new().await;
    let store = &bed.store;
    assert_eq!(aliased(store, Ok(1)), Ok(1));
    let late = CallError::Timeout(Duration::ZERO);
    assert_eq!(aliased(store, Err(late.clone())), Err(late));
    assert_eq!(
        aliased(store, Err(CallError::NoReply)),
        Err(CallError::NoReply)
    );
    limited(store, Duration::from_millis(1))
        .await
        .expect("in time");
    limited(store, Duration::from_secs(9))
        .await
        .expect_err("too late");
    assert_eq!((found(store), wanted(store)), (None, None));
    assert_eq!((sized(store, 1).await, sized(store, 9).await), (1, 9));
    for (function, outcome) in [
        ("aliased", Outcome::Success),
        ("aliased", Outcome::Timeout),
        ("aliased", Outcome::Error),
        ("limited", Outcome::Success),
        ("limited", Outcome::Timeout),
        ("found", Outcome::Success),
        ("wanted", Outcome::Error),
        ("sized", Outcome::Success),
        ("sized", Outcome::Timeout),
    ] {
        let name = format!("a.svc.{function}");
        assert_eq!(bed.latencies(&name, outcome), 1, "{function} {outcome}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn panics_go_on_and_are_recorded() {
    let bed = Bed::new().await;
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| panics(&bed.store)));
    let text = caught
        .expect_err("it panics")
        .downcast::<String>()
        .expect("a text");
    assert_eq!(*text, ON_PURPOSE);
    let late = std::panic::AssertUnwindSafe(panics_late(&bed.store)).catch_unwind();
    late.await.expect_err("it panics");
    assert_eq!(bed.latencies("a.svc.panics", Outcome::Panic), 1);
    assert_eq!(bed.latencies("a.svc.panics_late", Outcome::Panic), 1);
    assert_eq!(bed.latencies("a.svc.panics_late", Outcome::Cancelled), 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_dropped_was_cancelled_and_one_that_was_never_polled_never_called() {
    let bed = Bed::new().await;
    drop(waits(&bed.store, Duration::from_secs(1)));
    assert_eq!(bed.latencies("a.svc.waits", Outcome::Cancelled), 0);
    let given_up = timeout(
        Duration::from_secs(2),
        waits(&bed.store, Duration::from_secs(5)),
    );
    given_up.await.expect_err("it takes longer");
    assert_eq!(bed.latencies("a.svc.waits", Outcome::Cancelled), 1);
    let tags = [("status", "cancelled")];
    let view = bed.store.view("a.svc.waits", tags, TimeWindow::Minute);
    let max = view.and_then(|view| view.max()).expect("it was recorded");
    assert!((max - 2e9).abs() <= 2e9 / 64.0, "{max}");
    // Of the totals of the service it is a call, and no failure.
    assert_eq!(bed.count("a.svc.calls", ("status", "cancelled")), 1);
    assert_eq!(bed.count("a.svc.errors", ("kind", "cancelled")), 0);
    bed.end().await;
}
