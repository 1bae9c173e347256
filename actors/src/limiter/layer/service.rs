//! The layer and the service.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::charge::{Charge, EveryRequest};
use super::future::{Next, RateLimitFuture};
use super::gate::{Gate, Verdict};
use super::head::RequestHead;
use super::keys::{NoExtractor, RequestKeys};
use super::policy::RateLimitPolicy;
use super::refusal::{ProblemJson, Respond};

/// Puts services behind rate limits: all it is given share them.
///
/// Each limiter counts by what its configuration says as `key`; where that is in a request is said once for all of them. With
/// several, a request is let through if all of them let it, and takes from all; otherwise it takes from none. Those of this process
/// decide together, at one moment, and first; then those of each server, together. What was taken goes back if a later one refuses.
///
/// ```
/// use std::convert::Infallible;
/// use std::future::{Ready, ready};
/// use std::task::{Context, Poll};
/// use std::time::Duration;
///
/// use http::{HeaderName, Request, Response, StatusCode};
/// use mainstay_actors::limiter::{ByHeader, Limiter, RateLimitLayer, RequestKeys};
/// use mainstay_specs::{KeyStrategy, RateLimitConfig};
/// use tower_layer::Layer;
/// use tower_service::Service;
///
/// #[derive(Clone)]
/// struct Hello;
///
/// impl Service<Request<()>> for Hello {
///     type Response = Response<String>;
///     type Error = Infallible;
///     type Future = Ready<Result<Self::Response, Infallible>>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, _: Request<()>) -> Self::Future {
///         ready(Ok(Response::new("hello".to_owned())))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = RateLimitConfig::fixed_window(1, Duration::from_secs(60));
/// let limiter = Limiter::new("api".parse()?, config.key(KeyStrategy::ApiKey))?;
/// let keys = RequestKeys::new().api_key(ByHeader::new(HeaderName::from_static("x-api-key")));
/// let mut service = RateLimitLayer::new(keys).limit(limiter)?.layer(Hello);
///
/// let request = |key| Request::get("/").header("x-api-key", key).body(());
/// let first = service.call(request("ada")?).await?;
/// assert_eq!(first.headers()["ratelimit-policy"], "\"api\";q=1;w=60");
/// let second = service.call(request("ada")?).await?;
/// assert_eq!(second.status(), StatusCode::TOO_MANY_REQUESTS);
/// assert!(second.headers().contains_key("retry-after"));
/// assert_eq!(service.call(request("grace")?).await?.status(), StatusCode::OK);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RateLimitLayer<R = ProblemJson, C = EveryRequest> {
    gate: Arc<Gate>,
    respond: R,
    charge: C,
}

impl RateLimitLayer {
    /// With no limits yet: all is let through. Refusals are [problems as JSON](ProblemJson), and every request counts.
    #[must_use]
    pub fn new(keys: RequestKeys) -> Self {
        Self {
            gate: Arc::new(Gate::new(keys)),
            respond: ProblemJson,
            charge: EveryRequest,
        }
    }
}

impl<R, C> RateLimitLayer<R, C> {
    /// Adds a limiter, or a [policy](RateLimitPolicy).
    ///
    /// The configuration is looked at for each request: a change while it is in use holds at once. If it is to count by something
    /// then that nobody has said where to find, requests have no key, and `on_missing_key` says what becomes of them.
    ///
    /// # Errors
    ///
    /// [`NoExtractor`] if the limiter counts by something that the keys do not say where to find.
    pub fn limit(mut self, policy: impl Into<RateLimitPolicy>) -> Result<Self, NoExtractor> {
        Arc::make_mut(&mut self.gate).add(policy.into())?;
        Ok(self)
    }

    /// Sets how a refused client is answered.
    #[must_use]
    pub fn respond_with<O>(self, respond: O) -> RateLimitLayer<O, C> {
        RateLimitLayer {
            gate: self.gate,
            respond,
            charge: self.charge,
        }
    }

    /// Sets which requests count, by what came of them. What was taken for others goes back as far as time has not done so.
    #[must_use]
    pub fn charge<O>(self, charge: O) -> RateLimitLayer<R, O> {
        RateLimitLayer {
            gate: self.gate,
            respond: self.respond,
            charge,
        }
    }
}

impl<S, R: Clone, C: Clone> Layer<S> for RateLimitLayer<R, C> {
    type Service = RateLimitMiddleware<S, R, C>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimitMiddleware {
            inner,
            gate: Arc::clone(&self.gate),
            respond: self.respond.clone(),
            charge: self.charge.clone(),
        }
    }
}

/// A service behind rate limits.
///
/// It is ready when the inner service is: whose request is to come, and so whether it will be refused, is not known before it is
/// there. A request takes from its limits when it is made. One that is refused does not reach the inner service, which stays ready;
/// where a server has to be asked, the service that was found ready goes with the request, and a clone of it takes its place. Clones share
/// the limits, and nothing else.
///
/// Nobody waits for a turn here: who comes too soon is told when to come back.
#[derive(Clone, Debug)]
pub struct RateLimitMiddleware<S, R = ProblemJson, C = EveryRequest> {
    inner: S,
    gate: Arc<Gate>,
    respond: R,
    charge: C,
}

impl<S, R, C, B, T> Service<Request<B>> for RateLimitMiddleware<S, R, C>
where
    S: Service<Request<B>, Response = Response<T>> + Clone,
    R: Respond<T> + Clone,
    C: Charge<Response<T>, S::Error> + Clone,
{
    type Response = Response<T>;
    type Error = S::Error;
    type Future = RateLimitFuture<S, B, R, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.gate.admit(RequestHead::of(&request)) {
            Verdict::Passed(passed) => {
                let future = self.inner.call(request);
                RateLimitFuture::running(future, passed, self.charge.clone())
            }
            Verdict::Refused(refused) => RateLimitFuture::refused(refused, &self.respond),
            Verdict::Asking(asking) => {
                // The one that was found ready goes with the request.
                let clone = self.inner.clone();
                let next = Next {
                    inner: std::mem::replace(&mut self.inner, clone),
                    request,
                    respond: self.respond.clone(),
                    charge: self.charge.clone(),
                };
                RateLimitFuture::asking(asking, next)
            }
        }
    }
}
