//! The state of health, which outlives its keeper.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use mainstay_specs::{HealthAggregatorSpec, NamespaceName};
use mainstay_supervisors::{Namespace, WeakNamespace};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::audience::Audience;
use super::book::{Book, Frame, assemble};
use super::changes::Changes;
use super::error::HealthError;
use super::moment::Moment;
use super::snapshot::{HealthAnswer, SystemHealth};

/// The answer of a sweep, once it is there.
pub(crate) type SweepAnswer = watch::Receiver<Option<Arc<SystemHealth>>>;

/// What handles, runs, sweeps and all incarnations of the keeper share.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) namespace: NamespaceName,
    pub(crate) home: WeakNamespace,
    spec: ArcSwap<HealthAggregatorSpec>,
    book: Mutex<Book>,
    picture: ArcSwap<SystemHealth>,
    /// The number of the picture; whoever has this publishes, so that pictures and changes come in order.
    publishing: Mutex<u64>,
    /// When the keeper was last seen to do its work: nanoseconds since the cell was made, `u64::MAX` before the first time.
    confirmed: AtomicU64,
    pub(crate) changes: Changes,
    pub(crate) audience: Audience,
    /// There is something to do for the keeper.
    pub(crate) work: Notify,
    /// All that the sweep waits for is there.
    pub(crate) swept: Notify,
    /// The answer that all who ask for a sweep now wait for.
    pub(crate) sweeping: Mutex<Option<SweepAnswer>>,
    pub(crate) counts: Counts,
    /// Which services were there when it was looked: they are looked at also while they are being restarted.
    pub(crate) seen: Mutex<BTreeSet<&'static str>>,
    /// When the cell was made, by both clocks.
    made: (SystemTime, Instant),
    started: Mutex<Option<Instant>>,
    /// Where runs and sweeps are; none before the first keeper.
    runtime: Mutex<Option<Handle>>,
    closed: AtomicBool,
}

/// What is counted, over all incarnations of the keeper.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) runs: AtomicU64,
    pub(crate) timeouts: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) late: AtomicU64,
    pub(crate) sweeps: AtomicU64,
    pub(crate) joined: AtomicU64,
    pub(crate) changes: AtomicU64,
    pub(crate) last_sweep: AtomicU64,
    /// What metrics were told of: runs, timeouts, panics.
    pub(crate) told: [AtomicU64; 3],
}

pub(crate) fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

pub(crate) fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

/// The cell as the namespace keeps it. It goes with the namespace, and tells those who still hold the cell.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Arc<Cell>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A poisoned lock is taken all the same: what is behind it is right after each step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX - 1)
}

impl Cell {
    /// That of the namespace; without checks at first.
    pub(crate) fn of(namespace: &Namespace) -> Arc<Self> {
        let kept = namespace.cell(super::handle::NAME, || Kept(Arc::new(Self::new(namespace))));
        let cell = Arc::clone(&kept.0);
        if namespace.has_ended() {
            cell.close();
        }
        cell
    }

