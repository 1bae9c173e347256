//! One look at a pool.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout};

use super::error::PoolSick;
use super::ladder::Look;
use crate::pool::cell::Cell;
use crate::pool::close::mend;
use crate::pool::core::Seat;
use crate::pool::error::{ConnectError, PoolError};
use crate::pool::handle::PoolManager;
use crate::pool::manager::ConnectionPool;
use crate::pool::premises::Premises;
use crate::pool::work::MendTicket;

/// What the pings of a look came to.
#[derive(Clone, Copy, Debug, Default)]
struct Pings {
    well: u32,
    bad: u32,
}

/// Pings everything that is idle, for as long as a look may take. What shows nothing else is sick if it has no connection and cannot make
/// one. Why it is sick, if it is.
pub(crate) async fn look<P: ConnectionPool>(premises: &Arc<Premises<P>>) -> (Look, String) {
    match examine(&premises.cell).await {
        Ok(true) => (Look::Well, String::new()),
        Ok(false) => (Look::Unknown, String::new()),
        Err(sick) => (Look::Sick, sick.to_string()),
    }
}

/// As [`look`]; and where that shows nothing, as nothing is idle or lent, a connection is asked for.
pub(crate) async fn ask<P: ConnectionPool>(cell: &Arc<Cell<P>>) -> Result<(), PoolSick> {
    let shown = examine(cell).await?;
    let pool = PoolManager::of(Arc::clone(cell));
    if cell.is_closed() {
        let pool = cell.name.clone();
        return Err(PoolSick::Unavailable(PoolError::Closed { pool }));
    }
    if shown || pool.stats().leased > 0 {
        return Ok(());
    }
    let within = cell.config.load().health.timeout;
    let lease = pool.checkout_within(within).await;
    lease.map(drop).map_err(PoolSick::Unavailable)
}

/// Whether it is well; false if that was not to be found out.
async fn examine<P: ConnectionPool>(cell: &Arc<Cell<P>>) -> Result<bool, PoolSick> {
    if !cell.is_open() {
        return Ok(false);
    }
    let pings = ping_idle(cell).await;
    let pool = cell.name.clone();
    if pings.well > 0 {
        return Ok(true);
    }
    if pings.bad > 0 {
        let pinged = pings.bad;
        return Err(PoolSick::Pings { pool, pinged });
    }
    match cell.cannot_connect() {
        Some((failures, error)) => Err(PoolSick::Connect {
            pool,
            failures,
            error,
        }),
        None => Ok(false),
    }
}

/// Pings each that is idle once, as many at a time as attempts to connect may be made, so that the others can be lent meanwhile. When
/// the time is up no more are begun; those that are being pinged are closed if they are the first of theirs, which have had all of it,
/// and have as much again if they are not.
async fn ping_idle<P: ConnectionPool>(cell: &Arc<Cell<P>>) -> Pings {
    let config = cell.config.load_full();
    let seats = Arc::new(Mutex::new(cell.idle_seats()));
    let ends = Instant::now() + config.health.timeout;
    let mut round = Round::default();
    for _ in 0..config.connects_max {
        let Some(first) = cell.next_to_ping(&seats) else {
            break;
        };
        let tally = Arc::new(Tally::default());
        let worker = ping_some(
            Arc::clone(cell),
            Arc::clone(&seats),
            first,
            Arc::clone(&tally),
            ends,
        );
        let going_on = round.workers.spawn(worker);
        round.tallies.push((tally, going_on));
    }
    round.gather(config.health.timeout).await
}

async fn ping_some<P: ConnectionPool>(
    cell: Arc<Cell<P>>,
    seats: Arc<Mutex<VecDeque<Seat>>>,
    first: MendTicket<P>,
    tally: Arc<Tally>,
    ends: Instant,
) {
    let mut next = Some(first);
    while let Some(ticket) = next {
        let found = match mend(ticket).await {
            true => &tally.well,
            false => &tally.bad,
        };
        found.fetch_add(1, Ordering::Relaxed);
        if Instant::now() >= ends {
            return;
        }
        next = cell.next_to_ping(&seats);
    }
}

/// What one of those who ping has found so far: it is known also of one that is ended.
#[derive(Debug, Default)]
struct Tally {
    well: AtomicU32,
    bad: AtomicU32,
}

impl Tally {
    fn pings(&self) -> Pings {
        Pings {
            well: self.well.load(Ordering::Relaxed),
            bad: self.bad.load(Ordering::Relaxed),
        }
    }
}

/// Those who ping in one look.
#[derive(Debug, Default)]
struct Round {
    workers: JoinSet<()>,
    tallies: Vec<(Arc<Tally>, AbortHandle)>,
}

impl Round {
    async fn gather(mut self, within: Duration) -> Pings {
        if timeout(within, self.ended()).await.is_err() {
            for (tally, worker) in &self.tallies {
                let Pings { well, bad } = tally.pings();
                if well + bad == 0 {
                    worker.abort();
                    tally.bad.fetch_add(1, Ordering::Relaxed);
                }
            }
            // The others end with the ping they are at.
            timeout(within, self.ended()).await.ok();
        }
        let found = self.tallies.iter().map(|(tally, _)| tally.pings());
        found.fold(Pings::default(), |all, one| Pings {
            well: all.well + one.well,
            bad: all.bad + one.bad,
        })
    }

    async fn ended(&mut self) {
        while self.workers.join_next().await.is_some() {}
    }
}

impl<P: ConnectionPool> PoolManager<P> {
    /// Finds out whether the pool is well: pings what is idle, and closes what does not answer. If nothing is idle and nothing lent, a
    /// connection is asked for, which has one made. It takes no longer than twice the `timeout` of the health of the configuration.
    ///
    /// # Errors
    ///
    /// [`PoolSick`]. A pool of which at least one connection answers is well, and so is one that has lent all it has.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time.
    ///
    /// Cancel safety: connections that are just being pinged are closed.
    pub async fn health_check(&self) -> Result<(), PoolSick> {
        ask(self.cell()).await
    }
}

impl<P: ConnectionPool> Cell<P> {
    /// Why no connection can be made, if there is none and the last attempt has failed.
    pub(super) fn cannot_connect(&self) -> Option<(u32, ConnectError)> {
        let (_, situation) = self.figures();
        let none = situation.idle + situation.leased + situation.mending == 0;
        let error = situation.last_error.filter(|_| none)?;
        Some((situation.failures, error))
    }
}
