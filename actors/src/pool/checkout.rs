//! Asking for a connection.
//!
//! Whatever is held on the way is held by a value that gives it back when it is dropped: the place in the line by [`Place`], a
//! connection that is being validated by its [`Lease`]. So a checkout may be dropped at every await. It is written by hand, as a
//! connection that is idle is to go to its borrower without being moved from one future to the next.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::task::coop::poll_proceed;

use super::borrower::Asker;
use super::core::{Answer, Given, Refusal, Wait, Who, nanos};
use super::error::{CheckoutPhase, PoolError};
use super::lease::Lease;
use super::manager::ConnectionPool;
use super::place::{Granted, Place};
use super::share::Share;
use super::validate::Trial;

/// A connection to come: see [`PoolManager::checkout`](super::PoolManager::checkout).
///
/// Nothing is asked for before it is polled for the first time. As what tokio has to wait for, it lets other tasks run first where the
/// task that polls it has been served again and again without a pause.
#[must_use = "nothing is asked for before it is awaited"]
pub struct Checkout<'a, P: ConnectionPool> {
    share: &'a Arc<Share<P>>,
    at: &'static Location<'static>,
    /// In nanoseconds.
    patience: u64,
    state: State<'a, P>,
}

enum State<'a, P: ConnectionPool> {
    New,
    Waiting(Place<'a, P>),
    /// In a box, as it is rare and waits for others anyway.
    Trying(Pin<Box<dyn Future<Output = Result<Lease<P>, PoolError>> + Send + 'a>>),
    Done,
}

/// A connection within so many nanoseconds.
#[inline]
pub(super) const fn checkout<'a, P: ConnectionPool>(
    share: &'a Arc<Share<P>>,
    at: &'static Location<'static>,
    patience: u64,
) -> Checkout<'a, P> {
    Checkout {
        share,
        at,
        patience,
        state: State::New,
    }
}

impl<'a, P: ConnectionPool> Checkout<'a, P> {
    #[inline]
    fn begin(&mut self, cx: &mut Context<'_>) -> Poll<Result<Lease<P>, PoolError>> {
        // Whoever is served, or refused, at once and asks again lets others have their turn now and then.
        let turn = ready!(poll_proceed(cx));
        let asker = Asker::here();
        let (answer, now, attended) = self.share.start(&asker, self.at, self.patience, cx.waker());
        match answer {
            Answer::Given(Given { conn, seat }) if self.share.seems_open(&conn) => {
                self.state = State::Done;
                turn.made_progress();
                let share = Arc::clone(self.share);
                Poll::Ready(Ok(Lease::new(conn, share, seat, asker.process)))
            }
            Answer::Waiting(key) => {
                let place = Place::new(self.share, asker, key, now);
                self.state = State::Waiting(place);
                // The keeper minds its time, and whoever serves it has its waker.
                if attended {
                    Poll::Pending
                } else {
                    self.wait(cx)
                }
            }
            Answer::Unproven(given) | Answer::Given(given) => {
                self.state = State::Trying(Box::pin(self.trial(asker, now).run(given)));
                self.go_on(cx)
            }
            Answer::Refused(refusal) => {
                self.state = State::Done;
                turn.made_progress();
                Poll::Ready(Err(self.error(refusal, now)))
            }
        }
    }

    fn trial(&self, asker: Asker, entered: u64) -> Trial<'a, P> {
        let who = Who {
            at: self.at,
            borrower: asker.borrower,
        };
        let wait = Wait {
            who,
            entered,
            deadline: entered.saturating_add(self.effective_patience()),
        };
        Trial {
            share: self.share,
            asker,
            wait,
        }
    }

    /// One without patience still waits for a connection to be made for it.
    fn effective_patience(&self) -> u64 {
        match self.patience {
            0 => nanos(self.share.config.load().connect_timeout),
            patience => patience,
        }
    }

    /// Mostly it is given what it has waited for.
    #[inline]
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<Lease<P>, PoolError>> {
        let State::Waiting(place) = &mut self.state else {
            return self.go_on(cx);
        };
        let (entered, granted) = (place.entered, ready!(Pin::new(&mut *place).poll(cx)));
        let asker = place.asker.take();
        match granted {
            Ok(Granted {
                given: Given { conn, seat },
                is_proven: true,
            }) if self.share.seems_open(&conn) => {
                self.state = State::Done;
                let share = Arc::clone(self.share);
                Poll::Ready(Ok(Lease::new(conn, share, seat, asker.process)))
            }
            Ok(Granted { given, .. }) => {
                let trial = self.trial(asker, entered);
                self.state = State::Trying(Box::pin(trial.run(given)));
                self.go_on(cx)
            }
            Err(refusal) => {
                self.state = State::Done;
                Poll::Ready(Err(self.error(refusal, entered)))
            }
        }
    }

    #[cold]
    fn go_on(&mut self, cx: &mut Context<'_>) -> Poll<Result<Lease<P>, PoolError>> {
        // As a future that has ended otherwise: there is nothing to come of it any more.
        let State::Trying(trial) = &mut self.state else {
            return Poll::Pending;
        };
        let result = ready!(trial.as_mut().poll(cx));
        self.state = State::Done;
        Poll::Ready(result)
    }

    #[cold]
    fn error(&self, refusal: Refusal, entered: u64) -> PoolError {
        self.share.error(refusal, entered, CheckoutPhase::Queue)
    }
}

impl<P: ConnectionPool> Future for Checkout<'_, P> {
    type Output = Result<Lease<P>, PoolError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.state {
            State::New => self.begin(cx),
            _ => self.wait(cx),
        }
    }
}

impl<P: ConnectionPool> fmt::Debug for Checkout<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New => "new",
            State::Waiting(_) => "waiting",
            State::Trying(_) => "validating",
            State::Done => "done",
        };
        f.debug_struct("Checkout")
            .field("pool", &self.share.name)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
