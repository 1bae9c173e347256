//! What pools do, told to the telemetry and the metrics of their namespace.
//!
//! What happens seldom is told when it happens, by whoever did it: one event for each time. What happens with each call is counted by
//! the core anyway, and the keeper tells now and then how much has been added: one event of a kind and interval at most, and no call
//! is lost or told twice, whatever keepers crash meanwhile.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use mainstay_specs::{PoolConfig, ServiceName};
use mainstay_supervisors::{Namespace, WeakNamespace};

use super::core::{Counts, Situation};
use super::error::ConnectError;
use super::health::{Step, Verdict};
use super::upkeep::Loan;
use crate::MetricsStore;
use crate::metrics::Unit;
use crate::telemetry::{
    CONNECTION_POOL_BARRED, CONNECTION_POOL_CHECKOUT, CONNECTION_POOL_CONNECT_FAILED,
    CONNECTION_POOL_CONNECTED, CONNECTION_POOL_DRAINED, CONNECTION_POOL_EVICTED,
    CONNECTION_POOL_LEASE_WARNED, CONNECTION_POOL_RECLAIMED, CONNECTION_POOL_RECONFIGURED,
    CONNECTION_POOL_RECOVERED, CONNECTION_POOL_REFUSED, CONNECTION_POOL_REVOKED,
    CONNECTION_POOL_ROTATED, CONNECTION_POOL_SELF_DEADLOCK, CONNECTION_POOL_SICK,
    CONNECTION_POOL_STARTED, CONNECTION_POOL_TIMEOUT, CONNECTION_POOL_UNBARRED, Emitter,
    EventDescriptor, Measurements, Metadata, TelemetryService, Value,
};

/// The way to the telemetry of a namespace, shared by its pools.
#[derive(Debug)]
pub(crate) struct Signals {
    namespace: WeakNamespace,
    /// In milliseconds.
    report_every: AtomicU64,
    /// Of [`KINDS`], from when there is telemetry.
    emitters: OnceLock<Vec<Emitter>>,
}

/// Every kind of event that a pool has, at the place of its [`Kind`].
const KINDS: [EventDescriptor; 18] = [
    CONNECTION_POOL_STARTED,
    CONNECTION_POOL_CHECKOUT,
    CONNECTION_POOL_TIMEOUT,
    CONNECTION_POOL_REFUSED,
    CONNECTION_POOL_CONNECTED,
    CONNECTION_POOL_EVICTED,
    CONNECTION_POOL_CONNECT_FAILED,
    CONNECTION_POOL_RECLAIMED,
    CONNECTION_POOL_LEASE_WARNED,
    CONNECTION_POOL_REVOKED,
    CONNECTION_POOL_SICK,
    CONNECTION_POOL_RECOVERED,
    CONNECTION_POOL_BARRED,
    CONNECTION_POOL_UNBARRED,
    CONNECTION_POOL_RECONFIGURED,
    CONNECTION_POOL_ROTATED,
    CONNECTION_POOL_DRAINED,
    CONNECTION_POOL_SELF_DEADLOCK,
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Started,
    Checkout,
    Timeout,
    Refused,
    Connected,
    Evicted,
    ConnectFailed,
    Reclaimed,
    LeaseWarned,
    Revoked,
    Sick,
    Recovered,
    Barred,
    Unbarred,
    Reconfigured,
    Rotated,
    Drained,
    SelfDeadlock,
}

