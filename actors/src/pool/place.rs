//! A place in the line.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::borrower::Asker;
use super::cell::{Cell, Inner};
use super::core::{Answer, Given, Key, Refusal, Wakes};
use super::manager::ConnectionPool;

/// A place in the line, which is given up when this is dropped: what it had been granted goes to the next one then.
pub(super) struct Place<'a, P: ConnectionPool> {
    cell: &'a Cell<P>,
    pub(super) asker: Asker,
    /// None once its fate is known.
    key: Option<Key>,
    pub(super) entered: u64,
    /// Only where no keeper minds the time.
    sleep: Option<Pin<Box<Sleep>>>,
}

/// What was granted.
pub(super) struct Granted<C> {
    pub(super) given: Given<C>,
    /// It need not be pinged before it is used.
    pub(super) is_proven: bool,
}

/// What has become of a place.
enum Look<C> {
    Done(Result<Granted<C>, Refusal>),
    Waiting,
    /// There is no keeper. Its time is up then, as the core has it: the configuration may be another one by now.
    Alone {
        deadline: u64,
    },
}

impl<'a, P: ConnectionPool> Place<'a, P> {
    pub(super) const fn new(cell: &'a Cell<P>, asker: Asker, key: Key, entered: u64) -> Self {
        Self {
            cell,
            asker,
            key: Some(key),
            entered,
            sleep: None,
        }
    }

    #[inline]
    fn look(&mut self, waker: &Waker) -> Look<P::Conn> {
        let Some(key) = self.key else {
            return Look::Done(Err(Refusal::Closed));
        };
        // Leases of a process are counted, under the lock.
        if self.asker.process.is_none()
            && let Some(grant) = self.cell.grants.take(key)
        {
            self.key = None;
            return Look::Done(Ok(Granted {
                is_proven: grant.is_proven,
                given: grant.given,
            }));
        }
        let now = self.cell.clock.now();
        let mut inner = self.cell.lock();
        let (answer, stale) = inner.core.poll(now, key, waker);
        self.key = None;
        let look = match answer {
            Answer::Given(given) => self.granted(&mut inner, given, true),
            Answer::Unproven(given) => self.granted(&mut inner, given, false),
            Answer::Refused(refusal) => Look::Done(Err(refusal)),
            Answer::Waiting(key) => {
                // It may be another one: what it was granted may have been taken away.
                self.key = Some(key);
                match inner.core.is_attended() {
                    true => Look::Waiting,
                    false => Look::Alone {
                        deadline: inner.core.deadline(key),
                    },
                }
            }
        };
        self.cell.release(inner);
        // What wakers do is not ours: they go without the lock.
        drop(stale);
        look
    }

    #[inline]
    fn granted(
        &self,
        inner: &mut Inner<P>,
        given: Given<P::Conn>,
        is_proven: bool,
    ) -> Look<P::Conn> {
        inner.lent(&self.asker);
        Look::Done(Ok(Granted { given, is_proven }))
    }

    /// Waits for its time to be up.
    fn mind_time(&mut self, deadline: u64, cx: &mut Context<'_>) -> Poll<()> {
        let left = deadline.saturating_sub(self.cell.clock.now());
        let left = Duration::from_nanos(left);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(left)));
        sleep.as_mut().poll(cx)
    }

    fn time_out(&mut self) {
        self.sleep = None;
        if let Some(key) = self.key {
            let time_out = |inner: &mut Inner<P>, now, wakes: &mut Wakes| {
                inner.core.time_out(now, key, wakes);
            };
            self.cell.with(time_out);
        }
    }
}

impl<P: ConnectionPool> Future for Place<'_, P> {
    type Output = Result<Granted<P::Conn>, Refusal>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let deadline = match self.look(cx.waker()) {
                Look::Done(result) => return Poll::Ready(result),
                Look::Waiting => return Poll::Pending,
                Look::Alone { deadline } => deadline,
            };
            if self.mind_time(deadline, cx).is_pending() {
                return Poll::Pending;
            }
            self.time_out();
        }
    }
}

impl<P: ConnectionPool> Drop for Place<'_, P> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let cell = self.cell;
            let waker = cell.with(|inner, now, wakes| inner.core.leave(now, key, wakes));
            drop(waker);
        }
    }
}
