//! Many calls at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainstay::testkit::{Op, TestContext, measure_concurrent_ops};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::support::SECOND;

const MILLI: Duration = Duration::from_millis(1);

#[mainstay::test(start_paused = true)]
async fn exactly_as_many_calls_are_made_as_were_ordered(_cx: TestContext) {
    for (ops, concurrency) in [(0, 5), (1, 5), (7, 0), (100, 1), (100, 7), (100, 1000)] {
        let calls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&calls);
        let report = measure_concurrent_ops(ops, concurrency, move |nth| {
            count.fetch_add(1, Ordering::Relaxed);
            async move { Ok::<_, ()>(nth) }
        })
        .await;
        assert_eq!(calls.load(Ordering::Relaxed), ops);
        // In the order of their numbers, whoever made them.
        assert!(report.values().copied().eq(0..ops));
        assert_eq!((report.ok(), report.err(), report.panicked()), (ops, 0, 0));
    }
}

#[mainstay::test(start_paused = true)]
async fn as_many_run_at_a_time_as_may(_cx: TestContext) {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (theirs, peak) = (Arc::clone(&running), Arc::clone(&most));
    let report = measure_concurrent_ops(20, 4, move |_| {
        let (running, most) = (Arc::clone(&theirs), Arc::clone(&peak));
        async move {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            sleep(MILLI * 10).await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, ()>(())
        }
    })
    .await;
    assert_eq!(most.load(Ordering::SeqCst), 4);
    assert_eq!(report.duration(), MILLI * 50);
    assert_eq!(report.ops_per_second(), Some(400.0));
    let percentiles = (report.p50(), report.p95(), report.p99(), report.max());
    assert_eq!(
        percentiles,
        (MILLI * 10, MILLI * 10, MILLI * 10, MILLI * 10)
    );
    let text = "20 calls in 50ms (400/s): 20 ok, 0 errors, 0 panics; p50 10ms, p95 10ms, p99 10ms, max 10ms";
    assert_eq!(report.to_string(), text);
}

#[mainstay::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_is_kept_under_many_callers(_cx: TestContext) {
    let limit = Arc::new(Semaphore::new(30));
    let report = measure_concurrent_ops(1000, 50, move |_| {
        let limit = Arc::clone(&limit);
        async move { limit.try_acquire().map(|permit| permit.forget()) }
    })
    .await;
    assert_eq!((report.ok(), report.err(), report.total()), (30, 970, 1000));
}

#[mainstay::test(start_paused = true)]
async fn a_call_that_panics_is_counted_and_the_others_go_on(_cx: TestContext) {
    let report = measure_concurrent_ops(6, 2, |nth| {
        // Also before there is a future.
        assert_ne!(nth, 1, "on purpose");
        async move {
            assert_ne!(nth, 2, "in the middle");
            if nth == 3 { Err("refused") } else { Ok(nth) }
        }
    })
    .await;
    assert_eq!((report.ok(), report.err(), report.panicked()), (3, 1, 2));
    let [
        Op::Ok(0),
        Op::Panicked(first),
        Op::Panicked(second),
        Op::Err("refused"),
        Op::Ok(4),
        Op::Ok(5),
    ] = report.ops()
    else {
        panic!("{report:?}")
    };
    assert!(
        first.ends_with("on purpose\n  left: 1\n right: 1"),
        "{first}"
    );
    assert!(
        second.ends_with("in the middle\n  left: 2\n right: 2"),
        "{second}"
    );
    assert_eq!(report.into_ops().len(), 6);
}

#[mainstay::test(start_paused = true)]
async fn dropping_it_stops_the_calls(_cx: TestContext) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let measured = measure_concurrent_ops(1000, 2, move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async {
            sleep(MILLI * 10).await;
            Ok::<_, ()>(())
        }
    });
    timeout(MILLI * 35, measured)
        .await
        .expect_err("it takes longer");
    let begun = Instant::now();
    sleep(SECOND).await;
    assert_eq!(
        (calls.load(Ordering::Relaxed), begun.elapsed()),
        (8, SECOND)
    );
}
