//! The pipeline around tower services.

use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, FutureExt, pending, ready};
use mainstay_actors::limiter::RateKey;
use mainstay_actors::protection::{Guard, ProtectionLayer};
use tower_layer::Layer;
use tower_service::Service;

use super::support::{Bed, NoDisk, all, fails, poll_times, without_pool};

/// A service that answers how long the name is.
#[derive(Clone, Debug)]
struct Lengths;

impl Service<String> for Lengths {
    type Response = usize;
    type Error = NoDisk;
    type Future = BoxFuture<'static, Result<usize, NoDisk>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoDisk>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: String) -> Self::Future {
        match name.len() {
            0 => ready(Err(NoDisk)).boxed(),
            length => ready(Ok(length)).boxed(),
        }
    }
}

#[allow(clippy::ptr_arg)] // That is what a request is here.
fn by_name(name: &String) -> Option<RateKey<'_>> {
    Some(RateKey::user(name))
}

#[tokio::test(start_paused = true)]
async fn requests_go_through_the_guards_by_their_keys() {
    let bed = Bed::new(without_pool()).await;
    let mut service = ProtectionLayer::new(bed.orders())
        .key(by_name)
        .layer(Lengths);
    assert_eq!(service.protection().name().as_str(), "orders");
    for _ in 0..3 {
        assert_eq!(service.call("ada".to_owned()).await.expect("it works"), 3);
    }
    let refused = service.call("ada".to_owned()).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::RateLimit));
    assert_eq!(service.call("grace".to_owned()).await.expect("it works"), 5);
    for _ in 0..2 {
        let failed = service.call(String::new()).await.unwrap_err();
        assert_eq!(failed.into_failed(), Some(NoDisk));
    }
    let refused = service.call("edsger".to_owned()).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::Circuit));
    bed.end().await;
}

/// A service that never answers.
#[derive(Clone, Debug)]
struct Hangs;

impl Service<String> for Hangs {
    type Response = usize;
    type Error = NoDisk;
    type Future = BoxFuture<'static, Result<usize, NoDisk>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoDisk>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: String) -> Self::Future {
        pending().boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn the_permit_of_a_probe_is_held_by_where_the_layer_was_made() {
    let bed = Bed::new(without_pool()).await;
    let (layer, line) = (ProtectionLayer::new(bed.orders()), line!());
    let mut service = layer.key(by_name).layer(Hangs);
    for _ in 0..2 {
        bed.breaker.execute(fails).await.unwrap_err();
    }
    tokio::time::advance(bed.breaker.config().reset_timeout).await;
    let mut future = service.call("ada".to_owned());
    assert!(futures_util::poll!(&mut future).is_pending());
    let stats = bed.breaker.stats();
    let places: Vec<_> = stats.probes.iter().map(|probe| probe.made_at).collect();
    let places: Vec<_> = places.iter().map(|at| (at.file(), at.line())).collect();
    assert_eq!(places, [(file!(), line)]);
    drop(future);
    assert!(bed.breaker.stats().probes.is_empty());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_never_polled_takes_nothing() {
    let bed = Bed::new(without_pool()).await;
    let mut service = ProtectionLayer::new(bed.orders())
        .key(by_name)
        .layer(Lengths);
    let future = service.call("ada".to_owned());
    assert!(!poll_times(future, 0));
    assert_eq!(bed.tokens_left("ada"), 3);
    let counts = bed.counts();
    assert_eq!((counts.begun, counts.left), (0, 0));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_results_mean_can_be_said_and_a_pool_is_refused() {
    let bed = Bed::new(all()).await;
    let layer = ProtectionLayer::new(bed.orders()).key(by_name);
    let layer =
        layer.classify(|_: &Result<usize, NoDisk>| mainstay_actors::breaker::Outcome::Ignored);
    let mut service = layer.layer(Lengths);
    let refused = service.call("ada".to_owned()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "orders takes a connection of the pool db, and was run as one that takes none"
    );
    assert_eq!(bed.counts().no_connection, 1);
    bed.orders()
        .reconfigure(&without_pool())
        .expect("it is valid");
    for _ in 0..3 {
        service.call(String::new()).await.unwrap_err();
    }
    bed.breaker.check_state().expect("it is closed");
    bed.end().await;
}
