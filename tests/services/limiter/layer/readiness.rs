//! Services that are ready, or not.

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use mainstay_actors::limiter::RateLimitMiddleware;
use tower_layer::Layer;
use tower_service::Service;

use super::support::{limited, limiter, minutely};

/// Ready while there are places; a place is taken by being ready, and given back by a call.
#[derive(Debug)]
struct Inner {
    places: Arc<AtomicUsize>,
    holds: bool,
    calls: Arc<AtomicUsize>,
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        Self {
            places: Arc::clone(&self.places),
            holds: false,
            calls: Arc::clone(&self.calls),
        }
    }
}

impl Service<Request<()>> for Inner {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        let less = |places: usize| places.checked_sub(1);
        let relaxed = Ordering::Relaxed;
        self.holds = self.holds || self.places.fetch_update(relaxed, relaxed, less).is_ok();
        if self.holds {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(self.holds, "it was not found ready");
        self.holds = false;
        self.places.fetch_add(1, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        ready(Ok(Response::new(String::new())))
    }
}

impl Inner {
    fn with(places: usize) -> Self {
        Self {
            places: Arc::new(AtomicUsize::new(places)),
            holds: false,
            calls: Arc::default(),
        }
    }
}

async fn call(service: &mut RateLimitMiddleware<Inner>) -> StatusCode {
    let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
    let Ok(response) = service.call(Request::new(())).await;
    response.status()
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_does_not_reach_the_inner_service_which_stays_ready() {
    let inner = Inner::with(1);
    let (places, calls) = (Arc::clone(&inner.places), Arc::clone(&inner.calls));
    let mut service = limited(&limiter("api", minutely(1))).layer(inner);
    assert_eq!(call(&mut service).await, StatusCode::OK);
    for _ in 0..3 {
        assert_eq!(call(&mut service).await, StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(places.load(Ordering::Relaxed), 0, "its place is kept");
    tokio::time::advance(super::super::support::seconds(60)).await;
    assert_eq!(call(&mut service).await, StatusCode::OK);
    assert_eq!(places.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_when_the_inner_service_is_and_takes_nothing_before_a_request() {
    let api = limiter("api", minutely(1));
    let mut service = limited(&api).layer(Inner::with(0));
    let ready = futures_util::poll!(poll_fn(|cx| service.poll_ready(cx)));
    assert!(ready.is_pending());
    let mut service = limited(&api).layer(Inner::with(1));
    for _ in 0..3 {
        let ready = futures_util::poll!(poll_fn(|cx| service.poll_ready(cx)));
        assert!(ready.is_ready());
    }
    assert_eq!(api.stats().admitted, 0);
    drop(service.call(Request::new(())));
    assert_eq!(api.stats().admitted, 1);
}

#[tokio::test(start_paused = true)]
async fn clones_share_the_limit_and_each_has_a_readiness_of_its_own() {
    let mut service = limited(&limiter("api", minutely(3))).layer(Inner::with(2));
    let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
    let mut clone = service.clone();
    assert_eq!(call(&mut clone).await, StatusCode::OK);
    let Ok(response) = service.call(Request::new(())).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(call(&mut clone).await, StatusCode::OK);
    assert_eq!(call(&mut service).await, StatusCode::TOO_MANY_REQUESTS);
}
