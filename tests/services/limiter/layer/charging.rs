//! Which requests count.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, Response, StatusCode};
use tower::ServiceExt;

use super::support::{limited, limiter, minutely, request, send, told};

fn failed<E>(result: &Result<Response<Body>, E>) -> bool {
    match result {
        Ok(response) => response.status() == StatusCode::UNAUTHORIZED,
        Err(_) => true,
    }
}

fn to(path: &str) -> Request<Body> {
    let request = Request::get(path).body(Body::empty());
    request.expect("a request")
}

fn doors() -> Router {
    Router::new()
        .route("/in", get(async || StatusCode::OK))
        .route("/out", get(async || StatusCode::UNAUTHORIZED))
        .route("/stuck", get(std::future::pending::<()>))
        .route("/broken", get(broken))
}

async fn broken() {
    panic!("{}", mainstay_tests::probe::ON_PURPOSE)
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_for_a_request_that_does_not_count_goes_back() {
    let login = limiter("login", minutely(2));
    let router = doors().layer(limited(&login).charge(failed));
    for _ in 0..9 {
        let well = send(&router, to("/in")).await;
        assert_eq!(told(&well)[1], "\"login\";r=2;t=60");
    }
    for left in [1, 0] {
        let wrong = send(&router, to("/out")).await;
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(told(&wrong)[1], format!("\"login\";r={left};t=60"));
    }
    let refused = send(&router, to("/in")).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_up_has_made_a_request_and_so_has_one_that_panics() {
    let login = limiter("login", minutely(3));
    let router = doors().layer(limited(&login).charge(failed));
    let mut stuck = Box::pin(router.clone().oneshot(to("/stuck")));
    let polled = futures_util::poll!(&mut stuck);
    assert!(polled.is_pending());
    drop(stuck);
    let broken = tokio::spawn(router.clone().oneshot(to("/broken")));
    assert!(broken.await.is_err());
    let left = send(&router, to("/out")).await;
    assert_eq!(told(&left)[1], "\"login\";r=0;t=60");
}

#[tokio::test(start_paused = true)]
async fn while_a_request_is_under_way_it_counts() {
    let login = limiter("login", minutely(1));
    let router = doors().layer(limited(&login).charge(failed));
    let mut stuck = Box::pin(router.clone().oneshot(to("/stuck")));
    assert!(futures_util::poll!(&mut stuck).is_pending());
    let refused = send(&router, request()).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
}
