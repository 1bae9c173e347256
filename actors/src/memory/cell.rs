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
use super::cadence;
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
use super::source::{CustomSources, Sample, Sources};
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
    stale_at: AtomicU64,
    /// How many samples were begun.
    begun: AtomicU64,
    /// The number of the one that was taken last.
    taken: watch::Sender<u64>,
    /// How long the last one took, in nanoseconds.
    took: AtomicU64,
    pub(crate) clock: Clock,
    pub(crate) namespace: NamespaceName,
    terms: ArcSwap<Terms>,
    pressure: Mutex<Pressure>,
    reading: ArcSwap<Reading>,
    audience: Audience,
    /// What the keeper has not told yet.
    pub(crate) changes: Changes,
    /// There is something for the keeper to do.
    pub(crate) work: Notify,
    pub(crate) custom: Arc<CustomSources>,
    /// Who is asked by hand.
    by_hand: Mutex<Option<Sources>>,
    sampler: Mutex<Option<Sampler>>,
    /// How often the thread was started anew as it was gone.
    sampler_restarts: AtomicU64,
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
        self.0.relief.close();
    }
}

/// A poisoned lock is taken all the same: what is behind it is right after each step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryCell {
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
                signals: Signals::new(namespace),
            }),
        }
    }

    /// What it goes by now.
    pub(crate) fn terms(&self) -> Arc<Terms> {
        self.terms.load_full()
    }

    /// Goes by another spec from now on. The level stays until the next sample.
    pub(crate) fn adopt(&self, terms: Terms) {
        self.clock.set_by_hand(terms.setup.by_hand);
        self.audience.set_backlog(terms.spec().events_backlog);
        lock(&self.pressure).set_rules(Rules::of(terms.spec()));
        self.relief
            .adopt(terms.spec(), terms.setup.allocator.as_ref());
        self.admission.adopt(terms.spec());
        self.terms.store(Arc::new(terms));
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

    fn is_overdue(&self) -> bool {
        let stale_at = self.stale_at.load(Ordering::Relaxed);
        stale_at > 0 && nanos(self.clock.now()) >= stale_at
    }

    /// How long ago the last sample was taken.
    pub(crate) fn age(&self) -> Option<Duration> {
        let reading = self.reading.load();
        (reading.number > 0).then(|| self.clock.now().saturating_sub(reading.at))
    }

    /// Takes a sample, on the thread that this is called on; gives how long to wait for the next.
    pub(crate) fn take_sample(&self, sources: &mut Option<Sources>) -> Duration {
        let nth = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let began = std::time::Instant::now();
        let terms = self.terms();
        let before = self.reading.load_full();
        let sources = match sources {
            Some(sources) => sources,
            None => sources.insert(Sources::new(Arc::clone(&self.custom))),
        };
        let sample = sources.measure(&terms, &before.sources, self.clock.now());
        let interval = self.take_in(sample, &terms, &before);
        self.took.store(nanos(began.elapsed()), Ordering::Relaxed);
        self.taken.send_replace(nth);
        interval
    }

    /// Takes in a sample, shows it, and tells what has changed.
    fn take_in(&self, sample: Sample, terms: &Terms, before: &Reading) -> Duration {
        let now = self.clock.now();
        self.with(|pressure| pressure.sample(sample, now));
        let reading = self.reading.load();
        let last = (before.number > 0 && !before.stale)
            .then(|| (before.measured_ratio, now.saturating_sub(before.at)));
        let spec = terms.spec();
        let interval = cadence::interval(spec, reading.measured_ratio, last);
        let longest = interval.max(spec.check_interval);
        let stale_at = now.saturating_add(longest * spec.stale_after);
        self.stale_at.store(nanos(stale_at), Ordering::Relaxed);
        if before.stale && before.number > 0 && !reading.stale {
            self.tell(&MemoryEvent::Stale(false));
        }
        interval
    }

    pub(crate) fn simulate(&self, simulation: Option<Simulation>) {
        let now = self.clock.now();
        self.with(|pressure| pressure.simulate(simulation, now));
    }

    /// Lets a simulation end whose time has come, and says so if the last sample has become stale.
    pub(crate) fn mind_time(&self) {
        let now = self.clock.now();
        let ends = lock(&self.pressure).simulation().map(|one| one.until);
        if ends.is_some_and(|until| until <= now) {
            self.with(|pressure| pressure.expire(now));
        }
        let word = self.word();
        if !word.is_stale() && self.is_overdue() && self.set_stale(word.number()) {
            tracing::warn!(namespace = %self.namespace, "memory is not measured any more: the last sample is stale");
            self.tell(&MemoryEvent::Stale(true));
        }
    }

    /// Says that the sample of this number is stale, unless there is a newer one by now.
    fn set_stale(&self, number: u64) -> bool {
        let mut is_last = false;
        self.with(|pressure| {
            is_last = pressure.set_stale(number);
            None
        });
        is_last
    }

    /// For how long nothing falls due.
    pub(crate) fn next_time(&self) -> Option<Duration> {
        let now = self.clock.now();
        let ends = lock(&self.pressure).simulation().map(|one| one.until);
        let stale_at = self.stale_at.load(Ordering::Relaxed);
        let minds_age = stale_at > 0 && !self.word().is_stale();
        let stale_at = minds_age.then(|| Duration::from_nanos(stale_at));
        let next = ends.into_iter().chain(stale_at).min()?;
        Some(next.saturating_sub(now))
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

    /// Has samples taken from now on, if the thread is not there that does.
    pub(crate) fn mind_sampler(self: &Arc<Self>) -> std::io::Result<()> {
        let mut sampler = lock(&self.sampler);
        if self.terms.load().setup.by_hand {
            *sampler = None;
            return Ok(());
        }
        if sampler.as_ref().is_some_and(Sampler::is_running) {
            return Ok(());
        }
        if sampler.is_some() {
            self.sampler_restarts.fetch_add(1, Ordering::Relaxed);
        }
        *sampler = Some(Sampler::start(self)?);
        Ok(())
    }

    /// Has no more samples taken.
    pub(crate) fn stop_sampler(&self) {
        lock(&self.sampler).take();
    }

    /// Whether the thread is there; how often it was started anew; how long the last sample took.
    pub(crate) fn sampler(&self) -> (bool, u64, Duration) {
        let sampler = lock(&self.sampler);
        let is_running = sampler.as_ref().is_some_and(Sampler::is_running);
        let restarts = self.sampler_restarts.load(Ordering::Relaxed);
        let took = Duration::from_nanos(self.took.load(Ordering::Relaxed));
        (is_running, restarts, took)
    }

    /// Has a sample taken that begins after this was called. It is there when [`taken`](Self::wait_for_sample) gives this number.
    pub(crate) fn ask_for_sample(&self) -> Result<Option<u64>, MemoryError> {
        if self.terms.load().setup.by_hand {
            self.take_sample(&mut lock(&self.by_hand));
            return Ok(None);
        }
        let target = self.begun.load(Ordering::Acquire) + 1;
        match &*lock(&self.sampler) {
            Some(sampler) => sampler.wake(),
            None => return Err(MemoryError::NotRunning(self.namespace.as_str().to_owned())),
        }
        Ok(Some(target))
    }

    /// Waits until a sample of this number was taken, or a later one.
    pub(crate) async fn wait_for_sample(&self, target: u64) {
        let mut taken = self.taken.subscribe();
        // It does not fail, as this end of it is in the cell.
        taken.wait_for(|taken| *taken >= target).await.ok();
    }
}
