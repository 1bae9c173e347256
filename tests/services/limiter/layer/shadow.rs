//! Limiters that only look on.

use http::StatusCode;
use mainstay_actors::limiter::{RateLimitLayer, RateLimitPolicy};
use mainstay_supervisors::specs::{KeyStrategy, OnFull};

use super::support::{
    hello, keys, limited, limiter, minutely, request, send, status, told, with_key,
};

#[tokio::test(start_paused = true)]
async fn one_that_looks_on_refuses_nobody_and_tells_nothing_until_it_holds() {
    let api = limiter("api", minutely(2).shadow(true));
    let router = hello().layer(limited(&api));
    for _ in 0..5 {
        let response = send(&router, request()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(told(&response), ["", "", ""]);
    }
    assert_eq!((api.stats().admitted, api.stats().shadowed), (5, 3));
    api.reconfigure(minutely(2)).expect("it is valid");
    let refused = send(&router, request()).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(start_paused = true)]
async fn no_reason_to_refuse_is_one_where_it_only_looks_on() {
    let config = minutely(2).key(KeyStrategy::ApiKey).shadow(true);
    let api = limiter("api", config.keys_max(1).on_full(OnFull::Refuse));
    let policy = RateLimitPolicy::new(api).cost(|request| match request.uri.path() {
        "/" => 1,
        _ => 9,
    });
    let layer = RateLimitLayer::new(keys()).limit(policy);
    let router = hello().layer(layer.expect("all keys are known"));
    // Without a key; the only one there may be; one more; one that costs too much.
    assert_eq!(status(&router, request()).await, StatusCode::OK);
    assert_eq!(status(&router, with_key("a")).await, StatusCode::OK);
    assert_eq!(status(&router, with_key("b")).await, StatusCode::OK);
    let mut dear = with_key("a");
    *dear.uri_mut() = "/dear".parse().expect("a path");
    assert_eq!(status(&router, dear).await, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn one_that_looks_on_sees_only_what_the_others_let_through() {
    let (holds, looks) = (
        limiter("holds", minutely(2)),
        limiter("looks", minutely(1).shadow(true)),
    );
    let layer = RateLimitLayer::new(keys()).limit(looks.clone());
    let layer = layer.and_then(|layer| layer.limit(holds));
    let router = hello().layer(layer.expect("everybody is known"));
    for _ in 0..5 {
        status(&router, request()).await;
    }
    assert_eq!((looks.stats().admitted, looks.stats().shadowed), (2, 1));
}
