//! What the processes of a pool share, beside its cell; it belongs to the namespace as that does.

use std::any::{Any, type_name};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::{OnSelfDeadlock, PoolConfig, ServiceName};
use mainstay_supervisors::{Child, Namespace, TaskSupervisorRef, WeakNamespace};
use tokio::sync::Notify;

use super::cell::Cell;
use super::core::Counts;
use super::handle::PoolManager;
use super::health::{Course, PoolSick, ask};
use super::manager::{ConnectionPool, ConnectionSpec};
use super::share::Share;
use super::signals::{Deed, Signals, Told};
use super::stats::PoolStats;
use super::supervisor;
use super::upkeep::{Circuit, Loan, Overdue, fail_overdue};

/// What the processes of a pool share.
#[derive(Debug)]
pub(crate) struct Premises<P: ConnectionPool> {
    pub(crate) cell: Arc<Cell<P>>,
    /// For those who ask for a connection by the name of the pool.
    pub(super) share: Arc<Share<P>>,
    namespace: WeakNamespace,
    signals: Arc<Signals>,
    told: Told,
    pub(crate) circuit: Circuit,
    /// The supervisors of tasks that may be there, the one that was started last last.
    tasks: Mutex<Vec<TaskSupervisorRef>>,
    course: Mutex<Course>,
    overdue: Mutex<Overdue<P>>,
    /// That it was started was told, and that it is drained.
    told_started: AtomicBool,
    pub(crate) told_drained: AtomicBool,
    /// Rings when its first keeper has begun.
    begun: Notify,
    /// Who has it keeps the pool: there are never two of them, also where a supervisor and its successor overlap.
    pub(crate) keeping: tokio::sync::Mutex<()>,
    /// Who has it stops the processes of the pool and frees its name.
    closing: tokio::sync::Mutex<()>,
    /// How many leases were taken away since it was closed.
    pub(crate) cut_off: AtomicU64,
}

/// What a pool is born with.
#[derive(Debug)]
pub(crate) struct Birth {
    pub(crate) name: ServiceName,
    pub(crate) config: PoolConfig,
    pub(crate) namespace: Namespace,
    pub(crate) signals: Arc<Signals>,
}

/// A future of a pool of some kind.
pub(crate) type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A pool of some kind.
pub(crate) trait AnyPool: Send + Sync {
    fn name(&self) -> &ServiceName;
    fn stats(&self) -> PoolStats;
    /// The type of its manager.
    fn kind(&self) -> &'static str;
    /// Its processes, as a child.
    fn child(self: Arc<Self>) -> Child;
    /// Goes by another configuration, which was found valid.
    fn reconfigure(&self, config: PoolConfig);
    fn close(&self);
    /// Closes it without a goodbye, as there is nobody to say it.
    fn abandon(&self);
    fn drain(self: Arc<Self>) -> Later<()>;
    /// Waits until it was kept for the first time.
    fn begun(self: Arc<Self>) -> Later<()>;
    /// Who has it stops the processes of the pool and frees its name.
    fn closing(&self) -> &tokio::sync::Mutex<()>;
    fn health_check(self: Arc<Self>) -> Later<Result<(), PoolSick>>;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<P: ConnectionPool> Premises<P> {
    pub(crate) fn new(birth: Birth, spec: ConnectionSpec<P>) -> Arc<Self> {
        let Birth {
            name,
            config,
            namespace,
            signals,
        } = birth;
        let home = Some(namespace.name().clone());
        let cell = Arc::new(Cell::new(name, home, config, spec));
        cell.tell_to(&signals);
        Arc::new(Self {
            share: Share::of(Arc::clone(&cell)),
            cell,
            namespace: namespace.downgrade(),
            signals,
            told: Told::default(),
            circuit: Circuit::new(&namespace),
            tasks: Mutex::default(),
            course: Mutex::default(),
            overdue: Mutex::default(),
            told_started: AtomicBool::new(false),
            told_drained: AtomicBool::new(false),
            begun: Notify::new(),
            keeping: tokio::sync::Mutex::default(),
            closing: tokio::sync::Mutex::default(),
            cut_off: AtomicU64::new(0),
        })
    }

    pub(crate) fn handle(&self) -> PoolManager<P> {
        PoolManager::of(Arc::clone(&self.cell))
    }

    /// Whether the namespace goes towards its end, and the pool with it.
    pub(crate) fn is_ending(&self) -> bool {
        let namespace = self.namespace.upgrade();
        namespace.is_none_or(|namespace| namespace.is_stopping())
    }

    /// Another one starts tasks from now on.
    pub(crate) fn add_tasks(&self, tasks: TaskSupervisorRef) {
        let mut all = lock(&self.tasks);
        all.retain(|tasks| !is_over(tasks));
        all.push(tasks);
    }

    /// Who starts tasks: of those that have not ended the one that was started last. Where the supervisor of all pools was ended, those
    /// below it end in their own time, and may be started once more before; so that one which is about to end may have been started last.
    pub(crate) fn tasks(&self) -> Option<TaskSupervisorRef> {
        let all = lock(&self.tasks);
        all.iter().rfind(|tasks| !is_over(tasks)).cloned()
    }

    pub(crate) fn course(&self) -> MutexGuard<'_, Course> {
        lock(&self.course)
    }

