//! One attempt to connect, in a supervised task of its own.
//!
//! It is nobody's: who waited for it may have given up, and then it joins the pool all the same. A manager that hangs costs one
//! attempt and `connect_timeout`, one that panics costs one attempt; and so does a task that is killed, as its ticket is dropped.

use std::sync::Arc;

use tokio::time::timeout;

use super::caught::caught;
use super::error::ConnectError;
use super::manager::ConnectionPool;
use super::premises::Premises;
use super::work::ConnectTicket;
use crate::breaker::Outcome;

pub(crate) async fn connect<P: ConnectionPool>(
    premises: Arc<Premises<P>>,
    ticket: ConnectTicket<P>,
) {
    let breaker = match premises.circuit.breaker(&premises.cell) {
        Ok(breaker) => breaker,
        Err(missing) => return ticket.failed(ConnectError::Failed(Arc::new(missing))),
    };
    let permit = breaker.as_ref().map(|breaker| breaker.try_acquire_owned());
    let permit = match permit.transpose() {
        Ok(permit) => permit,
        Err(_) => {
            ticket.withdraw();
            return premises.heed_breaker();
        }
    };
    let made = make(&ticket).await;
    if let Some(permit) = permit {
        permit.settle(outcome(&made));
    }
    match made {
        Ok(conn) => ticket.connected(conn),
        Err(error) => ticket.failed(error),
    }
}

async fn make<P: ConnectionPool>(ticket: &ConnectTicket<P>) -> Result<P::Conn, ConnectError> {
    let cell = ticket.cell();
    let within = cell.config.load().connect_timeout;
    let making = caught(async { cell.manager().create_connection(ticket.options()).await });
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
