//! Asking for a connection, and waiting for it.
//!
//! Whatever is held on the way is held by a value that gives it back when it is dropped: the place in the line by [`Place`], a
//! connection that is being validated by its [`Lease`]. So a checkout may be dropped at every await.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Sleep, sleep, timeout};

use super::borrower::Asker;
use super::cell::Cell;
use super::core::{Answer, Given, Key, Refusal, Wait, Wakes, Who, nanos};
use super::error::{CheckoutPhase, PoolError};
use super::lease::{End, Lease};
use super::manager::ConnectionPool;

/// A connection within so many nanoseconds.
#[inline]
pub(super) async fn checkout<P: ConnectionPool>(
    cell: &Arc<Cell<P>>,
    at: &'static Location<'static>,
    patience: u64,
) -> Result<Lease<P>, PoolError> {
    let asker = Asker::here();
    let ask = |cx: &mut Context<'_>| {
        let (answer, now, attended) = cell.start(&asker, at, patience, cx.waker());
        Poll::Ready(match answer {
            Answer::Given(given) if !given.validate => Started::Lent(given),
            answer => Started::Other(answer, now, attended),
        })
    };
    match poll_fn(ask).await {
        Started::Lent(Given { conn, seat, .. }) => {
            Ok(Lease::new(conn, Arc::clone(cell), seat, asker.process))
        }
        Started::Other(answer, began, attended) => {
            let who = Who {
                at,
                borrower: asker.borrower,
            };
            let deadline = began.saturating_add(cell.effective(patience));
            let wait = Wait {
                who,
                entered: began,
                deadline,
            };
            let checkout = Checkout { cell, asker, wait };
            checkout.go_on(answer, attended).await
        }
    }
}

enum Started<C> {
    Lent(Given<C>),
    Other(Answer<C>, u64, bool),
}

/// A checkout that takes longer.
struct Checkout<'a, P: ConnectionPool> {
    cell: &'a Arc<Cell<P>>,
    asker: Asker,
    wait: Wait<super::borrower::Borrower>,
}

impl<P: ConnectionPool> Checkout<'_, P> {
    async fn go_on(
        self,
        mut answer: Answer<P::Conn>,
        mut attended: bool,
    ) -> Result<Lease<P>, PoolError> {
        let mut bad = 0;
        loop {
            let given = match answer {
                Answer::Given(given) => given,
                Answer::Waiting(key) => {
                    let place = Place::new(self.cell, &self.asker, key, self.wait.deadline);
                    let granted = place.attended(attended).await;
                    granted.map_err(|refusal| self.error(refusal, CheckoutPhase::Queue))?
                }
                Answer::Refused(refusal) => {
                    let phase = match bad {
                        0 => CheckoutPhase::Queue,
                        _ => CheckoutPhase::Validate,
                    };
                    return Err(self.error(refusal, phase));
                }
            };
            let validate = given.validate;
            let mut lease = self.lease(given);
            if !validate || self.is_valid(&mut lease).await {
                return Ok(lease);
            }
            lease.discard();
            bad += 1;
            let evict = bad > self.cell.config.load().max_retries;
            (answer, attended) = poll_fn(|cx| Poll::Ready(self.again(evict, cx.waker()))).await;
        }
    }

    fn lease(&self, given: Given<P::Conn>) -> Lease<P> {
        let process = self.asker.process.clone();
        Lease::new(given.conn, Arc::clone(self.cell), given.seat, process)
    }

    fn again(&self, evict: bool, waker: &Waker) -> (Answer<P::Conn>, bool) {
        self.cell.with(|inner, now, _| {
            let answer = inner.core.again(now, self.wait, evict, waker);
            if let Answer::Given(_) = answer {
                inner.lent(&self.asker);
            }
            (answer, inner.core.is_attended())
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
            lease.set_end(End::By(super::manager::LeaseEnd::Dropped));
        }
        is_valid
    }

    fn error(&self, refusal: Refusal, phase: CheckoutPhase) -> PoolError {
        self.cell.error(refusal, self.wait.entered, phase)
    }
}