    fn new(namespace: &Namespace) -> Self {
        let spec = Arc::new(HealthAggregatorSpec::default());
        let made = (SystemTime::now(), Instant::now());
        let frame = Frame {
            namespace: namespace.name().clone(),
            thresholds: spec.thresholds,
            at: Moment {
                at: Duration::ZERO,
                wall: made.0,
            },
            sequence: 0,
        };
        let picture = Arc::new(assemble(Vec::new(), frame));
        Self {
            namespace: namespace.name().clone(),
            home: namespace.downgrade(),
            book: Mutex::new(Book::new(Arc::clone(&spec))),
            changes: Changes::default(),
            audience: Audience::new(spec.backlog_max, Arc::clone(&picture)),
            spec: ArcSwap::new(spec),
            picture: ArcSwap::new(picture),
            publishing: Mutex::new(0),
            confirmed: AtomicU64::new(u64::MAX),
            work: Notify::new(),
            swept: Notify::new(),
            sweeping: Mutex::default(),
            counts: Counts::default(),
            seen: Mutex::default(),
            made,
            started: Mutex::default(),
            runtime: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment {
            at: self.made.1.elapsed(),
            wall: SystemTime::now(),
        }
    }

    pub(crate) fn instant(&self, at: Duration) -> Instant {
        self.made.1 + at
    }

    pub(crate) const fn made(&self) -> SystemTime {
        self.made.0
    }

    pub(crate) fn uptime(&self) -> Option<Duration> {
        lock(&self.started).map(|at| at.elapsed())
    }

    /// Whether there ever was a keeper.
    pub(crate) fn is_started(&self) -> bool {
        lock(&self.started).is_some()
    }

    pub(crate) fn runtime(&self) -> Option<Handle> {
        lock(&self.runtime).clone()
    }

    pub(crate) fn spec(&self) -> Arc<HealthAggregatorSpec> {
        self.spec.load_full()
    }

    /// Looks into the book. What was taken out of it is dropped when others may look again.
    pub(crate) fn book<T>(&self, look: impl FnOnce(&mut Book) -> T) -> T {
        let mut book = lock(&self.book);
        let found = look(&mut book);
        let waste = book.take_waste();
        drop(book);
        drop(waste);
        found
    }

    /// The book is another: the keeper has something to do, and a sweep may wait for less.
    pub(crate) fn look_again(&self) {
        self.work.notify_one();
        self.swept.notify_one();
    }

    /// Takes over what an incarnation of the keeper, just started, goes by. It is called where runs are to be.
    pub(crate) fn adopt(&self, spec: HealthAggregatorSpec) -> Result<(), HealthError> {
        let (spec, now) = (Arc::new(spec), self.now());
        self.book(|book| book.adopt(Arc::clone(&spec), now))?;
        self.audience.resize(spec.backlog_max);
        self.spec.store(spec);
        *lock(&self.runtime) = Some(Handle::current());
        *lock(&self.started) = Some(Instant::now());
        // A sweep may have waited for what is gone.
        self.swept.notify_one();
        Ok(())
    }

    /// Goes by another spec while the keeper runs. What is known of the checks that stay is not forgotten.
    pub(crate) fn renew(
        self: &Arc<Self>,
        namespace: &Namespace,
        spec: &HealthAggregatorSpec,
    ) -> Result<(), HealthError> {
        self.check_open()?;
        if *self.spec() == *spec {
            return Ok(());
        }
        let (spec, now) = (Arc::new(spec.clone()), self.now());
        let found = self.find(namespace, &spec);
        self.book(|book| book.renew(Arc::clone(&spec), found, now))?;
        self.audience.resize(spec.backlog_max);
        self.spec.store(spec);
        self.discover();
        self.look_again();
        Ok(())
    }

    /// The keeper has done its work: what was published last is the state of things.
    pub(crate) fn confirm(&self) {
        let now = nanos(self.made.1.elapsed());
        self.confirmed.store(now, Ordering::Release);
    }

    /// What was published last, and how long ago that was confirmed.
    pub(crate) fn answer(&self) -> HealthAnswer {
        let health = self.picture.load_full();
        let now = nanos(self.made.1.elapsed());
        let confirmed = self.confirmed.load(Ordering::Acquire);
        let never = confirmed == u64::MAX;
        let age = Duration::from_nanos(if never {
            now
        } else {
            now.saturating_sub(confirmed)
        });
        let stale = never || self.is_closed() || age > self.spec.load().stale_after;
        HealthAnswer { health, age, stale }
    }

    pub(crate) fn picture(&self) -> Arc<SystemHealth> {
        self.picture.load_full()
    }

    /// Puts all together anew, if anything looks otherwise than it did, and tells who wants to know.
    pub(crate) fn publish(&self) -> Arc<SystemHealth> {
        let mut sequence = lock(&self.publishing);
        let now = self.now();
        let taken = self.book(|book| {
            let steps = book.take_steps();
            let is_dirty = std::mem::take(&mut book.is_dirty) || !steps.is_empty();
            is_dirty.then(|| (book.services(now.at), steps))
        });
        let Some((services, steps)) = taken else {
            return self.picture();
        };
        *sequence += 1;
        let frame = self.frame(now, *sequence);
        let picture = Arc::new(assemble(services, frame));
        let before = self.picture.swap(Arc::clone(&picture));
        let changes = Changes::from_steps(steps, &before, &picture);
        add(&self.counts.changes, changes.len() as u64);
        let is_same = picture.has_those_of(&before);
        if !is_same || !changes.is_empty() {
            self.audience.show(&picture);
        }
        self.audience.tell(&changes);
        self.changes
            .note(changes, self.spec.load().history_max as usize);
        picture
    }

    pub(crate) fn frame(&self, at: Moment, sequence: u64) -> Frame {
        Frame {
            namespace: self.namespace.clone(),
            thresholds: self.spec.load().thresholds,
            at,
            sequence,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn check_open(&self) -> Result<(), HealthError> {
        if self.is_closed() {
            return Err(HealthError::Stopped);
        }
        Ok(())
    }

    /// The namespace has ended: nothing is run any more, and nobody waits.
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.book(Book::clear);
        self.audience.close();
        self.swept.notify_one();
    }
}
