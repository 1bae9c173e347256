//! The executor: runs what the planner says, and tells what has come of it.
//!
//! A supervised task of its own, apart from the sampler and the keeper: however long a cleanup takes, pressure is measured and told
//! meanwhile. What it knows is in the cell; when it crashes its run is dropped, and its successor goes on with the round.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{ChildId, ChildSpec};
use mainstay_supervisors::{Child, Namespace, StartContext, StartError, Started, StopToken};
use tokio::time::{Instant, sleep_until, timeout};

use super::plan::{Look, Order, Step};
use super::relief::{Work, add};
use super::run::{Ran, run};
use super::signals::CleanupSignals;
use super::strategy::MemoryCleanup;
use crate::memory::cell::MemoryCell;
use crate::memory::error::MemoryStartError;
use crate::memory::handle::MemoryManager;

/// The id of the executor, under the supervisor of the service.
const EXECUTOR: &str = "cleanup";

/// How often it is told what was refused.
const REPORT: Duration = Duration::from_secs(1);

/// How long a sample after a run is waited for.
const SAMPLE: Duration = Duration::from_millis(500);

/// The executor, as a child beside the keeper.
#[track_caller]
pub(crate) fn child() -> Child {
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(EXECUTOR).expect("a name");
    Child::from_start(ChildSpec::new(id), |cx| async move { start(cx) })
}

fn start(cx: StartContext) -> Result<Started, StartError> {
    let namespace = cx.namespace();
    let namespace = namespace.ok_or_else(|| StartError::failed(MemoryStartError::NoNamespace))?;
    let manager = MemoryManager::of(&namespace);
    let body = move |stop| async move {
        let executor = Executor {
            signals: CleanupSignals::new(&namespace),
            cell: Arc::clone(&manager.cell),
            manager,
            namespace,
            stop,
        };
        executor.go_on().await;
    };
    Ok(cx.spawn_task(body).into())
}

struct Executor {
    manager: MemoryManager,
    cell: Arc<MemoryCell>,
    namespace: Namespace,
    signals: CleanupSignals,
    stop: StopToken,
}

impl Executor {
    async fn go_on(self) {
        let relief = &self.cell.relief;
        let mut report_at = Instant::now() + REPORT;
        while !self.stop.is_stopped() {
            let until = match relief.next(&self.look()) {
                Work::Run(order, strategy) => {
                    self.run(order, strategy).await;
                    continue;
                }
                Work::Step(Step::Wait(until)) => until.map(|until| relief.instant(until)),
                Work::Step(step) => {
                    self.tell(&step);
                    continue;
                }
            };
            tokio::select! {
                biased;
                () = self.stop.stopped() => break,
                () = relief.work.notified() => {}
                () = sleep_until(report_at) => {
                    self.signals.refused(&self.cell.admission);
                    report_at = Instant::now() + REPORT;
                }
                () = sleep_until(until.unwrap_or(report_at)), if until.is_some() => {}
            }
        }
        self.signals.refused(&self.cell.admission);
    }

    async fn run(&self, order: Order, strategy: Arc<dyn MemoryCleanup>) {
        self.signals.triggered(&self.cell, &order);
        let Ran { end, error } =
            run(&self.cell, &self.namespace, &order, strategy, &self.stop).await;
        self.cell.relief.finished(order.key, &end);
        self.signals.ran(&self.cell, &order, &end, error.as_deref());
        // Where pressure is measured by hand, or not at all, it is what it was.
        let sample = timeout(SAMPLE, self.manager.check_now());
        tokio::select! {
            biased;
            () = self.stop.stopped() => {}
            sampled = sample => drop(sampled),
        }
    }

    fn tell(&self, step: &Step) {
        let counts = &self.cell.relief.counts;
        match step {
            Step::Begin(began) => {
                add(&counts.rounds, 1);
                self.signals.began(began);
            }
            Step::End(ended) => self.signals.ended(&self.cell, ended),
            Step::Run(_) | Step::Wait(_) => {}
        }
    }

    /// How pressure is, with as many bytes in use as there are now.
    fn look(&self) -> Look {
        let reading = self.cell.reading();
        let mut sources = reading.sources.iter();
        let winner = sources.find(|source| Some(&source.name) == reading.cause.as_ref());
        Look {
            level: reading.level,
            ratio: reading.ratio,
            used: winner.and_then(|source| source.used),
            limit: winner.and_then(|source| source.limit),
            live: self.cell.live_bytes(),
        }
    }
}
