//! The handle.

use std::sync::Arc;

use mainstay_specs::ServiceName;
use mainstay_supervisors::{HeapUse, Namespace, Process, WeakNamespace};

use super::super::cell::MemoryCell;
use super::super::error::MemoryError;
use super::super::handle::MemoryManager;
use super::footprint::MemoryFootprint;
use super::report::{MemoryReport, ProcessMemoryEntry};
use super::sample::MemorySample;
use super::tracked::Look;

/// How much memory the processes of a namespace hold: a handle, cheap to clone.
///
/// What is tracked belongs to the namespace, whether its memory manager runs or not. Everything is measured when it is asked for.
///
/// ```
/// use mainstay_actors::memory::ProcessMemoryTracker;
/// use mainstay_specs::{NamespaceName, ServiceName};
/// use mainstay_supervisors::{Child, Runtime};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::new();
/// let app = runtime.namespace("app").await?;
/// let cache = Child::task("cache", |stop| async move { stop.stopped().await });
/// let started = app.start_child(cache).await?;
/// let process = started.process().expect("it runs");
///
/// let tracker = ProcessMemoryTracker::of(&app);
/// // A service that knows its own size. Others are measured by the allocator, where the program has one that charges processes.
/// tracker.track_footprint(process, ServiceName::new("cache")?, || Some(4096))?;
///
/// let report = tracker.get_memory_report();
/// assert_eq!(report.total, Some(4096));
/// assert_eq!(report.entries[0].process, process.path());
///
/// process.kill();
/// process.ended().await;
/// assert!(tracker.get_memory_report().entries.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProcessMemoryTracker {
    cell: Arc<MemoryCell>,
    namespace: WeakNamespace,
}

impl ProcessMemoryTracker {
    /// The tracker of a namespace.
    #[must_use]
    pub fn of(namespace: &Namespace) -> Self {
        Self {
            cell: MemoryManager::of(namespace).cell,
            namespace: namespace.downgrade(),
        }
    }

    /// Tracks a process under the name of a service, until it ends: its successor is another one. Tracking it again changes
    /// the name, and nothing else. A process that has ended is not tracked.
    ///
    /// # Errors
    ///
    /// [`MemoryError::TooManyTracked`].
    pub fn track_process(
        &self,
        process: &Process,
        service: ServiceName,
    ) -> Result<(), MemoryError> {
        let max = self.tracked_max();
        self.cell.tracker.track(process, service, None, max)
    }

    /// As [`track_process`](Self::track_process), with who knows how much the service holds. The last one that is given counts. It is
    /// let go of with the first look after the end of the process.
    ///
    /// # Errors
    ///
    /// [`MemoryError::TooManyTracked`].
    pub fn track_footprint(
        &self,
        process: &Process,
        service: ServiceName,
        footprint: impl MemoryFootprint,
    ) -> Result<(), MemoryError> {
        let (footprint, max): (Arc<dyn MemoryFootprint>, _) =
            (Arc::new(footprint), self.tracked_max());
        let footprint = Some(footprint);
        self.cell.tracker.track(process, service, footprint, max)
    }

    /// Tracks a process no more; whether it was tracked.
    pub fn untrack_process(&self, process: &Process) -> bool {
        self.cell.tracker.untrack(process)
    }

    /// What a process holds now, whether it is tracked or not.
    #[must_use]
    pub fn sample(&self, process: &Process) -> MemorySample {
        self.cell.tracker.sample(process)
    }

    /// Who holds how much now, of the processes that are tracked. Nobody is in it who has ended.
    ///
    /// Growth is known from the second report on, and looks back one to two of the spec's `growth_window`.
    #[must_use]
    pub fn get_memory_report(&self) -> MemoryReport {
        let look = self.look();
        let entries = self.cell.tracker.entries(look);
        MemoryReport::new(entries, HeapUse::now(), look.now)
    }

    /// Who holds how much now, of all processes of the namespace, whether they are tracked or not: those that are not are in it under
    /// their id.
    ///
    /// It looks at each of them, and adds up for each what every thread has charged to it: not for a short interval where there are
    /// many.
    #[must_use]
    pub fn full_report(&self) -> MemoryReport {
        let look = self.look();
        let mut entries = self.cell.tracker.entries(look);
        let tracked: Vec<_> = entries.iter().map(|entry| entry.pid).collect();
        let namespace = self.namespace.upgrade();
        let all = namespace.map(|namespace| namespace.processes());
        for process in all.unwrap_or_default() {
            // Entries are in order of their pids, as processes are.
            if tracked.binary_search(&process.pid()).is_ok() {
                continue;
            }
            let Ok(service) = ServiceName::new(process.id().as_str()) else {
                continue;
            };
            let sample = self.cell.tracker.sample(&process);
            if process.is_alive() {
                entries.push(ProcessMemoryEntry::new(&process, service, sample, look.now));
            }
        }
        MemoryReport::new(entries, HeapUse::now(), look.now)
    }

    fn look(&self) -> Look {
        Look {
            now: self.cell.clock.now(),
            window: self.cell.terms().spec().budgets.growth_window,
        }
    }

    fn tracked_max(&self) -> u32 {
        self.cell.terms().spec().budgets.tracked_max
    }
}
