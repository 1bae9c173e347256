//! The state of a pool, which outlives the keeper.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Duration;

use arc_swap::ArcSwap;
use mainstay_specs::{NamespaceName, PoolConfig, ServiceName};
use mainstay_supervisors::Pid;
use tokio::sync::Notify;

use super::borrower::{Asker, Borrower, Borrowers};
use super::core::{
    Answer, Close, Core, Grants, Holder, Mend, NEVER, Phase, Seat, Terms, Wakes, Who, nanos,
};
use super::manager::{Condition, ConnectionPool, ConnectionSpec};
use super::signals::{Deed, Signals};
use crate::clock::Clock;
use crate::lock::{Guard, Lock};
use crate::telemetry::panic::guard;

/// What borrowers, the keeper and observers share.
pub(crate) struct Cell<P: ConnectionPool> {
    inner: Apart<Lock<Inner<P>, PATIENCE>>,
    /// What those who wait are granted, which they take without that lock.
    pub(super) grants: Arc<Grants<P::Conn>>,
    pub(super) clock: Clock,
    /// How long a checkout may take, in nanoseconds.
    patience: AtomicU64,
    pub(super) config: ArcSwap<PoolConfig>,
    pub(super) spec: Spec<P>,
    pub(super) name: ServiceName,
    pub(super) namespace: Option<NamespaceName>,
    /// Rings for the keeper.
    bell: Notify,
    /// Rings when the pool was closed and nothing is left.
    drained: Notify,
    /// Rings when it goes by another configuration.
    pub(super) changed: Notify,
    /// Who is told what happens.
    pub(super) signals: OnceLock<Arc<Signals>>,
}

/// How long those who find the lock taken wait at first, about a microsecond: whoever has it mostly gives a connection back and waits for
/// another one, and so takes it twice at a time. Between two threads that share a pool a turn takes a twentieth less time than with
/// the shortest wait, and the longest waits are no longer.
const PATIENCE: u32 = 4;

/// At the beginning of a line of memory, and the one beside it: so the lock and what it is mostly taken for are fetched at once, and
/// nothing that is only read beside it.
#[repr(align(128))]
struct Apart<T>(T);

/// What connections are made of. It stays for as long as the pool does.
pub(super) struct Spec<P: ConnectionPool> {
    pub(super) manager: P,
    pub(super) options: ArcSwap<P::Options>,
    pub(super) health_check: Option<super::manager::Check<P::Conn>>,
}

/// What is under the lock. The core comes first.
#[repr(C)]
pub(super) struct Inner<P: ConnectionPool> {
    pub(super) core: Core<P::Conn, Borrower>,
    pub(super) borrowers: Borrowers,
    pub(super) chance: fastrand::Rng,
}

/// What of a pool that was closed nobody comes for.
struct LeftOver<C> {
    closes: Vec<Close<C>>,
    mends: Vec<Mend<C>>,
    is_drained: bool,
}

impl<C> LeftOver<C> {
    const fn new(is_drained: bool) -> Self {
        Self {
            closes: Vec::new(),
            mends: Vec::new(),
            is_drained,
        }
    }
}

impl<P: ConnectionPool> Cell<P> {
    /// A pool without connections; its configuration was found valid.
    pub(crate) fn new(
        name: ServiceName,
        namespace: Option<NamespaceName>,
        config: PoolConfig,
        spec: ConnectionSpec<P>,
    ) -> Self {
        let inner = Inner {
            core: Core::new(Terms::of(&config)),
            borrowers: Borrowers::default(),
            chance: fastrand::Rng::new(),
        };
        Self {
            grants: Arc::clone(inner.core.grants()),
            inner: Apart(Lock::new(inner)),
            clock: Clock::start(),
            patience: AtomicU64::new(nanos(config.checkout_timeout)),
            config: ArcSwap::from_pointee(config),
            spec: Spec {
                manager: spec.manager,
                options: ArcSwap::from_pointee(spec.options),
                health_check: spec.health_check,
            },
            name,
            namespace,
            bell: Notify::new(),
            drained: Notify::new(),
            changed: Notify::new(),
            signals: OnceLock::new(),
        }
    }

