//! One run of a strategy: in a task of its own, whatever becomes of it.

use std::sync::Arc;
use std::time::Duration;

use mainstay_supervisors::{Namespace, StopToken};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout_at};

use super::event::CleanupResult;
use super::plan::{Key, Order, RunEnd};
use super::strategy::{CleanupError, CleanupOptions, CleanupReport, MemoryCleanup};
use crate::memory::cell::MemoryCell;

/// For how much longer than its time limit a run is waited for, to see it end: one that blocks is given up then.
const GRACE: Duration = Duration::from_millis(100);

/// A run that has come to an end, or is given up.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) end: RunEnd,
    /// What went wrong, if something did.
    pub(super) error: Option<String>,
}

/// What a task comes to: nothing, if it was dropped at its deadline.
type Answer = Option<Result<CleanupReport, CleanupError>>;

/// Tells that the task of a run is gone, however it ended.
struct Gone {
    cell: Arc<MemoryCell>,
    key: Key,
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.cell.relief.gone(self.key);
    }
}

/// A task that ends with whoever waits for it.
struct Tied(JoinHandle<Answer>);

impl Drop for Tied {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs a strategy, and measures what it has freed. When `stop` says so, the run is dropped.
pub(super) async fn run(
    cell: &Arc<MemoryCell>,
    namespace: &Namespace,
    order: &Order,
    strategy: Arc<dyn MemoryCleanup>,
    stop: &StopToken,
) -> Ran {
    let (before, began) = (cell.live_bytes(), Instant::now());
    let deadline = began + order.time_limit;
    let mut task = start(cell, namespace, order, strategy, deadline);
    let answer = tokio::select! {
        biased;
        () = stop.stopped() => None,
        answer = timeout_at(deadline + GRACE, &mut task.0) => Some(answer),
    };
    let (result, report, error) = match answer {
        None => {
            task.0.abort();
            (CleanupResult::Lost, CleanupReport::default(), None)
        }
        Some(Err(_)) => late(order.time_limit),
        Some(Ok(answer)) => judge(answer, order.time_limit),
    };
    let freed = before
        .zip(cell.live_bytes())
        .map(|(before, after)| before.saturating_sub(after));
    let end = RunEnd {
        result,
        took: began.elapsed(),
        freed,
        told: report.bytes,
        entries: report.entries,
    };
    Ran { end, error }
}

fn start(
    cell: &Arc<MemoryCell>,
    namespace: &Namespace,
    order: &Order,
    strategy: Arc<dyn MemoryCleanup>,
    deadline: Instant,
) -> Tied {
    let gone = Gone {
        cell: Arc::clone(cell),
        key: order.key,
    };
    let options = CleanupOptions {
        priority: order.priority,
        target: order.target,
        deadline,
        aggressiveness: order.aggressiveness,
        retention: order.retention,
    };
    let (namespace, service) = (namespace.clone(), order.service.clone());
    Tied(tokio::spawn(async move {
        // Dropped last, after whatever the strategy leaves.
        let _gone = gone;
        let answer = strategy.cleanup(&namespace, &service, &options);
        timeout_at(deadline, answer).await.ok()
    }))
}

type Judged = (CleanupResult, CleanupReport, Option<String>);

fn late(limit: Duration) -> Judged {
    let error = format!("no end within {limit:?}");
    (
        CleanupResult::TimedOut,
        CleanupReport::default(),
        Some(error),
    )
}

fn judge(answer: Result<Answer, JoinError>, limit: Duration) -> Judged {
    let nothing = CleanupReport::default();
    match answer {
        Ok(Some(Ok(report))) => (CleanupResult::Done, report, None),
        Ok(Some(Err(error))) => (CleanupResult::Failed, nothing, Some(error.to_string())),
        Ok(None) => late(limit),
        Err(error) if error.is_panic() => {
            (CleanupResult::Panicked, nothing, Some(error.to_string()))
        }
        // The runtime ends.
        Err(_) => (CleanupResult::Lost, nothing, None),
    }
}
