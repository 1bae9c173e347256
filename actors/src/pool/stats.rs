//! What operators see.

use std::panic::Location;
use std::time::Duration;

use mainstay_specs::{NamespaceName, ServiceName};
use serde::{Serialize, Serializer};

use super::borrower::{Borrower, Named};
use super::cell::{Cell, Inner};
use super::core::{Counts, Holder, NEVER, Phase, Refusal, Situation, Waits};
use super::error::{CheckoutPhase, ConnectError, LongestLease, PoolError, PoolSituation};
use super::manager::ConnectionPool;

/// Everything there is to know about a pool at one moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PoolStats {
    /// Its name.
    pub name: ServiceName,
    /// The namespace it is in.
    pub namespace: Option<NamespaceName>,
    /// What it is doing.
    pub state: PoolState,
    /// How many connections are kept open.
    pub min: u32,
    /// The most it may have.
    pub max: u32,
    /// How many connections, and attempts to make one, there are in all.
    pub live: u32,
    /// How many are idle.
    pub idle: u32,
    /// How many are lent.
    pub leased: u32,
    /// How many attempts to connect are under way.
    pub connecting: u32,
    /// How many are being reset, or pinged to keep them alive.
    pub mending: u32,
    /// How many are being closed.
    pub closing: u32,
    /// How many checkouts wait.
    pub waiting: u32,
    /// How many leases that were taken away have not been dropped yet. They are not among the `live` ones.
    pub strays: u32,
    /// How many attempts to connect have failed since one has succeeded.
    pub connect_failures: u32,
    /// Why the last one has failed.
    pub last_error: Option<String>,
    /// What has happened since the pool was made.
    pub totals: PoolTotals,
    /// How long those have waited who were served after waiting, since the pool was made: in steps, each of twice the time of the one
    /// before. One that is no process counts once it has given its connection back.
    pub waits: Vec<WaitStats>,
    /// Its leases, the longest first.
    pub leases: Vec<LeaseStats>,
}

/// What a pool is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PoolState {
    /// It lends.
    Open,
    /// It lends nothing until it is resumed.
    Suspended,
    /// It was closed, and waits for what is still out.
    Draining,
    /// It was closed, and nothing is left.
    Closed,
}

/// How many have waited for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WaitStats {
    /// For less than this, and no less than in the step before. The last one has no end.
    pub less_than: Option<Duration>,
    /// How many.
    pub count: u64,
}

fn wait_stats(waits: &Waits) -> Vec<WaitStats> {
    let stats = |(end, count): (Option<u64>, u64)| WaitStats {
        less_than: end.map(Duration::from_nanos),
        count,
    };
    waits.steps().map(stats).collect()
}

/// One lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeaseStats {
    /// Since when, as a time back from now.
    pub held_for: Duration,
    /// Where it was taken.
    #[serde(serialize_with = "as_text")]
    pub taken_at: &'static Location<'static>,
    /// Who has it, if that is known: the path of a process, or a task.
    pub borrower: Option<String>,
}

fn as_text<S: Serializer>(at: &&'static Location<'static>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

/// What has happened since a pool was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PoolTotals {
    /// How often a connection was lent.
    pub lent: u64,
    /// How often that was after waiting.
    pub waited: u64,
    /// For how long those have waited, together.
    pub waited_for: Duration,
    /// For how long the one has waited that waited longest.
    pub longest_wait: Duration,
    /// How many waited for longer than they could.
    pub timeouts: u64,
    /// How many would not wait, and got nothing.
    pub exhausted: u64,
    /// How many were refused as too many waited.
    pub queue_full: u64,
    /// How many were sent away as all had waited for long.
    pub overloaded: u64,
    /// How many waited for themselves, or would have.
    pub deadlocks: u64,
    /// How many were told that no connection can be made.
    pub unconnected: u64,
    /// How many attempts to connect have succeeded.
    pub opened: u64,
    /// How many have failed.
    pub failed: u64,
    /// How many connections are closed for good, whatever for.
    pub closed: u64,
    /// How many had been idle for too long.
    pub idle_out: u64,
    /// How many were too old, or to be replaced.
    pub aged: u64,
    /// How many were found broken.
    pub broken: u64,
    /// How many were more than there may be.
    pub surplus: u64,
    /// How many were reset, or pinged to keep them alive, with success.
    pub mended: u64,
    /// How many leases were taken away.
    pub revoked: u64,
}

impl From<Counts> for PoolTotals {
    fn from(counts: Counts) -> Self {
        Self {
            lent: counts.lent,
            waited: counts.waited,
            waited_for: Duration::from_nanos(counts.waited_for),
            longest_wait: Duration::from_nanos(counts.longest_wait),
            timeouts: counts.timeouts,
            exhausted: counts.exhausted,
            queue_full: counts.queue_full,
            overloaded: counts.overloaded,
            deadlocks: counts.deadlocks,
            unconnected: counts.unconnected,
            opened: counts.opened,
            failed: counts.failed,
            closed: counts.closed,
            idle_out: counts.idle_out,
            aged: counts.aged,
            broken: counts.broken,
            surplus: counts.surplus,
            mended: counts.mended,
            revoked: counts.revoked,
        }
    }
}

/// How many borrowers are looked up while the lock is held.
const NAMED_AT_ONCE: usize = 32;