    /// But for wakers that are cloned, no code of others runs under it, and what is under it is whole then.
    #[inline]
    pub(super) fn lock(&self) -> Guard<'_, Inner<P>> {
        self.inner.0.lock()
    }

    #[cfg(test)]
    pub(super) fn is_locked(&self) -> bool {
        self.inner.0.is_taken()
    }

    /// Lets go of the lock, and does what has to be done without it, but for those who are to be woken: not to be handed on to here, they
    /// do not leave the registers.
    #[inline]
    pub(super) fn release(&self, mut inner: Guard<'_, Inner<P>>) {
        let calls = inner.core.take_call();
        let is_closed = inner.core.phase() == Phase::Closed;
        let left = is_closed.then(|| self.left_over(&mut inner));
        drop(inner);
        if calls {
            self.bell.notify_one();
        }
        if let Some(left) = left {
            self.end(left);
        }
    }

    /// What of a pool that was closed nobody comes for, as there is no keeper.
    #[cold]
    fn left_over(&self, inner: &mut Inner<P>) -> LeftOver<P::Conn> {
        let core = &mut inner.core;
        if core.is_attended() {
            return LeftOver::new(core.is_drained());
        }
        LeftOver {
            closes: core.take_closing(),
            mends: core.take_mending(),
            is_drained: core.is_drained(),
        }
    }

    /// Drops what is left over, without a goodbye and without the lock, and tells of the end if this is it.
    #[cold]
    fn end(&self, left: LeftOver<P::Conn>) {
        if left.is_drained {
            self.drained.notify_waiters();
        }
        for Close { seat, conn } in left.closes {
            guard(|| drop(conn));
            self.with(|inner, now, _| inner.core.closed(now, seat));
        }
        for Mend { seat, conn, remedy } in left.mends {
            guard(|| drop(conn));
            self.with(|inner, now, _| inner.core.mend_lost(now, seat, remedy));
        }
    }

    /// Does something at this moment, under the lock.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Inner<P>, u64, &mut Wakes) -> T) -> T {
        let now = self.clock.now();
        let mut wakes = Wakes::default();
        let mut inner = self.lock();
        let done = act(&mut inner, now, &mut wakes);
        self.release(inner);
        wakes.wake();
        done
    }

    /// Waits until the keeper is called. A call that comes while nobody waits is not lost.
    pub(crate) async fn called(&self) {
        self.bell.notified().await;
    }

    pub(super) fn patience(&self) -> u64 {
        self.patience.load(Ordering::Relaxed)
    }

    /// That of the configuration, or less.
    pub(super) fn patience_within(&self, within: Option<Duration>) -> u64 {
        let patience = self.patience();
        within.map_or(patience, |within| patience.min(nanos(within)))
    }

    /// Asks for a connection, or for a place in the line.
    #[inline]
    pub(super) fn start(
        &self,
        asker: &Asker,
        at: &'static Location<'static>,
        patience: u64,
        waker: &Waker,
    ) -> (Answer<P::Conn>, u64, bool) {
        let who = Who {
            at,
            borrower: asker.borrower,
        };
        let now = self.clock.now();
        let mut inner = self.lock();
        let answer = inner.core.checkout(now, patience, who, waker);
        if let Answer::Given(_) | Answer::Unproven(_) = answer {
            inner.lent(asker);
        }
        let attended = inner.core.is_attended();
        self.release(inner);
        (answer, now, attended)
    }

    /// Takes a connection back. Whether the lease had been taken away before.
    #[inline]
    pub(super) fn put(&self, seat: Seat, conn: P::Conn, condition: Condition) -> bool {
        let now = self.clock.now();
        let mut wakes = Wakes::default();
        let mut inner = self.lock();
        let returned = inner.core.put(now, seat, conn, condition, &mut wakes);
        if returned.borrower.is_some() {
            inner.borrowers.returned(returned.borrower);
        }
        self.release(inner);
        wakes.wake();
        returned.revoked
    }

    /// Goes by another configuration that was found valid.
    pub(crate) fn reconfigure(&self, config: PoolConfig) {
        let terms = Terms::of(&config);
        self.with(|inner, now, _| {
            // Under the lock, so that both are of the same one.
            let patience = nanos(config.checkout_timeout);
            self.patience.store(patience, Ordering::Relaxed);
            self.config.store(Arc::new(config));
            inner.core.change(now, terms);
        });
        self.tell_changed();
    }

    /// Goes by another size.
    pub(crate) fn resize(&self, min: u32, max: u32) {
        self.with(|inner, now, _| {
            let config = PoolConfig::clone(&self.config.load());
            let config = config.min_size(min).max_size(max);
            inner.core.change(now, Terms::of(&config));
            self.config.store(Arc::new(config));
        });
        self.tell_changed();
    }

    /// Connects with other options from now on, and has what there is replaced, spread over a time. How many connections that are.
    pub(crate) fn rotate(&self, options: P::Options, spread: Duration) -> u32 {
        // First: what is connected with the old ones is of the old generation then.
        self.spec.options.store(Arc::new(options));
        let connections = self.evict(spread);
        self.tell(&Deed::Rotated { connections });
        connections
    }

    fn tell_changed(&self) {
        self.changed.notify_waiters();
        self.tell(&Deed::Reconfigured(&self.config.load()));
    }

    pub(crate) fn evict(&self, spread: Duration) -> u32 {
        self.with(|inner, now, _| inner.core.evict(now, nanos(spread)))
    }

    pub(crate) fn evict_idle(&self) -> u32 {
        self.with(|inner, now, _| inner.core.evict_idle(now))
    }

    pub(crate) fn suspend(&self) {
        self.with(|inner, _, _| inner.core.suspend());
    }

    pub(crate) fn resume(&self) {
        self.with(|inner, now, wakes| inner.core.resume(now, wakes));
    }

    /// No attempt to connect is made for so long, or until they are released. Those who are sent away for that are to be woken.
    #[must_use]
    pub(crate) fn hold_connects(&self, time: Option<Duration>) -> Wakes {
        self.with(|inner, now, wakes| {
            let until = time.map_or(NEVER, |time| now.saturating_add(nanos(time)));
            inner.core.hold_connects(now, until, wakes);
            std::mem::take(wakes)
        })
    }

    pub(crate) fn release_connects(&self) {
        self.with(|inner, now, _| inner.core.release_connects(now));
    }

    /// Closes the pool for good. Leases are waited for until the time for that is up.
    pub(crate) fn close(&self) {
        let drain = nanos(self.config.load().drain_timeout);
        self.with(|inner, now, wakes| {
            inner.core.close(now, now.saturating_add(drain), wakes);
        });
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().core.phase() == Phase::Closed
    }

    /// Waits until a pool that was closed has nothing left.
    pub(crate) async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            if self.lock().core.is_drained() {
                return;
            }
            drained.await;
        }
    }

    /// A process has ended: takes away the leases it had.
    pub(crate) fn borrower_died(&self, pid: Pid) -> Vec<Holder<Borrower>> {
        let (revoked, process) = self.with(|inner, now, _| {
            let revoked = inner.core.revoke_from(now, Borrower::Process(pid));
            (revoked, inner.borrowers.forget(pid, true))
        });
        // With it goes what it ended with, which is not ours to drop under the lock.
        drop(process);
        revoked
    }

    /// Whether a process that has no leases any more is forgotten, and need not be watched until it borrows again.
    pub(crate) fn forget_borrower(&self, pid: Pid) -> bool {
        let forgotten = self.lock().borrowers.forget(pid, false);
        forgotten.is_some()
    }
}

impl<P: ConnectionPool> Inner<P> {
    /// Notes that a connection was lent.
    #[inline]
    pub(super) fn lent(&mut self, asker: &Asker) {
        if let Some(process) = &asker.process
            && self.borrowers.lent(process)
        {
            self.core.call_keeper();
        }
    }
}

impl<P: ConnectionPool> fmt::Debug for Cell<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