impl<P: ConnectionPool> Cell<P> {
    /// A checkout without patience still waits for a connection to be made for it.
    fn effective(&self, patience: u64) -> u64 {
        match patience {
            0 => nanos(self.config.load().connect_timeout),
            patience => patience,
        }
    }

    /// Whether a connection answers within this time, and is found to be well. Whoever calls has to see to it that one that does
    /// not is not lent again.
    pub(super) async fn ping(&self, conn: &mut P::Conn, within: Duration) -> bool {
        let ping = caught(self.spec.manager.ping_connection(conn));
        let answered = matches!(timeout(within, ping).await, Ok(Some(Ok(()))));
        answered && self.is_healthy(conn)
    }

    fn is_healthy(&self, conn: &mut P::Conn) -> bool {
        let Some(check) = &self.spec.health_check else {
            return true;
        };
        catch_unwind(AssertUnwindSafe(|| check(conn))).unwrap_or(false)
    }
}

/// Nothing, if it panics.
async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        match polled {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

/// A place in the line, which is given up when this is dropped.
struct Place<'a, P: ConnectionPool> {
    cell: &'a Arc<Cell<P>>,
    asker: &'a Asker,
    /// None once its fate is known.
    key: Option<Key>,
    deadline: u64,
    /// It has just been taken, with the waker of the task that polls now.
    is_new: bool,
    /// Only where no keeper minds the time.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<'a, P: ConnectionPool> Place<'a, P> {
    const fn new(cell: &'a Arc<Cell<P>>, asker: &'a Asker, key: Key, deadline: u64) -> Self {
        Self {
            cell,
            asker,
            key: Some(key),
            deadline,
            is_new: false,
            sleep: None,
        }
    }

    const fn attended(mut self, attended: bool) -> Self {
        self.is_new = attended;
        self
    }

    fn look(&mut self, waker: &Waker) -> Look<P::Conn> {
        let Some(key) = self.key else {
            return Look::Done(Err(Refusal::Closed));
        };
        let mut inner = self.cell.lock();
        let (poll, stale) = inner.core.poll(key, waker);
        let look = match poll {
            Poll::Ready(result) => {
                self.key = None;
                if result.is_ok() {
                    inner.lent(self.asker);
                }
                Look::Done(result)
            }
            Poll::Pending if inner.core.is_attended() => Look::Waiting,
            Poll::Pending => Look::Alone,
        };
        self.cell.release(inner, Wakes::default());
        // What wakers do is not ours: they go without the lock.
        drop(stale);
        look
    }

    /// Waits for its time to be up.
    fn mind_time(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let left = self.deadline.saturating_sub(self.cell.clock.now());
        let left = Duration::from_nanos(left);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(left)));
        sleep.as_mut().poll(cx)
    }
}

enum Look<C> {
    Done(Result<Given<C>, Refusal>),
    Waiting,
    /// There is no keeper.
    Alone,
}

impl<P: ConnectionPool> Future for Place<'_, P> {
    type Output = Result<Given<P::Conn>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::take(&mut self.is_new) {
            return Poll::Pending;
        }
        loop {
            match self.look(cx.waker()) {
                Look::Done(result) => return Poll::Ready(result),
                Look::Waiting => return Poll::Pending,
                Look::Alone => {}
            }
            if self.mind_time(cx).is_pending() {
                return Poll::Pending;
            }
            self.sleep = None;
            if let Some(key) = self.key {
                let time_out = |inner: &mut super::cell::Inner<P>, now, wakes: &mut Wakes| {
                    inner.core.time_out(now, key, wakes);
                };
                self.cell.with(time_out);
            }
        }
    }
}

impl<P: ConnectionPool> Drop for Place<'_, P> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let waker = self
                .cell
                .with(|inner, now, wakes| inner.core.leave(now, key, wakes));
            drop(waker);
        }
    }
}
