//! Breakers around tower services, with the feature `tower`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tower_layer::Layer;
use tower_service::Service;

use super::attempt::Attempt;
use super::error::{CircuitError, Refusal};
use super::handle::CircuitBreaker;
use super::outcome::{ByResult, Classify, Nested, Outcome};
use super::permit::OwnedPermit;

/// Puts services behind a breaker: all it is given share the one.
///
/// ```
/// use mainstay_actors::breaker::{CircuitBreaker, CircuitBreakerLayer};
/// use mainstay_specs::{CircuitConfig, ServiceName};
/// use tower_layer::Layer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[derive(Clone)] struct Client;
/// let breaker = CircuitBreaker::new(ServiceName::new("db")?, CircuitConfig::default())?;
/// let layer = CircuitBreakerLayer::new(breaker);
/// let protected = layer.layer(Client);
/// # drop(protected);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CircuitBreakerLayer<C = ByResult> {
    breaker: CircuitBreaker,
    classify: C,
}

impl CircuitBreakerLayer {
    /// With `Err` as failure.
    #[must_use]
    pub const fn new(breaker: CircuitBreaker) -> Self {
        Self {
            breaker,
            classify: ByResult,
        }
    }
}

impl CircuitBreakerLayer<Nested> {
    /// Around services that are behind a breaker themselves: what those refuse is no failure to this one.
    #[must_use]
    pub const fn nested(breaker: CircuitBreaker) -> Self {
        Self {
            breaker,
            classify: Nested(ByResult),
        }
    }
}

impl<C> CircuitBreakerLayer<C> {
    /// With somebody to say what each result means, such as that a response with the status 503 is a failure.
    #[must_use]
    pub const fn with_classifier(breaker: CircuitBreaker, classify: C) -> Self {
        Self { breaker, classify }
    }
}

impl<S, C: Clone> Layer<S> for CircuitBreakerLayer<C> {
    type Service = CircuitBreakerService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        CircuitBreakerService {
            inner,
            breaker: self.breaker.clone(),
            classify: self.classify.clone(),
            refused: None,
        }
    }
}

/// A service behind a breaker.
///
/// While calls are refused it is ready, whether the inner service is or not: what cannot answer is often not ready either, and
/// nobody is to wait for it. A call takes its permit when it is made, not when the service is found ready. That the inner service
/// fails to become ready, as one does that has no connection, counts as a call that came to this error.
///
/// `call_timeout` holds, and so the future has to be made within a tokio runtime with time. A panic in `call` of the inner
/// service, in its future or in the classifier is a failure, also if somebody around this service catches it; a future that is
/// dropped, in peace or by a panic elsewhere, was cancelled.
pub struct CircuitBreakerService<S, C = ByResult> {
    inner: S,
    breaker: CircuitBreaker,
    classify: C,
    /// It was found ready to refuse, and the inner service was not asked.
    refused: Option<Refusal>,
}

impl<S, C> CircuitBreakerService<S, C> {
    /// The breaker.
    #[must_use]
    pub const fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }
}

impl<S, C> CircuitBreakerService<S, C> {
    /// Counts that the inner service failed to become ready.
    fn is_not_ready<T, E>(&self, error: E) -> Result<T, E>
    where
        C: Classify<T, E>,
    {
        let result: Result<T, E> = Err(error);
        if let Ok(permit) = self.breaker.try_acquire() {
            permit.settle(self.classify.classify(&result));
        }
        result
    }
}

impl<S: Clone, C: Clone> Clone for CircuitBreakerService<S, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            breaker: self.breaker.clone(),
            classify: self.classify.clone(),
            // That one of them was found ready says nothing about the other.
            refused: None,
        }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for CircuitBreakerService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerService")
            .field("inner", &self.inner)
            .field("breaker", self.breaker.name())
            .finish_non_exhaustive()
    }
}

