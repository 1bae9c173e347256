//! What clients are told.

use std::time::Duration;

use axum::body::Body;
use http::{Response, StatusCode};
use mainstay_actors::limiter::{
    QuotaUnit, RateLimitError, RateLimitLayer, RateLimitPolicy, RateLimitRefusal,
};
use mainstay_supervisors::specs::{KeyStrategy, OnFull, RateLimitConfig};
use tokio::time::advance;

use super::super::support::seconds;
use super::support::{
    hello, keys, limited, limiter, lines, minutely, request, send, status, text, told, with_key,
};

#[tokio::test(start_paused = true)]
async fn each_response_tells_what_is_left_and_a_refusal_when_to_come_back() {
    let api = limiter("api", minutely(2));
    let router = hello().layer(limited(&api));
    let first = send(&router, request()).await;
    assert_eq!(told(&first), ["\"api\";q=2;w=60", "\"api\";r=1;t=60", ""]);
    assert_eq!(text(first).await, "hello");
    advance(Duration::from_millis(17_500)).await;
    let second = send(&router, request()).await;
    assert_eq!(told(&second), ["\"api\";q=2;w=60", "\"api\";r=0;t=43", ""]);
    let third = send(&router, request()).await;
    assert_eq!(third.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(told(&third), ["\"api\";q=2;w=60", "\"api\";r=0;t=43", "43"]);
    let json = "application/problem+json";
    assert_eq!(lines(third.headers(), "content-type"), [json]);
    assert_eq!(
        text(third).await,
        "{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\",\
         \"title\":\"Quota Exceeded\",\"status\":429,\
         \"detail\":\"the rate limit api is reached, come back in 42s 500ms\",\
         \"violated-policies\":[\"api\"]}"
    );
    // Whoever waits for as long as it is told, is let through.
    advance(seconds(43)).await;
    assert_eq!(status(&router, request()).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_nanosecond_to_wait_is_a_second_and_never_none() {
    let api = limiter("api", minutely(1));
    let router = hello().layer(limited(&api));
    assert_eq!(status(&router, request()).await, StatusCode::OK);
    advance(seconds(60) - Duration::from_nanos(1)).await;
    let refused = send(&router, request()).await;
    assert_eq!(told(&refused), ["\"api\";q=1;w=60", "\"api\";r=0;t=1", "1"]);
    advance(Duration::from_nanos(1)).await;
    assert_eq!(status(&router, request()).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn when_nothing_is_left_it_is_told_when_there_is_more_and_not_when_there_is_all() {
    let config = RateLimitConfig::token_bucket(60, seconds(60)).key(KeyStrategy::Global);
    let api = limiter("api", config);
    let policy = RateLimitPolicy::new(api).cost(|request| {
        let cost = request.headers.get("cost").expect("a cost");
        cost.to_str().expect("text").parse().expect("a number")
    });
    let layer = RateLimitLayer::new(keys()).limit(policy);
    let router = hello().layer(layer.expect("everybody is known"));
    let costing = |cost: u32| {
        let mut request = request();
        request.headers_mut().insert("cost", cost.into());
        request
    };
    let limit = async |cost| told(&send(&router, costing(cost)).await)[1..].to_vec();
    assert_eq!(limit(50).await, ["\"api\";r=10;t=50", ""]);
    assert_eq!(limit(10).await, ["\"api\";r=0;t=1", ""]);
    advance(seconds(5)).await;
    // Full in 55 s, and so much again in 20: no `t` of a refusal is after its `Retry-After`.
    assert_eq!(limit(25).await, ["\"api\";r=5;t=20", "20"]);
    assert_eq!(
        limit(0).await,
        ["", ""],
        "what costs nothing is not limited"
    );
}

#[tokio::test(start_paused = true)]
async fn what_no_waiting_helps_against_is_no_429() {
    let costly = RateLimitPolicy::new(limiter("api", minutely(5))).cost(|_| 6);
    let layer = RateLimitLayer::new(keys()).limit(costly);
    let router = hello().layer(layer.expect("everybody is known"));
    let refused = send(&router, request()).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(told(&refused), ["\"api\";q=5;w=60", "\"api\";r=5;t=0", ""]);
    assert_eq!(
        text(refused).await,
        "{\"type\":\"about:blank\",\"title\":\"Content Too Large\",\"status\":413,\
         \"detail\":\"a call through the rate limit api may cost 5 at most, and this one costs 6\"}"
    );

    let config = minutely(5).key(KeyStrategy::ApiKey).keys_max(1);
    let api = limiter("api", config.on_full(OnFull::Refuse));
    let router = hello().layer(limited(&api));
    assert_eq!(status(&router, with_key("a")).await, StatusCode::OK);
    let refused = send(&router, with_key("b")).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(told(&refused)[2], "");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_let_through_uncounted_is_not_told_what_is_left() {
    let config = minutely(5).key(KeyStrategy::ApiKey).keys_max(1);
    let api = limiter("api", config.on_full(OnFull::Admit));
    let router = hello().layer(limited(&api));
    assert_eq!(status(&router, with_key("a")).await, StatusCode::OK);
    let crowded = send(&router, with_key("b")).await;
    assert_eq!(told(&crowded), ["\"api\";q=5;w=60", "", ""]);
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_second_and_other_units_are_told_as_the_draft_has_them() {
    let config = RateLimitConfig::fixed_window(1000, Duration::from_millis(1500));
    let api = limiter("up\"load", config.key(KeyStrategy::Global));
    let policy = RateLimitPolicy::new(api).unit(QuotaUnit::ContentBytes);
    let layer = RateLimitLayer::new(keys()).limit(policy);
    let router = hello().layer(layer.expect("everybody is known"));
    let policy = told(&send(&router, request()).await)[0].clone();
    assert_eq!(policy, "\"up\\\"load\";q=1000;qu=\"content-bytes\";w=2");
}

#[tokio::test(start_paused = true)]
async fn refusals_can_be_answered_in_another_way_and_others_fields_stay() {
    let (outer, inner) = (limiter("outer", minutely(9)), limiter("inner", minutely(1)));
    let respond = |refusal: &RateLimitRefusal| {
        let RateLimitError::Exceeded(exceeded) = refusal.error() else {
            panic!("there is a key")
        };
        let mut response = Response::new(Body::from(exceeded.policy.to_string()));
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        response
    };
    let inner = limited(&inner).respond_with(respond);
    let router = hello().layer(inner).layer(limited(&outer));
    assert_eq!(status(&router, request()).await, StatusCode::OK);
    let refused = send(&router, request()).await;
    assert_eq!(refused.status(), StatusCode::IM_A_TEAPOT);
    assert_eq!(
        told(&refused),
        [
            "\"inner\";q=1;w=60 | \"outer\";q=9;w=60",
            "\"inner\";r=0;t=60 | \"outer\";r=7;t=60",
            "60"
        ]
    );
    assert_eq!(text(refused).await, "inner");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_limit_is_told_at_once() {
    let api = limiter("api", minutely(2));
    let router = hello().layer(limited(&api));
    assert_eq!(status(&router, request()).await, StatusCode::OK);
    api.reconfigure(minutely(5)).expect("it is valid");
    let response = send(&router, request()).await;
    assert_eq!(
        told(&response),
        ["\"api\";q=5;w=60", "\"api\";r=3;t=60", ""]
    );
}
