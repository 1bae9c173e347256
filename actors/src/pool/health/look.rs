//! One look at a pool.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::error::PoolSick;
use super::ladder::Look;
use crate::pool::cell::Cell;
use crate::pool::close::mend;
use crate::pool::error::{ConnectError, PoolError};
use crate::pool::handle::PoolManager;
use crate::pool::manager::ConnectionPool;
use crate::pool::premises::Premises;

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

/// Pings each that is idle once, as many at a time as attempts to connect may be made, so that the others can be lent meanwhile. Those
/// that are being pinged when the time is up are closed.
async fn ping_idle<P: ConnectionPool>(cell: &Arc<Cell<P>>) -> Pings {
    let config = cell.config.load_full();
    let seats = Arc::new(Mutex::new(cell.idle_seats()));
    let mut workers = JoinSet::new();
    for _ in 0..config.connects_max {
        let Some(first) = cell.next_to_ping(&seats) else {
            break;
        };
        let (cell, seats) = (Arc::clone(cell), Arc::clone(&seats));
        workers.spawn(async move {
            let mut next = Some(first);
            let mut pings = Pings::default();
            while let Some(ticket) = next {
                match mend(ticket).await {
                    true => pings.well += 1,
                    false => pings.bad += 1,
                }
                next = cell.next_to_ping(&seats);
            }
            pings
        });
    }
    gather(workers, config.health.timeout).await
}

async fn gather(mut workers: JoinSet<Pings>, within: Duration) -> Pings {
    let mut all = Pings::default();
    let gathering = async {
        while let Some(done) = workers.join_next().await {
            if let Ok(pings) = done {
                all.well += pings.well;
                all.bad += pings.bad;
            }
        }
    };
    if timeout(within, gathering).await.is_err() {
        let late = u32::try_from(workers.len()).unwrap_or(u32::MAX);
        all.bad += late;
    }
    all
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
    fn cannot_connect(&self) -> Option<(u32, ConnectError)> {
        let (_, situation) = self.figures();
        let none = situation.idle + situation.leased + situation.mending == 0;
        let error = situation.last_error.filter(|_| none)?;
        Some((situation.failures, error))
    }
}
