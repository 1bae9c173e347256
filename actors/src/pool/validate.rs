//! Checkouts that were given a connection that was idle for long.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::time::timeout;

use super::borrower::{Asker, Borrower};
use super::caught::{caught, unless_it_panics};
use super::cell::Cell;
use super::core::{Answer, Given, Refusal, Wait, nanos};
use super::error::{CheckoutPhase, PoolError};
use super::lease::{End, Lease};
use super::manager::ConnectionPool;
use super::place::Place;

/// A checkout that pings what it is given before it is used, and takes another one if it does not answer.
pub(super) struct Trial<'a, P: ConnectionPool> {
    pub(super) cell: &'a Arc<Cell<P>>,
    pub(super) asker: Asker,
    pub(super) wait: Wait<Borrower>,
}

impl<P: ConnectionPool> Trial<'_, P> {
    pub(super) async fn run(self, given: Given<P::Conn>) -> Result<Lease<P>, PoolError> {
        let mut given = given;
        let mut bad = 0;
        loop {
            let mut lease = self.lease(given);
            if self.is_valid(&mut lease).await {
                return Ok(lease);
            }
            lease.discard();
            bad += 1;
            let evict = bad > self.cell.config.load().max_retries;
            let again = poll_fn(|cx| Poll::Ready(self.again(evict, cx.waker()))).await;
            given = match again {
                Answer::Unproven(given) => given,
                Answer::Given(given) => return Ok(self.lease(given)),
                Answer::Refused(refusal) => {
                    return Err(self.error(refusal, CheckoutPhase::Validate));
                }
                Answer::Waiting(key) => {
                    let asker = self.asker.clone();
                    let granted = Place::new(self.cell, asker, key, self.wait.entered).await;
                    let granted = granted.map_err(|no| self.error(no, CheckoutPhase::Queue))?;
                    if granted.is_proven {
                        return Ok(self.lease(granted.given));
                    }
                    granted.given
                }
            };
        }
    }

    fn lease(&self, given: Given<P::Conn>) -> Lease<P> {
        let process = self.asker.process.clone();
        Lease::new(given.conn, Arc::clone(self.cell), given.seat, process)
    }

    fn again(&self, evict: bool, waker: &Waker) -> Answer<P::Conn> {
        self.cell.with(|inner, now, _| {
            let answer = inner.core.again(now, self.wait, evict, waker);
            if let Answer::Given(_) | Answer::Unproven(_) = answer {
                inner.lent(&self.asker);
            }
            answer
        })
    }

    /// Whether a connection still works, as far as can be found out in time.
    async fn is_valid(&self, lease: &mut Lease<P>) -> bool {
        let limit = nanos(self.cell.config.load().ping_timeout);
        let left = self.wait.deadline.saturating_sub(self.cell.clock.now());
        let within = Duration::from_nanos(limit.min(left));
        // Whoever is dropped in the middle of it leaves a connection in which something is under way.
        lease.set_end(End::Condemned);
        let is_valid = self.cell.ping(lease, within).await;
        if is_valid {
            lease.set_end(End::Dropped);
        }
        is_valid
    }

    fn error(&self, refusal: Refusal, phase: CheckoutPhase) -> PoolError {
        self.cell.error(refusal, self.wait.entered, phase)
    }
}

impl<P: ConnectionPool> Cell<P> {
    /// Whether a connection answers within this time, and is found to be well. Whoever calls has to see to it that one that does
    /// not is not lent again.
    async fn ping(&self, conn: &mut P::Conn, within: Duration) -> bool {
        let ping = caught(self.spec.manager.ping_connection(conn));
        let answered = matches!(timeout(within, ping).await, Ok(Ok(Ok(()))));
        answered && self.is_healthy(conn)
    }

    fn is_healthy(&self, conn: &mut P::Conn) -> bool {
        let Some(check) = &self.spec.health_check else {
            return true;
        };
        unless_it_panics(|| check(conn)).unwrap_or(false)
    }
}
