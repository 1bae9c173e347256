//! Closing one connection, or bringing one back, in a supervised task of its own.
//!
//! No borrower waits for either. What hangs is dropped when its time is up, what panics at once; the room comes back in any case.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::caught::caught;
use super::cell::Cell;
use super::core::Remedy;
use super::manager::ConnectionPool;
use super::work::{CloseTicket, MendTicket};

/// Closes a connection.
pub(crate) async fn close<P: ConnectionPool>(mut ticket: CloseTicket<P>) {
    let cell = Arc::clone(ticket.cell());
    let Some(conn) = ticket.take() else { return };
    let within = cell.config.load().close_timeout;
    let closing = caught(async { cell.manager().close_connection(conn).await });
    let pool = cell.name.as_str();
    match timeout(within, closing).await {
        Ok(Ok(())) => {}
        Ok(Err(panic)) => tracing::warn!(pool, panic, "closing a connection panicked"),
        Err(_) => tracing::warn!(pool, ?within, "closing a connection took too long"),
    }
}

/// Resets a connection, or pings it. Whether it can be lent again; otherwise it is closed by another task.
pub(crate) async fn mend<P: ConnectionPool>(mut ticket: MendTicket<P>) -> bool {
    let (cell, remedy) = (Arc::clone(ticket.cell()), ticket.remedy());
    let Some(conn) = ticket.conn() else {
        return false;
    };
    let is_well = match remedy {
        Remedy::Reset => reset(&cell, conn).await,
        Remedy::Ping => ping(&cell, conn).await,
    };
    ticket.done(is_well);
    is_well
}

async fn reset<P: ConnectionPool>(cell: &Cell<P>, conn: &mut P::Conn) -> bool {
    let within = cell.config.load().reset_timeout;
    let resetting = async { cell.manager().reset_connection(conn).await };
    in_time(cell, "a reset", within, resetting).await
}

async fn ping<P: ConnectionPool>(cell: &Cell<P>, conn: &mut P::Conn) -> bool {
    let within = cell.config.load().ping_timeout;
    let check = cell.spec.health_check.as_ref();
    let pinging = async {
        let answer = cell.manager().ping_connection(conn).await;
        answer.map_err(Unwell::Failed)?;
        match check.is_none_or(|check| check(conn)) {
            true => Ok(()),
            false => Err(Unwell::Checked),
        }
    };
    in_time(cell, "a ping", within, pinging).await
}

/// Why a ping was none.
#[derive(Debug, thiserror::Error)]
enum Unwell<E: std::error::Error> {
    #[error("the health check says no")]
    Checked,
    #[error("{0}")]
    Failed(E),
}

async fn in_time<P: ConnectionPool, E: std::fmt::Display>(
    cell: &Cell<P>,
    what: &str,
    within: Duration,
    doing: impl Future<Output = Result<(), E>>,
) -> bool {
    let pool = cell.name.as_str();
    match timeout(within, caught(doing)).await {
        Ok(Ok(Ok(()))) => return true,
        Ok(Ok(Err(error))) => tracing::debug!(pool, what, %error, "a connection is closed"),
        Ok(Err(panic)) => tracing::warn!(pool, what, panic, "a connection is closed"),
        Err(_) => tracing::debug!(pool, what, ?within, "a connection is closed"),
    }
    false
}
