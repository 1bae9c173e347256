//! How samples come about: who takes them, and what becomes of them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::cadence;
use super::cell::{MemoryCell, lock};
use super::clock::nanos;
use super::error::MemoryError;
use super::event::MemoryEvent;
use super::reading::Reading;
use super::sampler::Sampler;
use super::source::{Sample, Sources};
use super::terms::Terms;

impl MemoryCell {
    /// Takes a sample, on the thread that this is called on; gives how long to wait for the next.
    pub(crate) fn take_sample(&self, sources: &mut Option<Sources>) -> Duration {
        let nth = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let began = Instant::now();
        // Before it is measured, so that it is.
        let unseen = self.admission.begin_sample();
        let terms = self.terms();
        let before = self.reading.load_full();
        let sources = match sources {
            Some(sources) => sources,
            None => sources.insert(Sources::new(Arc::clone(&self.custom))),
        };
        let sample = sources.measure(&terms, &before.sources, self.clock.now());
        let interval = self.take_in(sample, &terms, &before);
        if !self.reading.load().stale {
            unseen.settle();
        }
        self.took.store(nanos(began.elapsed()), Ordering::Relaxed);
        self.taken.send_replace(nth);
        interval
    }

    /// Takes in a sample, shows it, and tells what has changed.
    fn take_in(&self, sample: Sample, terms: &Terms, before: &Reading) -> Duration {
        let (now, spec) = (self.clock.now(), terms.spec());
        let last = (before.number > 0 && !before.stale)
            .then(|| (before.measured_ratio, now.saturating_sub(before.at)));
        let (mut interval, mut told) = (spec.check_interval, None);
        self.with(|pressure| {
            // Not what it was before the sources were asked: meanwhile it may have been told to be stale.
            let (number, was_stale) = (pressure.reading().number, pressure.reading().stale);
            let change = pressure.sample(sample, now);
            let reading = pressure.reading();
            interval = cadence::interval(spec, reading.measured_ratio, last);
            told = (number > 0 && reading.stale != was_stale).then_some(reading.stale);
            let longest = interval.max(spec.check_interval);
            let stale_at = now.saturating_add(longest * spec.stale_after);
            // With the lock: whoever finds the sample too old looks again with it.
            self.stale_at.store(nanos(stale_at), Ordering::Relaxed);
            change
        });
        if let Some(is_stale) = told {
            self.tell(&MemoryEvent::Stale(is_stale));
        }
        interval
    }

    /// Has samples taken from now on, if the thread is not there that does.
    pub(crate) fn mind_sampler(self: &Arc<Self>) -> io::Result<()> {
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

    /// Has no more samples taken, and nobody there who would say so when the last one is too old: so it is stale from now on.
    pub(crate) fn stop_sampling(&self) {
        self.stop_sampler();
        self.admission.set_watched(false);
        self.end_freshness();
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
