//! Whether a pool is well, and what is done if it is not.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`monitor`]: the process of a pool that looks at it; [`ConnectionHealthMonitor`], for people who ask |
//! | `look.rs` | one look at a pool |
//! | `ladder.rs` | what is done against a sick one, by and by: pure |
//! | `error.rs` | [`PoolSick`] |

mod error;
mod ladder;
mod look;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::ServiceName;
use mainstay_supervisors::{Namespace, StopToken};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

pub use error::PoolSick;
use ladder::Ladder;
pub(crate) use ladder::{Step, Verdict};
pub(crate) use look::ask;
use look::look;

use super::cell::Cell;
use super::error::PoolError;
use super::manager::ConnectionPool;
use super::pools::Pools;
use super::premises::Premises;

/// How far things have come with a pool that is sick. It outlives whoever looks.
#[derive(Debug, Default)]
pub(crate) struct Course {
    ladder: Ladder,
    /// Leases that are older than this are taken away at that time.
    recycle: Option<Recycle>,
}

#[derive(Clone, Copy, Debug)]
struct Recycle {
    taken_before: u64,
    at: Instant,
}

/// The process that looks at one pool: so one that is stuck delays no other.
pub(crate) async fn monitor<P: ConnectionPool>(premises: Arc<Premises<P>>, stop: StopToken) {
    let cell = Arc::clone(&premises.cell);
    let next = || Instant::now() + cell.config.load().health.interval;
    let mut look_at = next();
    loop {
        let recycle = premises.course().recycle;
        tokio::select! {
            biased;
            () = stop.stopped() => return,
            () = recycled(recycle) => take_old_ones_away(&premises),
            // The interval may be shorter now.
            () = cell.reconfigured() => look_at = look_at.min(next()),
            () = sleep_until(look_at) => {
                tokio::select! {
                    biased;
                    () = stop.stopped() => return,
                    () = look_after(&premises) => {}
                }
                look_at = next();
            }
        }
    }
}

async fn recycled(recycle: Option<Recycle>) {
    match recycle {
        Some(recycle) => sleep_until(recycle.at).await,
        None => std::future::pending().await,
    }
}

fn take_old_ones_away<P: ConnectionPool>(premises: &Premises<P>) {
    let Some(recycle) = premises.course().recycle.take() else {
        return;
    };
    premises.revoke_older(recycle.taken_before);
}

async fn look_after<P: ConnectionPool>(premises: &Arc<Premises<P>>) {
    let (found, reason) = look(premises).await;
    let cell = &premises.cell;
    let failures_max = cell.config.load().health.failures_max;
    let verdict = premises.course().ladder.look(found, failures_max);
    if let Some(deed) = verdict.deed(&reason) {
        cell.tell(&deed);
    }
    match verdict {
        Verdict::Nothing => {}
        Verdict::Sick { step, .. } => act(premises, step).await,
        Verdict::Recovered { .. } => premises.course().recycle = None,
    }
}

async fn act<P: ConnectionPool>(premises: &Premises<P>, step: Step) {
    let cell = &premises.cell;
    let config = cell.config.load_full();
    match step {
        Step::EvictIdle => {
            cell.evict_idle();
        }
        // Not all at once, which would be a storm.
        Step::EvictAll => {
            cell.replace(config.health.interval);
        }
        Step::Recycle => {
            cell.replace(Duration::ZERO);
            premises.course().recycle = Some(Recycle {
                taken_before: cell.clock.now(),
                at: Instant::now() + config.drain_timeout,
            });
        }
        // Unless it is the connections that are bad, of which another one would say nothing.
        Step::Restart if cell.cannot_connect().is_some() && an_attempt_works(cell).await => {}
        Step::Restart => premises.restart(),
    }
}

/// Waits until no attempt to connect is under way, for no longer than one may take, and says whether there was one that works.
async fn an_attempt_works<P: ConnectionPool>(cell: &Cell<P>) -> bool {
    let opened = cell.figures().0.opened;
    let end = Instant::now() + cell.config.load().connect_timeout;
    loop {
        let (counts, situation) = cell.figures();
        if counts.opened > opened {
            return true;
        }
        if situation.connecting == 0 || Instant::now() >= end {
            return false;
        }
        sleep_until(end.min(Instant::now() + LOOK_EVERY)).await;
    }
}

/// How often it is looked for that.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The health of the connection pools of a namespace: a handle, cheap to clone.
///
/// Each pool has a process of its own that looks at it, `health_monitor`, on the interval of its configuration: it pings what is idle, as
/// many at a time as attempts to connect may be made, and takes steps against a pool of which nothing works, one after the other: it
/// closes what is idle, then everything as it comes back, then takes leases away that do not end within the `drain_timeout`, and at
/// last starts the processes of the pool anew, by the same configuration and spec. In between there are `failures_max` looks, and
/// between restarts more and more: a server that is down is not helped by haste.
///
/// This is for those who want to know now.
#[derive(Clone, Debug)]
pub struct ConnectionHealthMonitor {
    pools: Arc<Pools>,
}

impl ConnectionHealthMonitor {
    /// That of a namespace.
    #[must_use]
    pub fn of(namespace: &Namespace) -> Self {
        Self {
            pools: Pools::of(namespace),
        }
    }

    /// Looks at the pool of this name, as [`PoolManager::health_check`](super::PoolManager::health_check) does.
    ///
    /// # Errors
    ///
    /// [`PoolSick`]; [`PoolSick::Unavailable`] with [`PoolError::NotFound`] if there is none.
    ///
    /// Cancel safety: connections that are just being pinged are closed.
    pub async fn check(&self, name: &ServiceName) -> Result<(), PoolSick> {
        let Some(pool) = self.pools.find(name.as_str()) else {
            return Err(PoolSick::Unavailable(PoolError::NotFound(name.clone())));
        };
        pool.health_check().await
    }

    /// Looks at all of them at once, so that one that is stuck delays no other: each takes no longer than the `timeout` of its health
    /// and that of a checkout.
    ///
    /// Cancel safety: as that of [`check`](Self::check).
    pub async fn check_all(&self) -> BTreeMap<ServiceName, Result<(), PoolSick>> {
        let mut looks = JoinSet::new();
        for pool in self.pools.all() {
            looks.spawn(async move { (pool.name().clone(), pool.health_check().await) });
        }
        let mut found = BTreeMap::new();
        while let Some(look) = looks.join_next().await {
            // None of them panics: what is asked of a manager is caught.
            if let Ok((name, result)) = look {
                found.insert(name, result);
            }
        }
        found
    }
}