/// Something of a pool that happens seldom.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed<'a> {
    Started(&'a PoolConfig),
    ConnectFailed {
        /// So many in a row.
        failures: u32,
        error: &'a ConnectError,
    },
    /// The leases of one borrower that has ended.
    Reclaimed(&'a [Loan]),
    LeaseWarned(&'a Loan),
    Revoked(&'a Loan),
    Sick {
        looks: u32,
        step: Step,
        reason: &'a str,
    },
    Recovered {
        looks: u32,
    },
    Barred(&'a ServiceName),
    Unbarred(&'a ServiceName),
    Reconfigured(&'a PoolConfig),
    Rotated {
        connections: u32,
    },
    Drained {
        revoked: u64,
    },
    /// One waits for itself, or would have.
    SelfDeadlock {
        borrower: Option<&'a str>,
        taken_at: &'static Location<'static>,
    },
}

impl Signals {
    pub(crate) fn new(namespace: &Namespace, report_every: Duration) -> Self {
        let signals = Self {
            namespace: namespace.downgrade(),
            report_every: AtomicU64::new(0),
            emitters: OnceLock::new(),
        };
        signals.set_report_every(report_every);
        signals
    }

    pub(crate) fn set_report_every(&self, time: Duration) {
        // An hour at most.
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.report_every.store(time, Ordering::Relaxed);
    }

    /// How often it is told what pools have done.
    pub(crate) fn report_every(&self) -> Duration {
        Duration::from_millis(self.report_every.load(Ordering::Relaxed))
    }

    /// Tells what has happened. Handlers of telemetry are called by this, here and now: no lock may be held.
    pub(crate) fn tell(&self, pool: &ServiceName, deed: &Deed<'_>) {
        log(&self.namespace, pool, deed);
        let Some(namespace) = self.namespace.upgrade() else {
            return;
        };
        if let Some(name) = deed.counter()
            && let Some(store) = MetricsStore::in_namespace(&namespace)
        {
            add(&store, name, pool, None, deed.count());
        }
        self.emit(&namespace, deed.kind(), || {
            (deed.measurements(), deed.metadata(pool, &namespace))
        });
    }

    fn emit(
        &self,
        namespace: &Namespace,
        kind: Kind,
        say: impl FnOnce() -> (Measurements, Metadata),
    ) {
        let emitter = self.emitters(namespace);
        if let Some(emitter) = emitter.and_then(|emitters| emitters.get(kind as usize)) {
            emitter.emit(say);
        }
    }

    fn emitters(&self, namespace: &Namespace) -> Option<&[Emitter]> {
        if let Some(emitters) = self.emitters.get() {
            return Some(emitters);
        }
        let telemetry = TelemetryService::in_namespace(namespace)?;
        let emitter = |kind: &EventDescriptor| telemetry.event(kind.event_path()).ok();
        let emitters: Option<Vec<_>> = KINDS.iter().map(emitter).collect();
        let emitters = emitters?;
        Some(self.emitters.get_or_init(|| emitters))
    }

    /// Tells what a pool has done since it was last told of, and how it stands.
    pub(crate) fn report<B>(
        &self,
        pool: &ServiceName,
        counts: &Counts,
        situation: &Situation<B>,
        told: &Told,
    ) {
        let Some(namespace) = self.namespace.upgrade() else {
            return;
        };
        let (totals, added) = told.catch_up(Totals::of(counts));
        let store = MetricsStore::in_namespace(&namespace);
        if let Some(store) = &store {
            levels(store, pool, situation);
        }
        for (nth, tally) in TALLIES.iter().enumerate() {
            let (count, total) = (added.0[nth], totals.0[nth]);
            if count == 0 {
                continue;
            }
            if let (Some(store), Some(name)) = (&store, tally.counter) {
                add(store, name, pool, tally.reason, count);
            }
            let Some(kind) = tally.kind else { continue };
            self.emit(&namespace, kind, || {
                let mut measurements = Measurements::from([("count", count), ("total", total)]);
                if matches!(kind, Kind::Checkout) {
                    let (waited, wait) = (added.0[WAITED], added.0[WAITED_FOR] / 1_000_000);
                    measurements = measurements.with("waited", waited).with("wait_ms", wait);
                }
                let metadata = base(pool, &namespace);
                let said = match tally.reason {
                    Some(reason) => metadata.with("reason", reason),
                    None => metadata,
                };
                (measurements, said)
            });
        }
    }
}

/// What is counted, and told in sums.
struct Tally {
    count: fn(&Counts) -> u64,
    kind: Option<Kind>,
    reason: Option<&'static str>,
    counter: Option<&'static str>,
}

const fn tally(count: fn(&Counts) -> u64, kind: Kind, counter: &'static str) -> Tally {
    Tally {
        count,
        kind: Some(kind),
        reason: None,
        counter: Some(counter),
    }
}

const fn refused(count: fn(&Counts) -> u64, reason: &'static str) -> Tally {
    Tally {
        count,
        kind: Some(Kind::Refused),
        reason: Some(reason),
        counter: Some("foundation.connection_pool.refused"),
    }
}

const fn evicted(count: fn(&Counts) -> u64, reason: &'static str) -> Tally {
    Tally {
        count,
        kind: Some(Kind::Evicted),
        reason: Some(reason),
        counter: Some("foundation.connection_pool.evicted"),
    }
}

/// Only added up for another.
const fn beside(count: fn(&Counts) -> u64) -> Tally {
    Tally {
        count,
        kind: None,
        reason: None,
        counter: None,
    }
}

/// In the order in which they are told.
const TALLIES: [Tally; 14] = [
    tally(
        |counts| counts.opened,
        Kind::Connected,
        "foundation.connection_pool.connects",
    ),
    tally(
        |counts| counts.lent,
        Kind::Checkout,
        "foundation.connection_pool.checkouts",
    ),
    tally(
        |counts| counts.timeouts,
        Kind::Timeout,
        "foundation.connection_pool.timeouts",
    ),
    refused(|counts| counts.exhausted, "exhausted"),
    refused(|counts| counts.queue_full, "queue_full"),
    refused(|counts| counts.overloaded, "overloaded"),
    refused(|counts| counts.deadlocks, "self_deadlock"),
    refused(|counts| counts.unconnected, "unconnected"),
    evicted(|counts| counts.idle_out, "idle"),
    evicted(|counts| counts.aged, "age"),
    evicted(|counts| counts.broken, "broken"),
    evicted(|counts| counts.surplus, "surplus"),
    beside(|counts| counts.waited),
    beside(|counts| counts.waited_for),
];

/// The place of those who would have waited for themselves in [`TALLIES`].
const DEADLOCKS: usize = 6;

/// The places of those two in [`TALLIES`].
const WAITED: usize = 12;
const WAITED_FOR: usize = 13;

/// Over the life of a pool, at the places of [`TALLIES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals([u64; TALLIES.len()]);

/// Up to where a pool has been told of. It outlives the keeper, so that none of them tells what another has told.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Totals>);

impl Totals {
    fn of(counts: &Counts) -> Self {
        Self(std::array::from_fn(|nth| (TALLIES[nth].count)(counts)))
    }
}

impl Told {
    /// Those who waited for themselves so far were not refused: they are not told as if they had been.
    pub(crate) fn pass_over_deadlocks(&self, counts: &Counts) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.0[DEADLOCKS] = counts.deadlocks;
    }

    /// What a pool has come to, and what of it has not been told yet; it is taken to be told from now on. One count may go back: that
    /// of leases, when one is found not to have been used. It is told when it has been made up for.
    fn catch_up(&self, totals: Totals) -> (Totals, Totals) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut later, mut added) = (Totals::default(), Totals::default());
        for (nth, &before) in told.0.iter().enumerate() {
            later.0[nth] = totals.0[nth].max(before);
            added.0[nth] = later.0[nth] - before;
        }
        *told = later;
        (later, added)
    }
}

impl Deed<'_> {
    const fn kind(&self) -> Kind {
        match self {
            Self::Started(_) => Kind::Started,
            Self::ConnectFailed { .. } => Kind::ConnectFailed,
            Self::Reclaimed(_) => Kind::Reclaimed,
            Self::LeaseWarned(_) => Kind::LeaseWarned,
            Self::Revoked(_) => Kind::Revoked,
            Self::Sick { .. } => Kind::Sick,
            Self::Recovered { .. } => Kind::Recovered,
            Self::Barred(_) => Kind::Barred,
            Self::Unbarred(_) => Kind::Unbarred,
            Self::Reconfigured(_) => Kind::Reconfigured,
            Self::Rotated { .. } => Kind::Rotated,
            Self::Drained { .. } => Kind::Drained,
            Self::SelfDeadlock { .. } => Kind::SelfDeadlock,
        }
    }

    /// What counts how often it happens.
    const fn counter(&self) -> Option<&'static str> {
        match self {
            Self::ConnectFailed { .. } => Some("foundation.connection_pool.connect_failures"),
            Self::Reclaimed(_) => Some("foundation.connection_pool.reclaimed"),
            Self::Revoked(_) => Some("foundation.connection_pool.revoked"),
            _ => None,
        }
    }

    const fn count(&self) -> u64 {
        match self {
            Self::Reclaimed(loans) => loans.len() as u64,
            _ => 1,
        }
    }

    fn measurements(&self) -> Measurements {
        match self {
            Self::Started(config) | Self::Reconfigured(config) => [
                ("min_size", u64::from(config.min_size)),
                ("max_size", u64::from(config.max_size)),
            ]
            .into(),
            Self::ConnectFailed { failures, .. } => [("failures", u64::from(*failures))].into(),
            Self::Reclaimed(loans) => [("leases", loans.len() as u64)].into(),
            Self::LeaseWarned(loan) | Self::Revoked(loan) => {
                let held = u64::try_from(loan.held.as_millis()).unwrap_or(u64::MAX);
                [("held_ms", held)].into()
            }
            Self::Sick { looks, .. } | Self::Recovered { looks } => {
                [("looks", u64::from(*looks))].into()
            }
            Self::Barred(_) | Self::Unbarred(_) | Self::SelfDeadlock { .. } => {
                [("count", 1_u64)].into()
            }
            Self::Rotated { connections } => [("connections", u64::from(*connections))].into(),
            Self::Drained { revoked } => [("revoked", *revoked)].into(),
        }
    }

    fn metadata(&self, pool: &ServiceName, namespace: &Namespace) -> Metadata {
        let metadata = base(pool, namespace);
        match self {
            Self::ConnectFailed { error, .. } => metadata.with("error", Value::text_of(error)),
            Self::Reclaimed(loans) => match loans.first() {
                Some(loan) => lease(metadata, loan),
                None => metadata,
            },
            Self::LeaseWarned(loan) | Self::Revoked(loan) => lease(metadata, loan),
            Self::Sick { step, reason, .. } => metadata
                .with("step", step.as_str())
                .with("reason", Value::text_of(reason)),
            Self::Barred(breaker) | Self::Unbarred(breaker) => metadata.with("breaker", *breaker),
            Self::SelfDeadlock { borrower, taken_at } => metadata
                .with("borrower", borrower.unwrap_or_default().to_owned())
                .with("taken_at", taken_at.to_string()),
            _ => metadata,
        }
    }
}

impl Verdict {
    /// What is told of it.
    pub(crate) const fn deed(self, reason: &str) -> Option<Deed<'_>> {
        match self {
            Self::Nothing => None,
            Self::Sick { looks, step } => Some(Deed::Sick {
                looks,
                step,
                reason,
            }),
            Self::Recovered { looks } => Some(Deed::Recovered { looks }),
        }
    }
}

