//! The cell: who listens, and how they are told. It outlives the keeper, and ends with the namespace.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::{ArcSwap, ArcSwapOption};
use mainstay_specs::{EventPath, EventsSpec, NamespaceName};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::error::TelemetryError;
use super::event::{Event, Parts};
use super::fields::{Measurements, Metadata};
use super::nesting::{self, NESTING_MAX};
use super::queue::Ended;
use super::roster::Roster;
use super::seat::Seat;
use super::site::{Seats, Site};
use crate::breaker::CircuitBreaker;

/// What emitters, listeners and all incarnations of the keeper share.
#[derive(Debug)]
pub(crate) struct Hub {
    namespace: NamespaceName,
    spec: ArcSwap<EventsSpec>,
    roster: Mutex<Roster>,
    /// All who listen, for those who emit by name.
    seats: ArcSwap<Vec<Arc<Seat>>>,
    /// Whether that is anybody.
    heard: AtomicBool,
    numbers: AtomicU64,
    too_deep: AtomicU64,
    /// Wakes the keeper.
    bell: Arc<Notify>,
    /// When the present incarnation of the keeper was started.
    started: Mutex<Option<Instant>>,
    /// Of those who wait for handlers.
    breaker: ArcSwapOption<CircuitBreaker>,
}

/// The hub as the namespace keeps it. It goes with the namespace, and with it everybody who listens.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Arc<Hub>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Hub {
    pub(crate) fn new(namespace: NamespaceName, spec: Arc<EventsSpec>) -> Self {
        Self {
            namespace,
            spec: ArcSwap::new(spec),
            roster: Mutex::default(),
            seats: ArcSwap::default(),
            heard: AtomicBool::new(false),
            numbers: AtomicU64::new(0),
            too_deep: AtomicU64::new(0),
            bell: Arc::default(),
            started: Mutex::default(),
            breaker: ArcSwapOption::empty(),
        }
    }

    pub(crate) const fn namespace(&self) -> &NamespaceName {
        &self.namespace
    }

    pub(crate) const fn bell(&self) -> &Arc<Notify> {
        &self.bell
    }

    pub(crate) fn spec(&self) -> Arc<EventsSpec> {
        self.spec.load_full()
    }

    /// Takes over what an incarnation of the keeper, just started, goes by.
    pub(crate) fn adopt(&self, spec: Arc<EventsSpec>, at: Instant) {
        self.spec.store(spec);
        *self.started() = Some(at);
    }

    /// Goes by this from now on; who listens already does so as before.
    pub(crate) fn set_spec(&self, spec: Arc<EventsSpec>) {
        self.spec.store(spec);
        // Handlers may be due at another time.
        self.bell.notify_one();
    }

    /// The circuit breaker of those who wait for handlers.
    pub(crate) fn breaker(&self) -> Option<Arc<CircuitBreaker>> {
        self.breaker.load_full()
    }

    /// Gives the one before.
    pub(crate) fn set_breaker(
        &self,
        breaker: Option<CircuitBreaker>,
    ) -> Option<Arc<CircuitBreaker>> {
        self.breaker.swap(breaker.map(Arc::new))
    }

    pub(crate) fn uptime(&self) -> Option<Duration> {
        self.started().map(|at| at.elapsed())
    }

    fn started(&self) -> MutexGuard<'_, Option<Instant>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What emitters of this path share.
    pub(crate) fn site(&self, path: &EventPath) -> Arc<Site> {
        let max = self.spec.load().emitters_max;
        self.roster().site(path, max)
    }

    /// Takes one more who listens, if `admit` lets it in. Gives its number.
    pub(crate) fn join(
        &self,
        seat: Seat,
        admit: impl FnOnce(&Roster, &EventsSpec) -> Result<(), TelemetryError>,
    ) -> Result<u64, TelemetryError> {
        let seat = Arc::new(seat);
        let spec = self.spec();
        let mut roster = self.roster();
        admit(&roster, &spec)?;
        let number = roster.join(seat);
        self.publish(&roster);
        drop(roster);
        // Should it need a thread.
        self.bell.notify_one();
        Ok(number)
    }

    /// Takes one out, if it is there. It is not called any more, unless it is at work by now; the thread it has is given back, to be
    /// waited for.
    pub(crate) fn leave(&self, number: u64) -> Option<Vec<Ended>> {
        let mut roster = self.roster();
        let seat = roster.leave(number)?;
        self.publish(&roster);
        drop(roster);
        // Without the lock: it drops other people's values.
        seat.close();
        let thread = seat.queued().and_then(|(_, queue)| queue.stop());
        Some(thread.into_iter().collect())
    }

    /// Ends everybody who listens, for good.
    fn close(&self) {
        let mut roster = self.roster();
        let all = roster.close();
        self.publish(&roster);
        drop(roster);
        for seat in all.values() {
            seat.close();
        }
    }

    /// For whoever finds out who listens at each event. Under the lock of the roster, so that the last change is the one that is seen.
    fn publish(&self, roster: &Roster) {
        let seats = roster.seats();
        let heard = !seats.is_empty();
        self.seats.store(seats);
        self.heard.store(heard, Ordering::Release);
    }

    /// A poisoned lock is taken all the same: no code of others runs under it.
    pub(crate) fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All who listen.
    pub(crate) fn seats(&self) -> Seats {
        self.seats.load_full()
    }

    /// Whether anybody listens to anything.
    pub(crate) fn is_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// How many events somebody listened to, and how many nobody heard for lying too deep in a chain of handlers.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (count(&self.numbers), count(&self.too_deep))
    }

    /// Tells those who listen at a site.
    pub(crate) fn emit_at(&self, site: &Site, say: impl FnOnce() -> (Measurements, Metadata)) {
        // Dropped last: with the seats may go the last of a handler.
        let _emitting = nesting::emitting();
        match site.seats() {
            Some(seats) => self.tell(&site.path, &seats, say),
            None => self.emit(&site.path, say),
        }
    }

    /// Tells those who listen to a path, whom it finds out.
    pub(crate) fn emit(&self, path: &EventPath, say: impl FnOnce() -> (Measurements, Metadata)) {
        if !self.is_heard() {
            return;
        }
        let _emitting = nesting::emitting();
        let all = self.seats.load();
        let listening = all
            .iter()
            .filter(|seat| seat.pattern.matches(path.as_str()));
        let seats: Vec<Arc<Seat>> = listening.cloned().collect();
        // Handlers may take their time, and change who listens.
        drop(all);
        self.tell(path, &seats, say);
    }

    fn tell(
        &self,
        path: &EventPath,
        seats: &[Arc<Seat>],
        say: impl FnOnce() -> (Measurements, Metadata),
    ) {
        if seats.is_empty() {
            return;
        }
        let depth = nesting::depth();
        if depth > NESTING_MAX {
            self.too_deep.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (measurements, metadata) = say();
        let event = Event::new(Parts {
            number: self.numbers.fetch_add(1, Ordering::Relaxed) + 1,
            path: path.clone(),
            measurements,
            metadata,
            namespace: self.namespace.clone(),
            at: Instant::now(),
            time: SystemTime::now(),
            depth,
        });
        for seat in seats {
            seat.tell(&event);
        }
    }
}
