//! The future of a request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::charge::Charge;
use super::fields::{Told, tell, tell_when};
use super::gate::Passed;
use super::refusal::RateLimitRefusal;

pin_project! {
    /// The future of a request.
    ///
    /// Cancel safety: dropped before it is done, the request counts.
    pub struct RateLimitFuture<F, T, C> {
        #[pin]
        state: State<F, T, C>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, T, C> {
        Refused {
            response: Option<Response<T>>,
        },
        Running {
            #[pin]
            future: F,
            passed: Passed,
            charge: C,
        },
    }
}

impl<F, T, C> RateLimitFuture<F, T, C> {
    pub(super) const fn running(future: F, passed: Passed, charge: C) -> Self {
        Self {
            state: State::Running {
                future,
                passed,
                charge,
            },
        }
    }

    pub(super) fn refused(
        mut response: Response<T>,
        refusal: &RateLimitRefusal,
        told: &[Told],
    ) -> Self {
        let headers = response.headers_mut();
        if let Some(seconds) = refusal.retry_after() {
            tell_when(headers, seconds);
        }
        tell(headers, told);
        Self {
            state: State::Refused {
                response: Some(response),
            },
        }
    }
}

impl<F, T, C> fmt::Debug for RateLimitFuture<F, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitFuture").finish_non_exhaustive()
    }
}

impl<F, T, C, E> Future for RateLimitFuture<F, T, C>
where
    F: Future<Output = Result<Response<T>, E>>,
    C: Charge<Response<T>, E>,
{
    type Output = Result<Response<T>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Refused { response } => {
                let response = response.take().expect("it is not polled after it was done");
                Poll::Ready(Ok(response))
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
                Poll::Ready(result)
            }
        }
    }
}
