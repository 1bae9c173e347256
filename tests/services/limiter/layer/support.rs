//! A service behind limits, and requests to it.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use http_body_util::BodyExt;
use mainstay_actors::limiter::{ByExtension, ByHeader, Limiter, RateLimitLayer, RequestKeys};
use mainstay_supervisors::specs::{KeyStrategy, RateLimitConfig};
use tower::ServiceExt;

use super::super::support::{name, seconds};

#[derive(Clone)]
pub(super) struct User(pub(super) &'static str);

pub(in crate::limiter) const API_KEY: &str = "x-api-key";

pub(super) fn keys() -> RequestKeys {
    RequestKeys::new()
        .api_key(ByHeader::new(HeaderName::from_static(API_KEY)))
        .user(ByExtension::new(|user: &User| user.0))
}

/// So many a minute for everybody together, in windows that begin when they are first used.
pub(super) fn minutely(limit: u32) -> RateLimitConfig {
    let config = RateLimitConfig::fixed_window(limit, seconds(60));
    let start = mainstay_supervisors::specs::WindowStart::FirstUse;
    config.window_start(start).key(KeyStrategy::Global)
}

pub(super) fn limiter(called: &str, config: RateLimitConfig) -> Limiter {
    Limiter::new(name(called), config).expect("it is valid")
}

pub(super) fn limited(limiter: &Limiter) -> RateLimitLayer {
    let layer = RateLimitLayer::new(keys()).limit(limiter.clone());
    layer.expect("all keys are known")
}

/// Answers `hello`.
pub(super) fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

pub(in crate::limiter) fn request() -> Request<Body> {
    Request::new(Body::empty())
}

pub(in crate::limiter) fn with_key(key: &str) -> Request<Body> {
    let request = Request::get("/").header(API_KEY, key);
    request.body(Body::empty()).expect("a request")
}

pub(in crate::limiter) async fn send(router: &Router, request: Request<Body>) -> Response<Body> {
    let Ok(response) = router.clone().oneshot(request).await;
    response
}

pub(super) async fn status(router: &Router, request: Request<Body>) -> StatusCode {
    send(router, request).await.status()
}

/// All values of a header, one line after the other.
pub(super) fn lines<'h>(headers: &'h HeaderMap, called: &str) -> Vec<&'h str> {
    let values = headers.get_all(called).iter();
    values
        .map(|value| value.to_str().expect("it is text"))
        .collect()
}

/// `RateLimit-Policy`, `RateLimit` and `Retry-After`.
pub(in crate::limiter) fn told(response: &Response<Body>) -> [String; 3] {
    let of = |called| lines(response.headers(), called).join(" | ");
    ["ratelimit-policy", "ratelimit", "retry-after"].map(of)
}

pub(super) async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.expect("a body");
    String::from_utf8(body.to_bytes().to_vec()).expect("it is text")
}
