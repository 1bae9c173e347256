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
use super::share::Share;

/// A checkout that pings what it is given before it is used, and takes another one if it does not answer.
pub(super) struct Trial<'a, P: ConnectionPool> {
    pub(super) share: &'a Arc<Share<P>>,
    pub(super) asker: Asker,
    pub(super) wait: Wait<Borrower>,
}

impl<P: ConnectionPool> Trial<'_, P> {
    pub(super) async fn run(self, given: Given<P::Conn>) -> Result<Lease<P>, PoolError> {
        let (mut given, mut bad, mut left) = (given, 0, 0);
        let retries = self.share.config.load().max_retries;
        let mut phase = CheckoutPhase::Queue;
        loop {
            match self.leave_to_keeper(given, left <= retries) {
                None => (left, phase) = (left + 1, CheckoutPhase::Validate),
                Some(mine) => {
                    let mut lease = self.lease(mine);
                    if self.is_valid(&mut lease).await {
                        return Ok(lease);
                    }
                    lease.discard();
                    bad += 1;
                }
            }
            let again = poll_fn(|cx| Poll::Ready(self.again(bad > retries, cx.waker()))).await;
            let (next, is_proven) = match again {
                Answer::Unproven(given) => (given, false),
                Answer::Given(given) => (given, true),
                Answer::Refused(refusal) => {
                    return Err(self.error(refusal, CheckoutPhase::Validate));
                }
                Answer::Waiting(key) => {
                    let asker = self.asker.clone();
                    let granted = Place::new(self.share, asker, key, self.wait.entered).await;
                    let granted = granted.map_err(|no| self.error(no, phase))?;
                    (granted.given, granted.is_proven)
                }
            };
            if is_proven && self.share.seems_open(&next.conn) {
                return Ok(self.lease(next));
            }
            given = next;
        }
    }

    /// Where there is not time enough for a ping that takes as long as it may, the keeper has it made, so that a connection that works is
    /// not closed because of somebody's haste: this one waits in line meanwhile. It comes back if it is to be pinged here.
    fn leave_to_keeper(&self, given: Given<P::Conn>, may_be_left: bool) -> Option<Given<P::Conn>> {
        let limit = nanos(self.share.config.load().ping_timeout);
        if !may_be_left || self.time_left() >= limit || !self.share.seems_open(&given.conn) {
            return Some(given);
        }
        let Given { conn, seat } = given;
        self.share.with(|inner, _, _| {
            if !inner.core.is_attended() {
                return Some(Given { conn, seat });
            }
            let returned = inner.core.ping_first(seat, conn);
            inner.borrowers.returned(returned.borrower);
            None
        })
    }

    fn time_left(&self) -> u64 {
        let now = self.share.clock.now();
        self.wait.deadline.saturating_sub(now)
    }

    fn lease(&self, given: Given<P::Conn>) -> Lease<P> {
        let process = self.asker.process.clone();
        Lease::new(given.conn, Arc::clone(self.share), given.seat, process)
    }

    fn again(&self, evict: bool, waker: &Waker) -> Answer<P::Conn> {
        self.share.with(|inner, now, _| {
            let answer = inner.core.again(now, self.wait, evict, waker);
            if let Answer::Given(_) | Answer::Unproven(_) = answer {
                inner.lent(&self.asker);
            }
            answer
        })
    }

    /// Whether a connection still works, as far as can be found out in time.
    async fn is_valid(&self, lease: &mut Lease<P>) -> bool {
        if !self.share.seems_open(lease) {
            return false;
        }
        let limit = nanos(self.share.config.load().ping_timeout);
        let within = Duration::from_nanos(limit.min(self.time_left()));
        // Whoever is dropped in the middle of it leaves a connection in which something is under way.
        lease.set_end(End::Condemned);
        let is_valid = self.share.ping(lease, within).await;
        if is_valid {
            lease.set_end(End::Dropped);
        }
        is_valid
    }

    fn error(&self, refusal: Refusal, phase: CheckoutPhase) -> PoolError {
        self.share.error(refusal, self.wait.entered, phase)
    }
}

impl<P: ConnectionPool> Cell<P> {
    /// Whether a connection may be lent, as far as its manager knows without asking.
    #[inline]
    pub(super) fn seems_open(&self, conn: &P::Conn) -> bool {
        unless_it_panics(|| self.spec.manager.is_open(conn)).unwrap_or(false)
    }

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
