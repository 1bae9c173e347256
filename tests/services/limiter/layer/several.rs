//! Several limits around one service.

use http::{Request, StatusCode};
use mainstay_actors::limiter::{Limiter, RateKey, RateLimitLayer, RateLimitPolicy};
use mainstay_supervisors::specs::KeyStrategy;

use super::support::{hello, keys, limiter, minutely, send, status, told, with_key};

fn remaining(limiter: &Limiter, key: RateKey<'_>) -> u32 {
    let status = limiter.status(key).expect("there is a key");
    status.expect("there is a key").remaining
}

#[tokio::test(start_paused = true)]
async fn all_let_a_request_through_or_none_takes_anything() {
    let each = limiter("each", minutely(5).key(KeyStrategy::ApiKey));
    let all = limiter("all", minutely(2));
    let layer = RateLimitLayer::new(keys()).limit(each.clone());
    let layer = layer.and_then(|layer| layer.limit(all.clone()));
    let router = hello().layer(layer.expect("all keys are known"));
    let first = send(&router, with_key("ada")).await;
    assert_eq!(
        told(&first),
        [
            "\"each\";q=5;w=60, \"all\";q=2;w=60",
            "\"each\";r=4;t=60, \"all\";r=1;t=60",
            ""
        ]
    );
    assert_eq!(status(&router, with_key("grace")).await, StatusCode::OK);
    let refused = send(&router, with_key("ada")).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        told(&refused),
        [
            "\"each\";q=5;w=60, \"all\";q=2;w=60",
            "\"each\";r=4;t=60, \"all\";r=0;t=60",
            "60"
        ]
    );
    assert_eq!(remaining(&each, RateKey::api_key("ada")), 4);
    assert_eq!(remaining(&all, RateKey::global()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_pays_at_each_what_it_costs_there_and_nothing_where_it_is_exempt() {
    let (dear, cheap) = (limiter("dear", minutely(9)), limiter("cheap", minutely(9)));
    let dear = RateLimitPolicy::new(dear).cost(|request| match request.uri.path() {
        "/" => 4,
        _ => 1,
    });
    let cheap = RateLimitPolicy::new(cheap).unless(|request| request.method == "HEAD");
    let layer = RateLimitLayer::new(keys()).limit(dear);
    let layer = layer.and_then(|layer| layer.limit(cheap));
    let router = hello().layer(layer.expect("everybody is known"));
    let get = || Request::get("/").body(axum::body::Body::empty());
    let head = || Request::head("/").body(axum::body::Body::empty());
    let first = send(&router, get().expect("a request")).await;
    assert_eq!(told(&first)[1], "\"dear\";r=5;t=60, \"cheap\";r=8;t=60");
    let second = send(&router, head().expect("a request")).await;
    assert_eq!(told(&second)[1], "\"dear\";r=1;t=60");
}

#[tokio::test(start_paused = true)]
async fn without_limits_all_is_let_through_and_nothing_told() {
    let router = hello().layer(RateLimitLayer::new(keys()));
    let response = send(&router, with_key("ada")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(told(&response), ["", "", ""]);
}
