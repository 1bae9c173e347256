//! The handle.

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay_specs::{CircuitConfig, ServiceName};
use tokio::time::Instant;

use super::cell::{Birth, Cell, Kept};
use super::error::{Refusal, RegisterCircuitError};
use super::event::CircuitState;
use super::machine::Order;
use super::permit::{OwnedPermit, Permit};
use super::post::Post;
use super::queue::CircuitEvents;
use super::stats::{CircuitStats, ProbeHolder, ProbeStats, WindowStats};
use super::tally::MANY;

/// A circuit breaker: a handle, cheap to clone.
///
/// It stands between callers and something that may fail: [`execute`](Self::execute) runs an operation in the caller's own task
/// and watches what it comes to; [`try_acquire`](Self::try_acquire) gives the right to make a call by other means. When the rules of
/// its configuration say so it opens: calls are refused at once, with when to come back. When the time is up it lets a few
/// through, and what they come to decides whether it closes.
///
/// No call through it sends a message. While it is closed, a call that succeeds takes no lock, allocates nothing and writes nothing
/// that another thread writes (of more threads than 16, those that came last share). It reads the clock only if slow calls are told
/// or rates are taken over time; but [`execute`](Self::execute) with a `call_timeout`, which it has by default, sets a timer for
/// each call, and that reads it too. A rule about calls in flight enters each call into a table behind a lock, and calls the keeper
/// when the first of them would be due earlier than it knows of: seldom.
///
/// A refusal takes no lock. It is a load and a count while the keeper of the namespace minds the time: then calls are let through
/// again when its timer has fired, which may be a millisecond or two after the time was up. Nobody depends on that: the first
/// refusal looks at the clock, and so does each of a thread that comes 4 ms after its look before or later; where they are many, one in 2,
/// then 4 and so on up to 256. Without a keeper each refusal looks at the clock. On a clock that stands still, as in tests, nobody relies
/// on timers, and the first call after the time is up is let through exactly. Other outcomes, and calls while it is half open, hold
/// a lock for some nanoseconds.
///
/// Whatever happens after a success takes it into account. One that is settled at the very moment at which another call is decided
/// on may be taken into account by the next instead, as if it had been settled a moment later; none is lost, and none counts in a
/// generation that it was not admitted in.
///
/// Its state belongs to the namespace: it survives every crash of the keeper. After the end of the namespace it goes on working for
/// whoever still holds it.
///
/// ```
/// use mainstay_actors::breaker::{CircuitBreaker, CircuitError};
/// use mainstay_specs::{CircuitConfig, ServiceName};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = CircuitConfig::default().failure_threshold(2);
/// let breaker = CircuitBreaker::new(ServiceName::new("db")?, config)?;
///
/// for _ in 0..2 {
///     let failed = breaker.execute(|| async { Err::<(), _>("no connection") }).await;
///     assert!(matches!(failed, Err(CircuitError::Failed("no connection"))));
/// }
/// let refused = breaker.execute(|| async { Ok::<_, &str>("never run") }).await;
/// let Err(CircuitError::Open(refusal)) = refused else { panic!("it has opened") };
/// assert!(refusal.retry_after().is_some_and(|time| time.as_secs() >= 29));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CircuitBreaker {
    cell: Arc<Cell>,
}

impl CircuitBreaker {
    /// A breaker that stands alone, outside of any namespace: it has no keeper, so that what falls due happens when somebody next
    /// asks, and every refusal reads the clock. Its jitter is different from that of every other, also of the same name.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::Config`].
    pub fn new(name: ServiceName, config: CircuitConfig) -> Result<Self, RegisterCircuitError> {
        config.validate().map_err(RegisterCircuitError::from)?;
        let post = Post::alone(fastrand::u64(..));
        Ok(Self::born(name, None, &Arc::new(config), &post))
    }

