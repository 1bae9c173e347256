//! Many calls at once, counted exactly.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`measure_concurrent_ops`] |
//! | `report.rs` | [`LoadReport`]: what they came to, and how long they took |

mod report;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use report::{LoadReport, Op};

use super::panics;
use report::Timed;

/// Makes exactly `ops` calls of `op`, `concurrency` of them at a time, and tells what they came to and how long they took.
///
/// As many tasks as may run at a time are spawned and wait for each other before the first call, so that they begin together; each
/// then makes the next call there is, until all were made. `op` gets the number of the call, from 0. A call that panics
/// is counted as such, and its task goes on. At least one task and at most `ops` are spawned, whatever `concurrency` says.
///
/// Times are taken by the clock of tokio: real with threads, virtual where it is paused.
///
/// ```
/// use std::sync::Arc;
///
/// use mainstay::testkit::{TestOptions, measure_concurrent_ops, run};
/// use tokio::sync::Semaphore;
///
/// run(TestOptions::new("limited"), |cx| async move {
///     let limit = Arc::new(Semaphore::new(30));
///     let report = measure_concurrent_ops(100, 10, move |_nth| {
///         let limit = Arc::clone(&limit);
///         async move { limit.try_acquire().map(|permit| permit.forget()) }
///     })
///     .await;
///     assert_eq!((report.ok(), report.err(), report.panicked()), (30, 70, 0));
/// });
/// ```
///
/// Cancel safety: when this is dropped, the tasks are aborted.
pub async fn measure_concurrent_ops<T, E, O, F>(
    ops: usize,
    concurrency: usize,
    op: O,
) -> LoadReport<T, E>
where
    O: Fn(usize) -> F + Send + Sync + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let workers = concurrency.clamp(1, ops.max(1));
    let shared = Arc::new(Shared {
        ops,
        op,
        next: AtomicUsize::new(0),
        start: Barrier::new(workers),
    });
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        tasks.spawn(work(Arc::clone(&shared)));
    }
    let mut done = Vec::with_capacity(ops);
    while let Some(worked) = tasks.join_next().await {
        // The calls' panics are caught; only the tokio runtime can have ended a task.
        done.extend(worked.unwrap_or_default());
    }
    LoadReport::new(done)
}

struct Shared<O> {
    ops: usize,
    op: O,
    next: AtomicUsize,
    start: Barrier,
}

async fn work<T, E, O, F>(shared: Arc<Shared<O>>) -> Vec<Timed<T, E>>
where
    O: Fn(usize) -> F,
    F: Future<Output = Result<T, E>>,
{
    shared.start.wait().await;
    let mut done = Vec::new();
    loop {
        let nth = shared.next.fetch_add(1, Ordering::Relaxed);
        if nth >= shared.ops {
            return done;
        }
        let begun = Instant::now();
        // The call is a part of it, as it may panic as well.
        let call = AssertUnwindSafe(async { (shared.op)(nth).await });
        let op = match call.catch_unwind().await {
            Ok(Ok(value)) => Op::Ok(value),
            Ok(Err(error)) => Op::Err(error),
            Err(payload) => Op::Panicked(panics::text_of(&*payload)),
        };
        done.push(Timed {
            nth,
            begun,
            ended: Instant::now(),
            op,
        });
    }
}