    /// The attempts to connect that have not ended.
    pub(crate) fn overdue(&self) -> MutexGuard<'_, Overdue<P>> {
        lock(&self.overdue)
    }

    /// Fails the attempts that block.
    pub(crate) fn give_up_overdue(&self) {
        let late = self.overdue().give_up();
        for (desk, within) in late {
            fail_overdue(&desk, within, self.cell.name.as_str());
        }
    }

    /// Does as the breaker says.
    pub(crate) fn heed_breaker(&self) {
        self.circuit.heed(&self.cell);
    }

    /// How often it is told what pools have done.
    pub(crate) fn report_every(&self) -> Duration {
        self.signals.report_every()
    }

    /// Tells that it is kept now, the first time.
    pub(crate) fn tell_started(&self) {
        if Self::is_first(&self.told_started) {
            self.begun.notify_waiters();
            self.cell.tell(&Deed::Started(&self.cell.config.load()));
        }
    }

    /// Whether it was closed, and it has not been told yet that nothing is left.
    pub(crate) fn has_end_to_tell(&self) -> bool {
        !self.told_drained.load(Ordering::Acquire) && self.cell.is_closed()
    }

    /// Takes away the leases that were taken before this moment, and tells of them.
    pub(crate) fn revoke_older(&self, taken_before: u64) {
        for holder in self.cell.revoke_older(taken_before) {
            self.cell
                .tell(&Deed::Revoked(&Loan::of(&self.cell, &holder)));
        }
    }

    /// Tells what has happened since it was last told.
    pub(crate) fn report(&self) {
        let (counts, situation) = self.cell.figures();
        let name = &self.cell.name;
        self.pass_over_deadlocks(&counts);
        self.signals.report(name, &counts, &situation, &self.told);
    }

    /// Where they are only reported, those who wait for themselves are not told of as if they had been refused. To be called whenever
    /// there was one, as that may be changed.
    pub(crate) fn pass_over_deadlocks(&self, counts: &Counts) {
        if self.cell.config.load().on_self_deadlock == OnSelfDeadlock::Report {
            self.told.pass_over_deadlocks(counts);
        }
    }

    /// Whether this is the first time.
    pub(crate) fn is_first(flag: &AtomicBool) -> bool {
        !flag.swap(true, Ordering::AcqRel)
    }
}

impl<P: ConnectionPool> AnyPool for Premises<P> {
    fn name(&self) -> &ServiceName {
        &self.cell.name
    }

    fn stats(&self) -> PoolStats {
        self.cell.stats()
    }

    fn kind(&self) -> &'static str {
        type_name::<P>()
    }

    fn child(self: Arc<Self>) -> Child {
        supervisor::child(&self)
    }

    fn reconfigure(&self, config: PoolConfig) {
        self.cell.reconfigure(config);
    }

    fn close(&self) {
        self.cell.close();
    }

    fn abandon(&self) {
        self.cell.abandon();
    }

    fn drain(self: Arc<Self>) -> Later<()> {
        Box::pin(async move { self.cell.drain().await })
    }

    fn begun(self: Arc<Self>) -> Later<()> {
        Box::pin(async move {
            loop {
                let begun = self.begun.notified();
                tokio::pin!(begun);
                begun.as_mut().enable();
                if self.told_started.load(Ordering::Acquire) {
                    return;
                }
                begun.await;
            }
        })
    }

    fn closing(&self) -> &tokio::sync::Mutex<()> {
        &self.closing
    }

    fn health_check(self: Arc<Self>) -> Later<Result<(), PoolSick>> {
        Box::pin(async move { ask(&self.cell).await })
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

fn is_over(tasks: &TaskSupervisorRef) -> bool {
    tasks.supervisor().process().is_over()
}

/// A poisoned lock is taken all the same: what is under it is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