    pub(crate) fn born(
        name: ServiceName,
        key: Option<Box<str>>,
        config: &Arc<CircuitConfig>,
        post: &Arc<Post>,
    ) -> Self {
        // There may be many with a key, each of them little used: 128 bytes.
        let places = if key.is_some() { 1 } else { MANY };
        Self::of(Cell::new(Birth {
            name,
            key,
            config,
            post,
            places,
        }))
    }

    pub(crate) const fn of(cell: Arc<Cell>) -> Self {
        Self { cell }
    }

    /// Whether a family may forget it: nobody else has a handle of it, and it is of no more use than a new one.
    pub(super) fn is_idle(&self) -> bool {
        Arc::strong_count(&self.cell) == 1 && self.cell.is_idle()
    }

    pub(crate) const fn cell(&self) -> &Arc<Cell> {
        &self.cell
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.cell.name
    }

    /// Which of a family it is, if it is of one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.cell.key.as_deref()
    }

    /// The right to make a call, for those who do not run it through [`execute`](Self::execute).
    ///
    /// # Errors
    ///
    /// The refusal. It has been counted.
    #[inline(always)]
    #[track_caller]
    pub fn try_acquire(&self) -> Result<Permit<'_>, Refusal> {
        match self.cell.acquire(Location::caller()) {
            Ok(right) => Ok(Permit::handed_out(&self.cell, right)),
            Err(refusal) => Err(refusal),
        }
    }

    /// As [`try_acquire`](Self::try_acquire), for a call that may outlive this handle.
    ///
    /// # Errors
    ///
    /// The refusal. It has been counted.
    #[track_caller]
    pub fn try_acquire_owned(&self) -> Result<OwnedPermit, Refusal> {
        let right = self.cell.acquire(Location::caller())?;
        Ok(OwnedPermit::new(self.clone(), right))
    }

    /// Whether a call would be let through now. Takes nothing, and promises nothing: the next moment may be different, and what
    /// the call comes to is not learnt. Of an open breaker whose time is up: yes.
    ///
    /// # Errors
    ///
    /// The refusal that the call would get; it is not counted.
    pub fn check_state(&self) -> Result<(), Refusal> {
        self.cell.check()
    }

    /// What it does with calls. One whose time is up is open until somebody makes a call, unless it is eager.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        if !self.cell.word().passes() {
            self.cell.with(|_, _| ());
        }
        self.cell.word().state()
    }

    /// Refuses everything, until it is told otherwise.
    ///
    /// This, and the others below, win over everything the breaker would do of itself, and begin a generation, also if it was told the
    /// same before: what is out by now does not count any more. They survive crashes of the keeper, and reconfiguration.
    pub fn force_open(&self) {
        self.cell.obey(Order::ForceOpen { until: None });
    }

    /// Refuses everything for so long, and then finds out whether it may close: at once, if it is no time at all. More than fifty
    /// years are until it is told otherwise.
    pub fn force_open_for(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).ok();
        let time = time.filter(|&time| time <= FOR_GOOD);
        let until = time.map(|time| self.cell.epoch.now() + time);
        self.cell.obey(Order::ForceOpen { until });
    }

    /// Lets everything through, until it is told otherwise; outcomes are counted.
    pub fn force_closed(&self) {
        self.cell.obey(Order::ForceClosed);
    }

    /// Lets everything through and looks at nothing, until it is told otherwise.
    pub fn disable(&self) {
        self.cell.obey(Order::Disable);
    }

    /// Lets everything through, and counts how often it would have opened, until it is told otherwise.
    pub fn metrics_only(&self) {
        self.cell.obey(Order::MetricsOnly);
    }

    /// Begins anew: closed, with nothing in mind, whatever it was told before. Totals are kept.
    pub fn reset(&self) {
        self.cell.obey(Order::Reset);
    }

    /// Goes by another configuration from now on. What it has counted is kept, as far as the new rules have a use for it; an open
    /// breaker stays open for as long as it was to; the permits of a half-open one are those of before.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::Config`]; nothing is changed then.
    pub fn reconfigure(&self, config: CircuitConfig) -> Result<(), RegisterCircuitError> {
        config.validate().map_err(RegisterCircuitError::from)?;
        self.cell.reconfigure(Arc::new(config), true);
        Ok(())
    }

    /// What it goes by.
    #[must_use]
    pub fn config(&self) -> Arc<CircuitConfig> {
        self.cell.with(|kept, _| Arc::clone(&kept.config))
    }

    /// Follows the process that is registered under this name in the namespace, and nobody else from now on: when another
    /// incarnation takes its place, an open breaker becomes half open at once, as what it has heard of the one before says nothing
    /// about this one. So it does when the name is taken for the first time after this: what has failed until then was its absence.
    ///
    /// It takes the keeper of the namespace to notice; one that crashes is succeeded by one that notices what happened
    /// meanwhile. A breaker that stands alone follows nobody.
    pub fn follow(&self, name: ServiceName) {
        self.cell.follow(name);
    }

    /// Follows nobody any more; hands out whom it did.
    pub fn unfollow(&self) -> Option<ServiceName> {
        self.cell.unfollow()
    }

    /// Whether both are handles of the same breaker; two of the same name may be two breakers.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }

    /// A stream of the events of this breaker, from now on, which ends when nobody has a handle of it any more.
    ///
    /// [`CircuitBreakerRegistry::subscribe`](super::CircuitBreakerRegistry::subscribe) gives those of all breakers of a namespace.
    #[must_use]
    #[track_caller]
    pub fn subscribe(&self) -> CircuitEvents {
        self.cell.post.subscribe_to(&self.cell)
    }

    /// Everything there is to know about it.
    #[must_use]
    pub fn stats(&self) -> CircuitStats {
        let (name, key) = (self.name().clone(), self.key().map(str::to_owned));
        let rejected = self.cell.refusals();
        let follows = self.cell.follows();
        self.cell.with(|kept, now| {
            let machine = &mut kept.machine;
            let since = machine.since();
            CircuitStats {
                namespace: self.cell.post.namespace().cloned(),
                name,
                key,
                state: machine.state(),
                failure_count: since.0,
                success_count: since.1,
                rejected,
                last_failure_time: machine.last_failure().and_then(|at| {
                    SystemTime::now().checked_sub(Duration::from_nanos(now.saturating_sub(at)))
                }),
                state_changes: machine.totals().state_changes,
                next_attempt: next_attempt(kept, now),
                window: window(kept),
                totals: *kept.machine.totals(),
                transitions: kept.machine.history(),
                probes: probes(kept, now),
                follows,
                config_version: kept.machine.version(),
                sequence: kept.machine.sequence(),
            }
        })
    }

    /// When it was made, by the clock of tokio: the times of its events are counted from then.
    #[must_use]
    pub fn epoch(&self) -> Instant {
        self.cell.epoch.instant(0)
    }
}

