//! Futures that are measured.

use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use mainstay_actors::metrics::{Aggregation, MetricType, Outcome, Tags, TimeWindow};

use super::support::{Bed, pass, secs};

/// How many operations ended so.
fn ended(bed: &Bed, outcome: Outcome) -> u64 {
    let tags = [("status", outcome.as_str())];
    let view = bed.store.view("op", tags, TimeWindow::Minute);
    view.map_or(0, |view| view.count())
}

#[tokio::test(start_paused = true)]
async fn value_error_panic_and_cancellation_are_told_apart_and_passed_on() {
    let bed = Bed::new().await;
    let monitor = bed.monitor();
    let fine = monitor.measure("op", async { Ok::<_, ()>(1) }).unwrap();
    assert_eq!(fine.await, Ok(1));
    let error = monitor.measure("op", async { Err::<(), _>("no") }).unwrap();
    assert_eq!(error.await, Err("no"));
    let panics = monitor.measure("op", async {
        pass(secs(1)).await;
        std::panic::resume_unwind(Box::new("gone"));
        #[expect(unreachable_code, reason = "its type")]
        Ok::<(), ()>(())
    });
    let caught = futures_catch(panics.unwrap()).await;
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"gone"));
    let late = monitor.measure("op", pending::<Result<(), ()>>()).unwrap();
    assert!(tokio::time::timeout(secs(2), late).await.is_err());
    let unbegun = monitor.measure("op", ready(Ok::<(), ()>(()))).unwrap();
    drop(unbegun);
    let ended = Outcome::ALL.map(|outcome| ended(&bed, outcome));
    assert_eq!(ended, [1, 1, 1, 0, 1]);
    bed.end().await;
}

/// What a future comes to, or with what it panicked.
async fn futures_catch<F: Future>(future: F) -> std::thread::Result<F::Output> {
    let mut future = Box::pin(future);
    let poll = std::future::poll_fn(|cx| {
        match std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(std::task::Poll::Ready(output)) => std::task::Poll::Ready(Ok(output)),
            Ok(std::task::Poll::Pending) => std::task::Poll::Pending,
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    });
    let outcome = poll.await;
    // The second drop of a future that has panicked must not record again.
    drop(future);
    outcome
}

#[tokio::test(start_paused = true)]
async fn the_time_is_that_from_the_first_poll_to_the_end() {
    let bed = Bed::new().await;
    let operation = bed.store.operation("op", Tags::new()).unwrap();
    let slept = operation.time(tokio::time::sleep(Duration::from_millis(30)));
    pass(secs(1)).await;
    slept.await;
    let metrics = bed
        .store
        .get_metrics("op", TimeWindow::Minute, Aggregation::Max)
        .unwrap();
    assert_eq!(metrics[0].metric_type, MetricType::Latency);
    // The timer had run out before the first poll.
    assert!(metrics[0].value < 30_000.0, "{metrics:?}");
    operation
        .time(tokio::time::sleep(Duration::from_millis(30)))
        .await;
    let metrics = bed
        .store
        .get_metrics("op", TimeWindow::Minute, Aggregation::Max)
        .unwrap();
    assert!(
        (metrics[0].value - 30_000.0).abs() <= 30_000.0 / 32.0,
        "{metrics:?}"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_a_timeout_around_the_timeout_and_cancelled_within_it() {
    let bed = Bed::new().await;
    let monitor = bed.monitor();
    let around = tokio::time::timeout(secs(2), pending::<()>());
    assert!(monitor.measure("op", around).unwrap().await.is_err());
    let within = monitor.measure("op", pending::<Result<(), ()>>()).unwrap();
    assert!(tokio::time::timeout(secs(2), within).await.is_err());
    assert_eq!(Outcome::ALL.map(|how| ended(&bed, how)), [0, 0, 0, 1, 1]);
    bed.end().await;
}
