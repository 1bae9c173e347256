//! The pipeline around tower services, with the feature `tower`.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use super::error::ProtectionError;
use super::handle::Protection;
use super::passage::{self, Ready, Said};
use super::source::NoPool;
use crate::breaker::{ByResult, Classify};
use crate::limiter::RateKey;

/// Puts services behind the guards of an operation: all it is given share them.
///
/// ```
/// use mainstay_actors::limiter::RateKey;
/// use mainstay_actors::protection::{Protection, ProtectionLayer};
/// use mainstay_specs::ServiceName;
/// use tower_layer::Layer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[derive(Clone)] struct Client;
/// struct Order {
///     customer: String,
/// }
///
/// fn customer(order: &Order) -> Option<RateKey<'_>> {
///     Some(RateKey::user(&order.customer))
/// }
///
/// let orders = Protection::new(ServiceName::new("orders")?);
/// let layer = ProtectionLayer::new(orders).key(customer);
/// let protected = layer.layer(Client);
/// # drop(protected);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProtectionLayer<K = NoKey, C = ByResult> {
    protection: Protection,
    key: K,
    classify: C,
    /// Where it was made.
    at: &'static Location<'static>,
}

/// Says whose a request is, for the rate limiter. Any `fn(&R) -> Option<RateKey<'_>>` is one.
pub trait KeyOf<R> {
    /// Its key; none if it is of nobody in particular.
    fn key_of<'r>(&self, request: &'r R) -> Option<RateKey<'r>>;
}

impl<R, F> KeyOf<R> for F
where
    F: for<'r> Fn(&'r R) -> Option<RateKey<'r>>,
{
    fn key_of<'r>(&self, request: &'r R) -> Option<RateKey<'r>> {
        self(request)
    }
}

/// All requests are of nobody in particular.
#[derive(Clone, Copy, Debug)]
pub struct NoKey(());

impl<R> KeyOf<R> for NoKey {
    fn key_of<'r>(&self, _: &'r R) -> Option<RateKey<'r>> {
        None
    }
}

impl ProtectionLayer {
    /// With `Err` as failure, and requests without a key.
    #[must_use]
    #[track_caller]
    pub const fn new(protection: Protection) -> Self {
        Self {
            protection,
            key: NoKey(()),
            classify: ByResult,
            at: Location::caller(),
        }
    }
}

impl<K, C> ProtectionLayer<K, C> {
    /// With somebody to say whose a request is.
    #[must_use]
    pub fn key<N>(self, key: N) -> ProtectionLayer<N, C> {
        ProtectionLayer {
            protection: self.protection,
            key,
            classify: self.classify,
            at: self.at,
        }
    }

    /// With somebody to say what each result means to the circuit breaker, such as that a response with the status 503 is a failure.
    #[must_use]
    pub fn classify<N>(self, classify: N) -> ProtectionLayer<K, N> {
        ProtectionLayer {
            protection: self.protection,
            key: self.key,
            classify,
            at: self.at,
        }
    }
}

impl<S, K: Clone, C: Clone> Layer<S> for ProtectionLayer<K, C> {
    type Service = ProtectionService<S, K, C>;

    fn layer(&self, inner: S) -> Self::Service {
        ProtectionService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service behind the guards of an operation.
///
/// It is ready when the inner service is. A request is led through the guards in the future of its call, so that one that is never polled
/// takes nothing; when the guards have let it through, the inner service is called. What the operation's configuration says of a pool is
/// refused, as a service has no connection to be given.
#[derive(Clone)]
pub struct ProtectionService<S, K = NoKey, C = ByResult> {
    inner: S,
    layer: ProtectionLayer<K, C>,
}

impl<S, K, C> ProtectionService<S, K, C> {
    /// The protection.
    #[must_use]
    pub const fn protection(&self) -> &Protection {
        &self.layer.protection
    }
}

impl<S: fmt::Debug, K, C> fmt::Debug for ProtectionService<S, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtectionService")
            .field("inner", &self.inner)
            .field("operation", self.layer.protection.name())
            .finish_non_exhaustive()
    }
}

impl<S, K, C, R> Service<R> for ProtectionService<S, K, C>
where
    S: Service<R> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Send,
    S::Error: Send,
    K: KeyOf<R>,
    C: Classify<S::Response, S::Error> + Clone + Send + Sync + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = ProtectionError<S::Error>;
    type Future = ProtectionFuture<S::Response, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(ProtectionError::Failed)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let protection = &self.layer.protection;
        let key = self.layer.key.key_of(&request);
        let said = Said {
            key,
            ..Said::default()
        };
        let ready = Ready::new(protection.clone(), said, self.layer.at);
        let classify = self.layer.classify.clone();
        // The one that was found ready.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        ProtectionFuture(Box::pin(async move {
            let operation = async move |(): &mut ()| inner.call(request).await;
            passage::through(ready, NoPool(()), classify, operation).await
        }))
    }
}

/// The future of a call.
///
/// Cancel safety: dropped before it is done, the call was cancelled; before the inner service was called, whatever was taken goes
/// back.
#[must_use = "futures do nothing unless polled"]
pub struct ProtectionFuture<T, E>(Answer<T, E>);

type Answer<T, E> = Pin<Box<dyn Future<Output = Result<T, ProtectionError<E>>> + Send>>;

impl<T, E> Future for ProtectionFuture<T, E> {
    type Output = Result<T, ProtectionError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<T, E> fmt::Debug for ProtectionFuture<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtectionFuture").finish_non_exhaustive()
    }
}