impl<S, C, R> Service<R> for CircuitBreakerService<S, C>
where
    S: Service<R>,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = CircuitError<S::Error>;
    type Future = CircuitBreakerFuture<S::Future, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.refused = self.breaker.check_state().err();
        if self.refused.is_some() {
            return Poll::Ready(Ok(()));
        }
        match self.inner.poll_ready(cx) {
            Poll::Ready(Err(error)) => {
                let result: Result<S::Response, _> = self.is_not_ready(error);
                Poll::Ready(result.map(drop).map_err(CircuitError::Failed))
            }
            ready => ready.map_err(CircuitError::Failed),
        }
    }

    fn call(&mut self, request: R) -> Self::Future {
        if let Some(refusal) = self.refused.take() {
            self.breaker.cell().count_refusal();
            return CircuitBreakerFuture::refused(refusal);
        }
        match self.breaker.try_acquire_owned() {
            Err(refusal) => CircuitBreakerFuture::refused(refusal),
            Ok(permit) => {
                let mut attempt = Attempt::new(permit);
                let limit = self.breaker.cell().call_timeout();
                let deadline = limit.map(sleep);
                let future = attempt.step(|| self.inner.call(request));
                CircuitBreakerFuture {
                    state: State::Running {
                        future,
                        classify: self.classify.clone(),
                        attempt: Some(attempt),
                        deadline,
                        limit: limit.unwrap_or(Duration::MAX),
                    },
                }
            }
        }
    }
}

pin_project! {
    /// The future of a call.
    ///
    /// Cancel safety: dropped before it is done, the call was cancelled, and a probe's permit goes to another.
    pub struct CircuitBreakerFuture<F, C> {
        #[pin]
        state: State<F, C>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, C> {
        Refused {
            refusal: Option<Refusal>,
        },
        Running {
            #[pin]
            future: F,
            classify: C,
            attempt: Option<Attempt<OwnedPermit>>,
            #[pin]
            deadline: Option<Sleep>,
            limit: Duration,
        },
        // The future of the inner service is gone.
        Done,
    }
}

impl<F, C> CircuitBreakerFuture<F, C> {
    const fn refused(refusal: Refusal) -> Self {
        let refusal = Some(refusal);
        Self {
            state: State::Refused { refusal },
        }
    }
}

impl<F, C> fmt::Debug for CircuitBreakerFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerFuture")
            .finish_non_exhaustive()
    }
}

impl<F, C, T, E> Future for CircuitBreakerFuture<F, C>
where
    F: Future<Output = Result<T, E>>,
    C: Classify<T, E>,
{
    type Output = Result<T, CircuitError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        let (attempt, outcome, result) = match state.as_mut().project() {
            Projected::Refused { refusal } => {
                let refusal = refusal.take().expect(POLLED_AGAIN);
                return Poll::Ready(Err(CircuitError::Open(refusal)));
            }
            Projected::Running {
                future,
                classify,
                attempt: held,
                deadline,
                limit,
            } => {
                // Out of the future, so that a panic drops it at once: whoever catches that drops the future when it likes.
                let mut attempt = held.take().expect(POLLED_AGAIN);
                match attempt.poll(future, deadline, cx) {
                    Poll::Pending => {
                        *held = Some(attempt);
                        return Poll::Pending;
                    }
                    Poll::Ready(Some(result)) => {
                        let outcome = attempt.step(|| classify.classify(&result));
                        (attempt, outcome, result.map_err(CircuitError::Failed))
                    }
                    Poll::Ready(None) => {
                        let late = CircuitError::Timeout(*limit);
                        (attempt, Outcome::TimedOut, Err(late))
                    }
                }
            }
            Projected::Done => panic!("{POLLED_AGAIN}"),
        };
        state.set(State::Done);
        attempt.settle(outcome);
        Poll::Ready(result)
    }
}

const POLLED_AGAIN: &str = "a future is not polled after it was done";
