//! One attempt to connect, in a supervised task of its own.
//!
//! It is nobody's: who waited for it may have given up, and then it joins the pool all the same. A manager that hangs costs one
//! attempt and `connect_timeout`, one that panics costs one attempt; and so does a task that is killed, as its ticket is dropped. From
//! one that blocks its thread, which no timer can end, the keeper takes the ticket away.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::timeout;

use super::caught::caught;
use super::cell::Cell;
use super::close::say_goodbye;
use super::error::ConnectError;
use super::manager::ConnectionPool;
use super::premises::Premises;
use super::work::ConnectTicket;
use crate::breaker::Outcome;

/// A ticket that the keeper can take away from the task that has it.
pub(crate) type Desk<P> = Mutex<Option<ConnectTicket<P>>>;

pub(crate) async fn connect<P: ConnectionPool>(premises: Arc<Premises<P>>, desk: Arc<Desk<P>>) {
    let Some(options) = look_at(&desk, |ticket| Arc::clone(ticket.options())) else {
        return;
    };
    let breaker = match premises.circuit.breaker(&premises.cell) {
        Ok(breaker) => breaker,
        Err(missing) => return fail(&desk, ConnectError::Failed(Arc::new(missing))),
    };
    let permit = breaker.as_ref().map(|breaker| breaker.try_acquire_owned());
    let Ok(permit) = permit.transpose() else {
        if let Some(ticket) = take(&desk) {
            ticket.withdraw();
        }
        return premises.heed_breaker();
    };
    let made = make(&premises.cell, &options).await;
    if let Some(permit) = permit {
        permit.settle(outcome(&made));
    }
    match made {
        Ok(conn) => match take(&desk) {
            Some(ticket) => ticket.connected(conn),
            // Its time was up, and another may have its place.
            None => say_goodbye(&premises.cell, conn).await,
        },
        Err(error) => fail(&desk, error),
    }
}

fn look_at<P: ConnectionPool, T>(
    desk: &Desk<P>,
    look: impl FnOnce(&ConnectTicket<P>) -> T,
) -> Option<T> {
    let ticket = desk.lock().unwrap_or_else(PoisonError::into_inner);
    ticket.as_ref().map(look)
}

/// None if it was taken before.
pub(crate) fn take<P: ConnectionPool>(desk: &Desk<P>) -> Option<ConnectTicket<P>> {
    desk.lock().unwrap_or_else(PoisonError::into_inner).take()
}

pub(crate) fn fail<P: ConnectionPool>(desk: &Desk<P>, error: ConnectError) {
    if let Some(ticket) = take(desk) {
        ticket.failed(error);
    }
}

async fn make<P: ConnectionPool>(
    cell: &Cell<P>,
    options: &P::Options,
) -> Result<P::Conn, ConnectError> {
    let within = cell.config.load().connect_timeout;
    let making = caught(async { cell.manager().create_connection(options).await });
    match timeout(within, making).await {
        Ok(Ok(Ok(conn))) => Ok(conn),
        Ok(Ok(Err(error))) => Err(ConnectError::Failed(Arc::new(error))),
        Ok(Err(panic)) => Err(ConnectError::Panicked(panic)),
        Err(_) => Err(ConnectError::TooSlow { within }),
    }
}

const fn outcome<C>(made: &Result<C, ConnectError>) -> Outcome {
    match made {
        Ok(_) => Outcome::Success,
        Err(ConnectError::TooSlow { .. }) => Outcome::TimedOut,
        Err(ConnectError::Panicked(_)) => Outcome::Panicked,
        Err(_) => Outcome::Failure,
    }
}
