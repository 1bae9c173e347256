//! The state of a memory manager, which outlives the keeper.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use mainstay_specs::NamespaceName;
use mainstay_supervisors::{Hold, Namespace};
use tokio::sync::{Notify, broadcast};

use super::admission::Admission;
use super::budget::Budgets;
use super::cleanup::Relief;
use super::clock::{Clock, nanos};
use super::error::MemoryError;
use super::event::{MemoryEvent, PressureChange};
use super::level::Rules;
use super::pressure::{Pressure, Simulation};
use super::reading::{Reading, SourceReading};
use super::signals::Signals;
use super::stream::MemoryEvents;
use super::terms::{MemorySetup, Terms};
use super::tracker::Tracker;
use super::word::Word;

/// The most changes that wait for the keeper: more, and the oldest are not told to telemetry.
const CHANGES_MAX: usize = 256;

/// What readers, the sampler, the keeper and its successors share.
#[derive(Debug)]
pub(crate) struct MemoryCell {
    /// A [`Word`].
    word: AtomicU64,
    /// When the last sample was taken, in nanoseconds by `clock`; 0 before the first.
    sampled: AtomicU64,
    /// When the last sample becomes stale.
    stale_at: AtomicU64,
    pub(crate) clock: Clock,
    pub(crate) namespace: NamespaceName,
    terms: ArcSwap<Terms>,
    pressure: Mutex<Pressure>,
    reading: ArcSwap<Reading>,
    /// `None` once the namespace has ended.
    audience: Mutex<Option<broadcast::Sender<MemoryEvent>>>,
    /// What the keeper has not told yet.
    changes: Mutex<VecDeque<PressureChange>>,
    /// There is something for the keeper to do.
    pub(crate) work: Notify,
    pub(crate) relief: Relief,
    pub(crate) admission: Admission,
    pub(crate) tracker: Tracker,
    pub(crate) budgets: Budgets,
}

/// The cell as the namespace keeps it. It goes with the namespace, and tells those who still hold the cell.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Arc<MemoryCell>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A poisoned lock is taken all the same: what is behind it is right after each step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryCell {
    pub(crate) fn new(namespace: &Namespace, setup: MemorySetup) -> Self {
        let backlog = setup.spec.events_backlog as usize;
        Self {
            word: AtomicU64::new(Word::FIRST.0),
            sampled: AtomicU64::new(0),
            stale_at: AtomicU64::new(0),
            clock: Clock::new(setup.by_hand),
            namespace: namespace.name().clone(),
            pressure: Mutex::new(Pressure::new(Rules::of(&setup.spec))),
            reading: ArcSwap::from_pointee(Reading::first()),
            audience: Mutex::new(Some(broadcast::Sender::new(backlog))),
            changes: Mutex::default(),
            work: Notify::new(),
            relief: Relief::default(),
            admission: Admission::default(),
            tracker: Tracker::default(),
            budgets: Budgets::default(),
            terms: ArcSwap::from_pointee(Terms {
                setup,
                signals: Signals::new(namespace),
            }),
        }
    }

    /// What it goes by now.
    pub(crate) fn terms(&self) -> Arc<Terms> {
        self.terms.load_full()
    }

    /// One load, and nothing else.
    #[inline(always)]
    pub(crate) fn word(&self) -> Word {
        Word(self.word.load(Ordering::Relaxed))
    }

    pub(crate) fn reading(&self) -> Arc<Reading> {
        self.reading.load_full()
    }

    /// How long ago the last sample was taken.
    pub(crate) fn age(&self) -> Option<Duration> {
        let sampled = self.sampled.load(Ordering::Relaxed);
        (sampled > 0).then(|| {
            let now = self.clock.now();
            now.saturating_sub(Duration::from_nanos(sampled))
        })
    }

    /// Takes in what the sources say.
    pub(crate) fn sample(&self, sources: Vec<SourceReading>) {
        let now = self.clock.now();
        self.with(|pressure| pressure.sample(sources, now));
        self.sampled.store(nanos(now).max(1), Ordering::Relaxed);
    }

    pub(crate) fn simulate(&self, simulation: Option<Simulation>) {
        let now = self.clock.now();
        self.with(|pressure| pressure.simulate(simulation, now));
    }

    /// Does something to the pressure, shows what comes of it, and tells of it, in order.
    fn with(&self, act: impl FnOnce(&mut Pressure) -> Option<PressureChange>) {
        let mut pressure = lock(&self.pressure);
        let change = act(&mut pressure);
        let reading = pressure.shown();
        let word = Word::new(reading.level, reading.ratio, reading.number)
            .with_stale(reading.stale)
            .with_simulated(reading.simulated);
        self.reading.store(reading);
        self.word.store(word.0, Ordering::Release);
        if let Some(change) = change {
            self.put(change.clone());
            self.tell(&MemoryEvent::Pressure(change));
        }
        drop(pressure);
        self.work.notify_one();
    }

    fn put(&self, change: PressureChange) {
        let mut changes = lock(&self.changes);
        if changes.len() == CHANGES_MAX {
            changes.pop_front();
        }
        changes.push_back(change);
    }

    /// The oldest change that the keeper has not told yet.
    pub(crate) fn next_change(&self) -> Option<PressureChange> {
        lock(&self.changes).pop_front()
    }

    /// Tells subscribers.
    pub(crate) fn tell(&self, event: &MemoryEvent) {
        if let Some(queue) = &*lock(&self.audience)
            && queue.receiver_count() > 0
        {
            // Nobody receives it when the last subscriber is just about to leave.
            queue.send(event.clone()).ok();
        }
    }

    pub(crate) fn subscribe(&self, hold: Hold) -> Result<MemoryEvents, MemoryError> {
        let max = self.terms.load().spec().subscribers_max;
        let audience = lock(&self.audience);
        let queue = audience.as_ref().ok_or(MemoryError::Stopped)?;
        if queue.receiver_count() >= max as usize {
            return Err(MemoryError::TooManySubscribers { max });
        }
        Ok(MemoryEvents::new(queue.subscribe(), hold))
    }

    /// Goes by another spec from now on.
    pub(crate) fn adopt(&self, terms: Terms) {
        lock(&self.pressure).set_rules(Rules::of(terms.spec()));
        self.terms.store(Arc::new(terms));
    }

    fn close(&self) {
        lock(&self.audience).take();
    }
}
