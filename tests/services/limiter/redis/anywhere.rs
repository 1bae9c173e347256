//! Registry, macro, service, layer and telemetry: all of them take a limiter whose counts are in a Redis as they take any other.

use axum::Router;
use axum::routing::get;
use http::{HeaderName, StatusCode};
use mainstay::rate_limited;
use mainstay::testkit::TestContext;
use mainstay_actors::MetricsStore;
use mainstay_actors::limiter::{
    AnyLimiter, ByHeader, RateKey, RateLimitError, RateLimitLayer, RateLimitPolicy,
    RateLimitedError, RateLimitedService, RateLimiterRegistry, RequestKeys, check_in,
};
use mainstay_actors::metrics::{Tags, TimeWindow};
use mainstay_supervisors::specs::{
    Algorithm, Backend, KeyStrategy, OnUnavailable, RateLimitConfig, RateLimitersSpec,
};
use tower_service::Service;

use super::super::layer::support::{API_KEY, request, send, told, with_key};
use super::super::support::{ALGORITHMS, Bed, name, seconds, settle};
use super::server::Server;
use super::{backend, config, soon, until};

/// The configuration of one that counts in a Redis.
fn there(server: &Server, algorithm: Algorithm, limit: u32) -> RateLimitConfig {
    config(algorithm, limit).backend(Backend::redis(backend(server)))
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
enum Wrong {
    #[error(transparent)]
    Limited(#[from] RateLimitError),
}

#[rate_limited(limiter = "api", key = User(user))]
async fn find(user: &str) -> Result<u8, Wrong> {
    Ok(7)
}

#[rate_limited(limiter = "api", key = User(user))]
fn later(user: &str) -> impl Future<Output = Result<u8, Wrong>> + Send {
    async { Ok(7) }
}

#[rate_limited(limiter = "api", key = User(user), on_limited = wait(seconds(1)))]
async fn wait(user: &str) -> Result<u8, Wrong> {
    Ok(7)
}

#[rate_limited(limiter = "api", key = User(user), on_limited = fallback(|_| Ok(0)))]
fn now(user: &str) -> Result<u8, Wrong> {
    Ok(7)
}

#[rate_limited(limiter = limiter, key = Global)]
async fn given(limiter: &AnyLimiter) -> Result<u8, Wrong> {
    Ok(7)
}

fn sent<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::test]
async fn functions_are_limited_wherever_their_limiter_counts() {
    let Some(server) = Server::start() else {
        return;
    };
    let spec = RateLimitersSpec::default();
    let spec = spec.limiter(name("api"), there(&server, Algorithm::FixedWindow, 3));
    let bed = Bed::with(spec).await;
    let calls = async {
        assert_eq!(sent(find("ada")).await, Ok(7));
        assert_eq!(sent(later("ada")).await, Ok(7));
        assert_eq!(sent(wait("ada")).await, Ok(7));
        for refused in [find("ada").await, later("ada").await] {
            let Err(Wrong::Limited(RateLimitError::Exceeded(told))) = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(told.limit, 3);
        }
        let late = wait("ada").await;
        assert!(matches!(
            late,
            Err(Wrong::Limited(RateLimitError::TooLate { .. }))
        ));
        // There is no future to ask in; that is no refusal, and so nothing for a fallback.
        let elsewhere = RateLimitError::Elsewhere(name("api"));
        assert_eq!(now("grace"), Err(Wrong::Limited(elsewhere)));
    };
    soon(bed.keeper().scope(calls)).await;
    let limiter = bed.limiters.limiter("api").expect("it is there");
    assert_eq!(given(&limiter).await, Ok(7));
    assert!(
        check_in(&bed.namespace, &name("api"), RateKey::user("ada"))
            .await
            .is_err()
    );
    let stats = limiter.stats();
    assert_eq!((stats.admitted, stats.refused), (4, 3));
    drop(limiter);
    bed.end().await;
}

#[tokio::test]
async fn a_service_is_limited_wherever_its_limiter_counts() {
    let Some(server) = Server::start() else {
        return;
    };
    let bed = Bed::new().await;
    let config = there(&server, Algorithm::SlidingWindow, 2);
    let search = RateLimitedService::in_namespace(&bed.namespace, &name("api"), &config, ());
    let search = search.expect("there is room");
    let call = || {
        let call = search.call(RateKey::user("ada"));
        call.run(|()| async { Ok::<_, &str>(7) })
    };
    assert_eq!(call().await, Ok(7));
    let in_turn = search.call(RateKey::user("ada"));
    let in_turn = in_turn.run_in_turn(|()| async { Ok::<_, &str>(8) });
    assert_eq!(in_turn.await, Ok(8));
    assert!(matches!(call().await, Err(RateLimitedError::Limited(_))));
    let now = search
        .call(RateKey::user("ada"))
        .run_now(|()| Ok::<_, &str>(9));
    let elsewhere = RateLimitError::Elsewhere(name("api"));
    assert_eq!(now, Err(RateLimitedError::Limited(elsewhere)));
    drop(search);
    bed.end().await;
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

fn keys() -> RequestKeys {
    RequestKeys::new().api_key(ByHeader::new(HeaderName::from_static(API_KEY)))
}

fn any(called: &str, config: RateLimitConfig) -> AnyLimiter {
    AnyLimiter::new(name(called), config).expect("it is valid")
}

#[tokio::test]
async fn the_layer_tells_what_a_server_says() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let limiter = any("api", there(&server, algorithm, 2).key(KeyStrategy::ApiKey));
        let layer = RateLimitLayer::new(keys()).limit(limiter.clone());
        let router = hello().layer(layer.expect("all keys are known"));
        let first = soon(send(&router, with_key("ada"))).await;
        assert_eq!(first.status(), StatusCode::OK);
        let [policy, limit, when] = told(&first);
        assert_eq!(policy, "\"api\";q=2;w=25920000");
        assert!(
            limit.starts_with("\"api\";r=1;t="),
            "{algorithm:?}: {limit}"
        );
        assert_eq!(when, "");
        let second = soon(send(&router, with_key("ada"))).await;
        assert_eq!(second.status(), StatusCode::OK);
        let [_, limit, _] = told(&second);
        assert!(
            limit.starts_with("\"api\";r=0;t="),
            "{algorithm:?}: {limit}"
        );
        let third = soon(send(&router, with_key("ada"))).await;
        assert_eq!(third.status(), StatusCode::TOO_MANY_REQUESTS);
        let [policy, limit, when] = told(&third);
        assert_eq!(policy, "\"api\";q=2;w=25920000");
        let seconds: u64 = when.parse().expect("a number");
        assert!(seconds > 1_000_000, "{when}");
        assert_eq!(limit, format!("\"api\";r=0;t={seconds}"), "{algorithm:?}");
        assert_eq!(
            soon(send(&router, with_key("grace"))).await.status(),
            StatusCode::OK
        );
        let nobody = soon(send(&router, request())).await;
        assert_eq!(nobody.status(), StatusCode::FORBIDDEN);
        assert_eq!((limiter.stats().admitted, limiter.stats().refused), (3, 2));
        server.ask(&["FLUSHALL"]);
    }
}

