//! The state of a memory manager, which outlives the keeper.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use mainstay_specs::NamespaceName;
use mainstay_supervisors::{Hold, Namespace};
use tokio::sync::{Notify, watch};

use super::admission::Intake;
use super::audience::Audience;
use super::budget::Budgets;
use super::changes::Changes;
use super::cleanup::Relief;
use super::clock::{Clock, nanos};
use super::error::MemoryError;
use super::event::{MemoryEvent, PressureChange};
use super::level::Rules;
use super::pressure::{Pressure, Simulation};
use super::reading::Reading;
use super::sampler::Sampler;
use super::signals::Signals;
use super::source::{CustomSources, Sources};
use super::stream::MemoryEvents;
use super::terms::{MemorySetup, Terms};
use super::tracker::Tracker;
use super::word::Word;

/// What readers, the sampler, the keeper and its successors share.
#[derive(Debug)]
pub(crate) struct MemoryCell {
    /// A [`Word`].
    word: AtomicU64,
    /// When the last sample becomes stale, in nanoseconds by `clock`; 0 before the first.
    pub(super) stale_at: AtomicU64,
    /// How many samples were begun.
    pub(super) begun: AtomicU64,
    /// The number of the one that was taken last.
    pub(super) taken: watch::Sender<u64>,
    /// How long the last one took, in nanoseconds.
    pub(super) took: AtomicU64,
    pub(crate) clock: Clock,
    pub(crate) namespace: NamespaceName,
    pub(super) terms: ArcSwap<Terms>,
    pub(super) pressure: Mutex<Pressure>,
    pub(super) reading: ArcSwap<Reading>,
    audience: Audience,
    /// What the keeper has not told yet.
    pub(crate) changes: Changes,
    /// There is something for the keeper to do.
    pub(crate) work: Notify,
    /// Budgets are to be looked at at other times.
    pub(crate) renewed: Notify,
    pub(crate) custom: Arc<CustomSources>,
    /// Who is asked by hand.
    pub(super) by_hand: Mutex<Option<Sources>>,
    pub(super) sampler: Mutex<Option<Sampler>>,
    /// How often the thread was started anew as it was gone.
    pub(super) sampler_restarts: AtomicU64,
    pub(crate) relief: Relief,
    pub(crate) admission: Intake,
    pub(crate) tracker: Tracker,
    pub(crate) budgets: Budgets,
}

/// The cell as the namespace keeps it. It goes with the namespace, and tells those who still hold the cell.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Arc<MemoryCell>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.audience.close();
        self.0.stop_sampler();
        self.0.admission.set_watched(false);
        self.0.relief.close();
    }
}

/// A poisoned lock is taken all the same: what is behind it is right after each step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryCell {
    /// Made while the namespace looks after its cells: so it asks for none of them.
    pub(crate) fn new(namespace: &Namespace) -> Self {
        let setup = MemorySetup::default();
        Self {
            word: AtomicU64::new(Word::FIRST.0),
            stale_at: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            taken: watch::Sender::new(0),
            took: AtomicU64::new(0),
            clock: Clock::new(),
            namespace: namespace.name().clone(),
            pressure: Mutex::new(Pressure::new(Rules::of(&setup.spec))),
            reading: ArcSwap::from_pointee(Reading::first()),
            audience: Audience::new(setup.spec.events_backlog),
            changes: Changes::default(),
            work: Notify::new(),
            renewed: Notify::new(),
            custom: Arc::default(),
            by_hand: Mutex::default(),
            sampler: Mutex::default(),
            sampler_restarts: AtomicU64::new(0),
            relief: Relief::new(&setup.spec),
            admission: Intake::new(&setup.spec),
            tracker: Tracker::default(),
            budgets: Budgets::default(),
            terms: ArcSwap::from_pointee(Terms {
                setup,
                signals: Signals::none(namespace),
            }),
        }
    }

    /// What it goes by now.
    pub(crate) fn terms(&self) -> Arc<Terms> {
        self.terms.load_full()
    }

    /// Takes over what an incarnation of the keeper, just started, goes by. The level stays until the next sample.
    pub(crate) fn adopt(&self, terms: Terms) {
        self.renew(terms);
        self.admission.set_watched(true);
    }

    /// Goes by another spec from now on. The level stays until the next sample, which is taken soon if somebody takes samples.
    pub(crate) fn renew(&self, terms: Terms) {
        self.clock.set_by_hand(terms.setup.by_hand);
        self.audience.set_backlog(terms.spec().events_backlog);
        lock(&self.pressure).set_rules(Rules::of(terms.spec()));
        self.relief
            .adopt(terms.spec(), terms.setup.allocator.as_ref());
        self.admission.adopt(terms.spec());
        let may_simulate = terms.spec().simulation;
        self.terms.store(Arc::new(terms));
        if !may_simulate {
            self.simulate(None);
        }
        if let Some(sampler) = &*lock(&self.sampler) {
            sampler.wake();
        }
        self.renewed.notify_one();
    }

    /// One load, and nothing else.
    #[inline(always)]
    pub(crate) fn word(&self) -> Word {
        Word(self.word.load(Ordering::Relaxed))
    }

    /// How many bytes of the heap are in use now, if that is measured.
    pub(crate) fn live_bytes(&self) -> Option<u64> {
        self.terms.load().live_bytes().ok().flatten()
    }

    /// The last reading; stale if it is too old, also if nobody was there to say so.
    pub(crate) fn reading(&self) -> Arc<Reading> {
        let reading = self.reading.load_full();
        if reading.stale || !self.is_overdue() {
            return reading;
        }
        let mut reading = (*reading).clone();
        reading.stale = true;
        Arc::new(reading)
    }

    pub(super) fn is_overdue(&self) -> bool {
        let stale_at = self.stale_at.load(Ordering::Relaxed);
        stale_at > 0 && nanos(self.clock.now()) >= stale_at
    }

    /// How long ago the last sample was taken.
    pub(crate) fn age(&self) -> Option<Duration> {
        let reading = self.reading.load();
        (reading.number > 0).then(|| self.clock.now().saturating_sub(reading.at))
    }

    pub(crate) fn simulate(&self, simulation: Option<Simulation>) {
        let now = self.clock.now();
        self.with(|pressure| pressure.simulate(simulation, now));
    }

    /// Does something to the pressure, shows what comes of it, and tells of it, in order.
    pub(super) fn with(&self, act: impl FnOnce(&mut Pressure) -> Option<PressureChange>) {
        let mut pressure = lock(&self.pressure);
        let change = act(&mut pressure);
        let reading = pressure.shown();
        let word = Word::new(reading.level, reading.ratio, reading.number)
            .with_stale(reading.stale)
            .with_simulated(reading.simulated);
        self.reading.store(reading);
        self.word.store(word.0, Ordering::Release);
        if let Some(change) = change {
            self.changes.put(change.clone());
            self.tell(&MemoryEvent::Pressure(change));
        }
        drop(pressure);
        self.work.notify_one();
    }

    /// Tells subscribers.
    pub(crate) fn tell(&self, event: &MemoryEvent) {
        self.audience.tell(event);
    }

    pub(crate) fn subscribe(&self, hold: Hold) -> Result<MemoryEvents, MemoryError> {
        let max = self.terms.load().spec().subscribers_max;
        self.audience.subscribe(max, hold)
    }

    pub(crate) fn subscribers(&self) -> usize {
        self.audience.count()
    }
}
