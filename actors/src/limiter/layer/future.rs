//! The future of a request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::charge::Charge;
use super::fields::{tell, tell_when};
use super::gate::{Asking, Passed, Refused};
use super::refusal::{RateLimitRefusal, Respond};

pin_project! {
    /// The future of a request.
    ///
    /// Cancel safety: dropped before it is done, the request counts; but not while a server is still asked, as the request has not
    /// been made then.
    pub struct RateLimitFuture<S, B, R, C>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B, R, C>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<S, B, R, C>
    where
        S: Service<Request<B>>,
    {
        Refused {
            response: Option<S::Response>,
        },
        Asking {
            asking: Asking,
            next: Option<Next<S, B, R, C>>,
        },
        Running {
            #[pin]
            future: S::Future,
            passed: Passed,
            charge: C,
        },
    }
}

/// What is needed once it is known what becomes of a request.
pub(super) struct Next<S, B, R, C> {
    /// Found ready.
    pub(super) inner: S,
    pub(super) request: Request<B>,
    pub(super) respond: R,
    pub(super) charge: C,
}

impl<S, B, R, C, T> RateLimitFuture<S, B, R, C>
where
    S: Service<Request<B>, Response = Response<T>>,
    R: Respond<T>,
{
    pub(super) const fn running(future: S::Future, passed: Passed, charge: C) -> Self {
        Self {
            state: State::Running {
                future,
                passed,
                charge,
            },
        }
    }

    pub(super) const fn asking(asking: Asking, next: Next<S, B, R, C>) -> Self {
        Self {
            state: State::Asking {
                asking,
                next: Some(next),
            },
        }
    }

    pub(super) fn refused(refused: Refused, respond: &R) -> Self {
        let response = Some(answer(refused, respond));
        Self {
            state: State::Refused { response },
        }
    }
}

/// The response to a request that is refused.
fn answer<T>(refused: Refused, respond: &impl Respond<T>) -> Response<T> {
    let Refused { error, told } = refused;
    let refusal = RateLimitRefusal::new(error);
    let mut response = respond.respond(&refusal);
    let headers = response.headers_mut();
    if let Some(seconds) = refusal.retry_after() {
        tell_when(headers, seconds);
    }
    tell(headers, &told);
    response
}

impl<S: Service<Request<B>>, B, R, C> fmt::Debug for RateLimitFuture<S, B, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitFuture").finish_non_exhaustive()
    }
}

impl<S, B, R, C, T> Future for RateLimitFuture<S, B, R, C>
where
    S: Service<Request<B>, Response = Response<T>>,
    R: Respond<T>,
    C: Charge<Response<T>, S::Error>,
{
    type Output = Result<Response<T>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let state = match self.as_mut().project().state.project() {
                Projected::Refused { response } => {
                    let response = response.take().expect("it is not polled after it was done");
                    return Poll::Ready(Ok(response));
                }
                Projected::Asking { asking, next } => {
                    let asked = ready!(asking.as_mut().poll(cx));
                    let next = next.take().expect("it is asked once");
                    next.go_on(asked)
                }
                Projected::Running {
                    future,
                    passed,
                    charge,
                } => {
                    let mut result = ready!(future.poll(cx));
                    if !charge.counts(&result) {
                        passed.uncount();
                    }
                    if let Ok(response) = &mut result {
                        tell(response.headers_mut(), &passed.told);
                    }
                    return Poll::Ready(result);
                }
            };
            self.as_mut().project().state.set(state);
        }
    }
}

impl<S, B, R, C, T> Next<S, B, R, C>
where
    S: Service<Request<B>, Response = Response<T>>,
    R: Respond<T>,
{
    /// Makes the request, or answers it.
    fn go_on(mut self, asked: Result<Passed, Refused>) -> State<S, B, R, C> {
        match asked {
            Ok(passed) => State::Running {
                future: self.inner.call(self.request),
                passed,
                charge: self.charge,
            },
            Err(refused) => State::Refused {
                response: Some(answer(refused, &self.respond)),
            },
        }
    }
}