fn base(pool: &ServiceName, namespace: &Namespace) -> Metadata {
    let metadata = Metadata::new().with("pool", pool);
    metadata.with("namespace", namespace.name())
}

fn lease(metadata: Metadata, loan: &Loan) -> Metadata {
    let borrower = loan.borrower.clone().unwrap_or_default();
    metadata
        .with("borrower", borrower)
        .with("taken_at", loan.taken_at.to_string())
}

/// How many connections there are of each sort, and how many wait.
fn levels<B>(store: &MetricsStore, pool: &ServiceName, situation: &Situation<B>) {
    for (name, level) in [
        ("foundation.connection_pool.idle", situation.idle),
        ("foundation.connection_pool.leased", situation.leased),
        (
            "foundation.connection_pool.connecting",
            situation.connecting,
        ),
        ("foundation.connection_pool.waiting", situation.waiting),
    ] {
        match store.gauge(name, Unit::Count, [("pool", pool.as_str())]) {
            Ok(gauge) => gauge.set(f64::from(level)),
            Err(error) => tracing::warn!(%pool, %error, "a connection pool is not measured"),
        }
    }
}

fn add(
    store: &MetricsStore,
    name: &'static str,
    pool: &ServiceName,
    reason: Option<&'static str>,
    count: u64,
) {
    let pool = pool.as_str();
    let counter = match reason {
        Some(reason) => store.counter(name, [("pool", pool), ("reason", reason)]),
        None => store.counter(name, [("pool", pool)]),
    };
    match counter {
        Ok(counter) => counter.increment(count),
        Err(error) => tracing::warn!(pool, %error, "a connection pool is not measured"),
    }
}