#[tokio::test]
async fn a_request_takes_of_all_limits_or_of_none_wherever_they_count() {
    let Some(server) = Server::start() else {
        return;
    };
    let global = |limit| config(Algorithm::FixedWindow, limit).key(KeyStrategy::Global);
    let shared = |limit| global(limit).backend(Backend::redis(backend(&server)));
    let (here, there) = (any("here", global(3)), any("there", shared(2)));
    let looks = any("looks", shared(1).shadow(true));
    let layer = RateLimitLayer::new(keys());
    let layer = layer
        .limit(there.clone())
        .and_then(|layer| layer.limit(looks.clone()));
    let layer = layer.and_then(|layer| layer.limit(here.clone()));
    let router = hello().layer(layer.expect("everybody is known"));
    for _ in 0..2 {
        let response = soon(send(&router, request())).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    let refused = soon(send(&router, request())).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let [policy, limit, when] = told(&refused);
    assert_eq!(policy, "\"here\";q=3;w=25920000, \"there\";q=2;w=25920000");
    // What was taken here went back.
    let begins = format!("\"here\";r=1;t={when}, \"there\";r=0;t={when}");
    assert_eq!(limit, begins);
    let left = here.status(RateKey::global()).await.expect("a key");
    assert_eq!(left.expect("a key").remaining, 1);
    assert_eq!((looks.stats().admitted, looks.stats().shadowed), (2, 1));
    // What is not asked for goes back, polled or not.
    let mut ready = router.clone();
    drop(Service::<http::Request<_>>::call(&mut ready, request()));
    let mut asking = Box::pin(send(&router, request()));
    assert!(futures_util::poll!(&mut asking).is_pending());
    drop(asking);
    let left = here.status(RateKey::global()).await.expect("a key");
    assert_eq!(left.expect("a key").remaining, 1);
    // One that refuses here is not asked for there.
    here.check_n(RateKey::global(), 1)
        .await
        .expect("one is left");
    there.reset(RateKey::global()).await.expect("it answers");
    let refused = soon(send(&router, request())).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let [policy, limit, _] = told(&refused);
    assert_eq!(policy, "\"here\";q=3;w=25920000, \"there\";q=2;w=25920000");
    assert!(
        limit.starts_with("\"here\";r=0;t=") && !limit.contains("there"),
        "{limit}"
    );
    assert_eq!(there.stats().refused, 1);
}

#[tokio::test]
async fn a_request_that_does_not_count_goes_back_to_where_it_was_taken() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let global = config(Algorithm::FixedWindow, 4).key(KeyStrategy::Global);
    let redis = backend(&server).on_unavailable(OnUnavailable::Local { one_of: 2 });
    let limiter = any("api", global.backend(Backend::redis(redis)));
    let layer = RateLimitLayer::new(keys()).limit(RateLimitPolicy::new(limiter.clone()));
    let failures = |result: &Result<http::Response<axum::body::Body>, std::convert::Infallible>| {
        result
            .as_ref()
            .is_ok_and(|response| response.status() != StatusCode::OK)
    };
    let layer = layer.expect("everybody is known").charge(failures);
    let router = hello().layer(layer);
    let left = || async {
        let status = limiter.status(RateKey::global()).await.expect("a key");
        status.expect("a key").remaining
    };
    for _ in 0..9 {
        let response = soon(send(&router, request())).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(
            told(&response)[1].starts_with("\"api\";r=4;"),
            "{:?}",
            told(&response)
        );
        until("it went back", || async { left().await == 4 }).await;
    }
    server.kill();
    for _ in 0..9 {
        let response = soon(send(&router, request())).await;
        assert_eq!(
            response.status(),
            StatusCode::OK,
            "of the part that counts here"
        );
        assert_eq!(left().await, 2);
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_no_fault_of_the_client() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let global = |what| {
        let config = config(Algorithm::FixedWindow, 4).key(KeyStrategy::Global);
        config.backend(Backend::redis(backend(&server).on_unavailable(what)))
    };
    let (closed, open) = (global(OnUnavailable::Closed), global(OnUnavailable::Open));
    let looks = closed.clone().shadow(true);
    server.kill();
    let status = |config| async {
        let limiter = any("api", config);
        let layer = RateLimitLayer::new(keys()).limit(limiter.clone());
        let router = hello().layer(layer.expect("everybody is known"));
        let response = soon(send(&router, request())).await;
        (response.status(), told(&response), limiter.stats())
    };
    let (closed, told, _) = status(closed).await;
    assert_eq!(closed, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(told, ["\"api\";q=4;w=25920000", "", ""]);
    let (open, told, _) = status(open).await;
    assert_eq!(open, StatusCode::OK);
    assert_eq!(
        told,
        ["\"api\";q=4;w=25920000", "", ""],
        "it counts nowhere"
    );
    let (looks, told, stats) = status(looks).await;
    assert_eq!(looks, StatusCode::OK, "it refuses nobody");
    assert_eq!(told, ["", "", ""]);
    assert_eq!((stats.admitted, stats.shadowed, stats.undecided), (1, 1, 1));
}

#[mainstay::test(services = [telemetry])]
async fn telemetry_is_told_what_it_is_told_of_any_limiter(cx: TestContext) {
    let Some(mut server) = Server::start() else {
        return;
    };
    let events = cx.emitted("foundation.rate_limiter.*");
    let spec = RateLimitersSpec::default().report_every(seconds(3600));
    let spec = spec.limiter(name("api"), there(&server, Algorithm::FixedWindow, 2));
    cx.start_supervised(RateLimiterRegistry::child(spec))
        .await
        .expect("it starts");
    settle().await;
    let limiters = RateLimiterRegistry::of(cx.namespace());
    let api = limiters.limiter("api").expect("it is there");
    for _ in 0..5 {
        soon(api.check(RateKey::user("ada"))).await.ok();
    }
    server.kill();
    for _ in 0..4 {
        soon(api.check(RateKey::user("ada")))
            .await
            .expect_err("it is gone");
    }
    let stats = limiters.stats().pop().expect("there is one");
    assert_eq!((stats.admitted, stats.refused, stats.undecided), (2, 7, 4));
    let redis = stats.redis.expect("it has one");
    assert!(!redis.is_up && redis.answered == 5, "{redis:?}");
    limiters.unregister("api").expect("it is there");
    let namespace = cx.namespace().name();
    let line = |kind: &str, count: u32| {
        format!(
            "foundation.rate_limiter.{kind} count={count} total={count} policy=api namespace={namespace}"
        )
    };
    assert_eq!(events.lines(), [line("undecided", 4), line("limited", 7)]);
    let store = MetricsStore::in_namespace(cx.namespace()).expect("it is part of telemetry");
    let counted = |what: &str| {
        let tags = Tags::from([("policy", "api")]);
        let path = format!("foundation.rate_limiter.{what}");
        store
            .view(path.as_str(), tags, TimeWindow::Hour)
            .map(|view| view.count())
    };
    assert_eq!((counted("allowed"), counted("limited")), (Some(2), Some(7)));
}