impl<P: ConnectionPool> Cell<P> {
    pub(crate) fn stats(&self) -> PoolStats {
        let now = self.clock.now();
        // Before the lock is taken: there may be many.
        let mut leases = Vec::with_capacity(self.config.load().max_size as usize);
        let mut inner = self.lock();
        let situation = inner.core.situation(now);
        let core = &inner.core;
        leases.extend(core.holders());
        let (state, counts) = (state(core.phase(), core.is_drained()), core.counts());
        let stats = PoolStats {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            state,
            min: core.terms.min,
            max: situation.max,
            live: core.live(),
            idle: situation.idle,
            leased: situation.leased,
            connecting: situation.connecting,
            mending: situation.mending,
            closing: situation.closing,
            waiting: situation.waiting,
            strays: core.strays(),
            connect_failures: situation.failures,
            last_error: None,
            totals: counts.into(),
            waits: Vec::new(),
            leases: Vec::new(),
        };
        drop(inner);
        PoolStats {
            waits: wait_stats(&counts.waits),
            // What the error of a manager says of itself is not ours: without the lock.
            last_error: situation.last_error.map(|error| error.to_string()),
            leases: self.lease_stats(now, &leases),
            ..stats
        }
    }

    /// The longest first. It is found out a few at a time what those who have them are called, so that the lock is not held for long; a
    /// borrower that has ended meanwhile is called by its number.
    fn lease_stats(&self, now: u64, leases: &[Holder<Borrower>]) -> Vec<LeaseStats> {
        let mut stats = Vec::with_capacity(leases.len());
        for some in leases.chunks(NAMED_AT_ONCE) {
            let mut names: [Option<Named>; NAMED_AT_ONCE] = Default::default();
            let inner = self.lock();
            for (name, holder) in names.iter_mut().zip(some) {
                *name = inner.named(holder);
            }
            drop(inner);
            // As text without the lock: a path is long.
            stats.extend(some.iter().zip(names).map(|(holder, named)| LeaseStats {
                held_for: since(now, holder.since),
                taken_at: holder.at,
                borrower: named.map(|named| named.to_string()),
            }));
        }
        stats.sort_by_key(|lease| std::cmp::Reverse(lease.held_for));
        stats
    }

    /// What to tell somebody who is refused.
    #[cold]
    pub(super) fn error(&self, refusal: Refusal, entered: u64, phase: CheckoutPhase) -> PoolError {
        let now = self.clock.now();
        let waited = since(now, entered);
        let pool = self.name.clone();
        match refusal {
            Refusal::Closed => return PoolError::Closed { pool },
            Refusal::Held { until } => {
                let wait = since(until, now).max(Duration::from_nanos(1));
                let retry_after = (until != NEVER).then_some(wait);
                return PoolError::Unavailable { pool, retry_after };
            }
            _ => {}
        }
        let situation = Box::new(self.situation(now));
        match refusal {
            Refusal::Exhausted => PoolError::Exhausted(situation),
            Refusal::SelfDeadlock => PoolError::SelfDeadlock(situation),
            Refusal::QueueFull => PoolError::QueueFull {
                max: self.config.load().waiters_max,
                situation,
            },
            Refusal::Overloaded => PoolError::Overloaded { waited, situation },
            Refusal::Connect => PoolError::Connect {
                error: self.last_failure(),
                situation,
            },
            Refusal::Timeout | Refusal::Closed | Refusal::Held { .. } => PoolError::Timeout {
                phase: actual(phase, &situation),
                waited,
                situation,
            },
        }
    }

    /// Why those who wait were sent away: there is one if they were.
    fn last_failure(&self) -> ConnectError {
        let failure = self.lock().core.last_failure();
        failure.unwrap_or(ConnectError::Abandoned)
    }

    pub(super) fn situation(&self, now: u64) -> PoolSituation {
        let mut inner = self.lock();
        let situation = inner.core.situation(now);
        let longest = situation.longest;
        let named = longest.and_then(|holder| inner.named(&holder));
        drop(inner);
        let longest = longest.map(|holder| LongestLease {
            held_for: since(now, holder.since),
            taken_at: holder.at,
            borrower: named.map(|named| named.to_string()),
        });
        let Situation {
            max,
            idle,
            leased,
            mending,
            connecting,
            closing,
            waiting,
            ..
        } = situation;
        PoolSituation {
            pool: self.name.clone(),
            is_suspended: situation.is_suspended,
            max,
            idle,
            leased: leased + mending,
            connecting,
            closing,
            waiting,
            longest,
            last_error: situation.last_error,
            retry_after: situation.retry_at.map(|at| since(at, now)),
        }
    }
}

impl<P: ConnectionPool> Inner<P> {
    fn named(&self, holder: &Holder<Borrower>) -> Option<Named> {
        let borrower = holder.borrower?;
        Some(self.borrowers.named(borrower))
    }
}

/// Whoever waits while the pool is suspended, or while connections are being made or cannot be made, waits for that.
const fn actual(phase: CheckoutPhase, situation: &PoolSituation) -> CheckoutPhase {
    match phase {
        CheckoutPhase::Queue if situation.is_suspended => CheckoutPhase::Suspended,
        CheckoutPhase::Queue if situation.connecting > 0 || situation.last_error.is_some() => {
            CheckoutPhase::Connect
        }
        phase => phase,
    }
}

const fn state(phase: Phase, is_drained: bool) -> PoolState {
    match phase {
        Phase::Open => PoolState::Open,
        Phase::Suspended => PoolState::Suspended,
        Phase::Closed if is_drained => PoolState::Closed,
        Phase::Closed => PoolState::Draining,
    }
}

const fn since(now: u64, then: u64) -> Duration {
    Duration::from_nanos(now.saturating_sub(then))
}