fn log(namespace: &WeakNamespace, pool: &ServiceName, deed: &Deed<'_>) {
    let namespace = namespace.upgrade();
    let namespace = namespace
        .as_ref()
        .map(|namespace| namespace.name().as_str());
    let (pool, event) = (pool.as_str(), KINDS[deed.kind() as usize].path);
    match deed {
        Deed::ConnectFailed { failures, error } => {
            tracing::warn!(namespace, pool, event, failures, %error, "connection pool");
        }
        Deed::Reclaimed(loans) => {
            let (leases, borrower) = (
                loans.len(),
                loans.first().and_then(|one| one.borrower.as_deref()),
            );
            tracing::warn!(namespace, pool, event, leases, borrower, "connection pool");
        }
        Deed::LeaseWarned(loan) | Deed::Revoked(loan) => {
            let (borrower, taken_at) = (loan.borrower.as_deref(), loan.taken_at);
            tracing::warn!(namespace, pool, event, borrower, %taken_at, held = ?loan.held, "connection pool");
        }
        Deed::Sick {
            looks,
            step,
            reason,
        } => {
            let step = step.as_str();
            tracing::error!(
                namespace,
                pool,
                event,
                looks,
                step,
                reason,
                "connection pool"
            );
        }
        Deed::Barred(breaker) | Deed::Unbarred(breaker) => {
            tracing::warn!(namespace, pool, event, %breaker, "connection pool");
        }
        Deed::SelfDeadlock { borrower, taken_at } => {
            tracing::warn!(namespace, pool, event, borrower, %taken_at, "connection pool");
        }
        Deed::Started(_)
        | Deed::Recovered { .. }
        | Deed::Reconfigured(_)
        | Deed::Rotated { .. }
        | Deed::Drained { .. } => tracing::info!(namespace, pool, event, "connection pool"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_event_is_at_its_place() {
        let paths = [
            (Kind::Started, "pool_started"),
            (Kind::Checkout, "checkout"),
            (Kind::Timeout, "timeout"),
            (Kind::Refused, "refused"),
            (Kind::Connected, "connected"),
            (Kind::Evicted, "evicted"),
            (Kind::ConnectFailed, "connect_failed"),
            (Kind::Reclaimed, "reclaimed"),
            (Kind::LeaseWarned, "lease_warned"),
            (Kind::Revoked, "revoked"),
            (Kind::Sick, "sick"),
            (Kind::Recovered, "recovered"),
            (Kind::Barred, "barred"),
            (Kind::Unbarred, "unbarred"),
            (Kind::Reconfigured, "reconfigured"),
            (Kind::Rotated, "rotated"),
            (Kind::Drained, "drained"),
            (Kind::SelfDeadlock, "self_deadlock"),
        ];
        assert_eq!(paths.len(), KINDS.len());
        for (kind, last) in paths {
            let path = format!("foundation.connection_pool.{last}");
            assert_eq!(KINDS[kind as usize].path, path);
        }
    }

    #[test]
    fn what_was_told_is_not_told_again_and_what_goes_back_is_made_up_for() {
        let told = Told::default();
        let counts = |lent: u64, waited: u64| {
            Totals::of(&Counts {
                lent,
                waited,
                ..Counts::default()
            })
        };
        let lent = 1; // the place of leases
        let (totals, added) = told.catch_up(counts(5, 2));
        assert_eq!((totals.0[lent], added.0[lent], added.0[WAITED]), (5, 5, 2));
        let (totals, added) = told.catch_up(counts(4, 2));
        assert_eq!((totals.0[lent], added), (5, Totals::default()));
        let (totals, added) = told.catch_up(counts(7, 3));
        assert_eq!((totals.0[lent], added.0[lent], added.0[WAITED]), (7, 2, 1));
    }
}