fn next_attempt(kept: &Kept, now: u64) -> Option<Duration> {
    let until = kept.machine.check().err()?.until?;
    Some(Duration::from_nanos(until.saturating_sub(now).max(1)))
}

fn window(kept: &mut Kept) -> WindowStats {
    let counts = kept.machine.window();
    let rate = |bad: u64| (counts.total > 0).then(|| bad as f64 / counts.total as f64);
    WindowStats {
        calls: counts.total,
        failed: counts.failed,
        slow: counts.slow,
        failure_rate: rate(counts.failed),
        slow_rate: rate(counts.slow),
    }
}

fn probes(kept: &Kept, now: u64) -> Vec<ProbeStats> {
    let probes = kept.machine.probes().iter();
    let stats = probes.map(|probe| ProbeStats {
        holder: probe
            .holder
            .process
            .clone()
            .map(|(pid, id)| ProbeHolder { pid, id }),
        made_at: probe.holder.made_at,
        held_for: Duration::from_nanos(now.saturating_sub(probe.since)),
        expires_in: Duration::from_nanos(probe.deadline.saturating_sub(now)),
    });
    stats.collect()
}

/// Beyond any time that is meant: fifty years, in nanoseconds.
const FOR_GOOD: u64 = 50 * 365 * 24 * 60 * 60 * 1_000_000_000;
