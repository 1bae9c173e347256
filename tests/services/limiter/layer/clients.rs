//! Whose request it is.

use axum::body::Body;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, StatusCode};
use mainstay_actors::limiter::{
    ByHeader, ByIp, RateLimitLayer, RequestKeys, TrustedProxies, by_request,
};
use mainstay_supervisors::specs::{KeyStrategy, OnMissingKey};
use std::net::{IpAddr, SocketAddr};

use super::super::support::name;
use super::support::{
    API_KEY, User, hello, keys, limited, limiter, minutely, request, send, status, told, with_key,
};

const OK: StatusCode = StatusCode::OK;
const LIMITED: StatusCode = StatusCode::TOO_MANY_REQUESTS;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;

fn from(peer: &str, forwarded: &str) -> Request<Body> {
    let mut request = request();
    let peer: IpAddr = peer.parse().expect("an address");
    request.extensions_mut().insert(SocketAddr::new(peer, 4711));
    let forwarded = forwarded.parse().expect("a value");
    request.headers_mut().insert("x-forwarded-for", forwarded);
    request
}

fn of(user: &'static str) -> Request<Body> {
    let mut request = request();
    request.extensions_mut().insert(User(user));
    request
}

fn authorized(value: &str) -> Request<Body> {
    let request = Request::get("/").header(AUTHORIZATION, value);
    request.body(Body::empty()).expect("a request")
}

#[tokio::test(start_paused = true)]
async fn addresses_are_told_by_trusted_proxies_and_by_nobody_else() {
    let api = limiter("api", minutely(1).key(KeyStrategy::Ip));
    let proxies = TrustedProxies::networks(["10.0.0.0/8"]).expect("a network");
    let keys = RequestKeys::new().ip(ByIp::new(proxies));
    let layer = RateLimitLayer::new(keys).limit(api).expect("it is known");
    let router = hello().layer(layer);
    for (peer, forwarded, expected) in [
        ("10.0.0.7", "203.0.113.9", OK),
        // Lies in front of it, another proxy, another form.
        ("10.0.0.7", "1.1.1.1, 203.0.113.9", LIMITED),
        ("10.0.0.8", "203.0.113.9:99", LIMITED),
        ("::ffff:10.0.0.8", "::ffff:203.0.113.9", LIMITED),
        ("203.0.113.9", "1.1.1.1", LIMITED),
        ("10.0.0.7", "203.0.113.10", OK),
        // One network of IPv6 is one client.
        ("10.0.0.7", "2001:db8:1:2::1", OK),
        ("10.0.0.7", "2001:db8:1:2:ffff::9", LIMITED),
        ("10.0.0.7", "2001:db8:1:3::1", OK),
        // Nobody knows who that is.
        ("10.0.0.7", "unknown", FORBIDDEN),
    ] {
        let found = status(&router, from(peer, forwarded)).await;
        assert_eq!(found, expected, "{forwarded} by way of {peer}");
    }
    assert_eq!(status(&router, request()).await, FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn how_much_of_an_address_tells_clients_apart_can_be_said() {
    let api = limiter("api", minutely(1).key(KeyStrategy::Ip));
    let keys = RequestKeys::new().ip(ByIp::default().v6_prefix(56));
    let layer = RateLimitLayer::new(keys).limit(api).expect("it is known");
    let router = hello().layer(layer);
    for (peer, expected) in [
        ("2001:db8:1:200::1", OK),
        ("2001:db8:1:2ff::1", LIMITED),
        ("2001:db8:1:300::1", OK),
    ] {
        let found = status(&router, from(peer, "1.1.1.1")).await;
        assert_eq!(found, expected, "{peer}");
    }
}

#[tokio::test(start_paused = true)]
async fn users_and_api_keys_have_a_limit_each() {
    let users = limiter("users", minutely(1).key(KeyStrategy::User));
    let router = hello().layer(limited(&users));
    assert_eq!(status(&router, of("ada")).await, OK);
    assert_eq!(status(&router, of("ada")).await, LIMITED);
    assert_eq!(status(&router, of("grace")).await, OK);
    assert_eq!(status(&router, of("")).await, FORBIDDEN);
    assert_eq!(status(&router, request()).await, FORBIDDEN);

    let by_key = limiter("keys", minutely(1).key(KeyStrategy::ApiKey));
    let router = hello().layer(limited(&by_key));
    assert_eq!(status(&router, with_key("s3same")).await, OK);
    assert_eq!(status(&router, with_key(" s3same ")).await, LIMITED);
    assert_eq!(status(&router, with_key("other")).await, OK);
    assert_eq!(status(&router, with_key("")).await, FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn a_header_that_is_there_twice_or_is_no_text_tells_nothing() {
    let by_key = limiter("keys", minutely(1).key(KeyStrategy::ApiKey));
    let router = hello().layer(limited(&by_key));
    let mut twice = with_key("made-up-1");
    let second = HeaderValue::from_static("s3same");
    twice.headers_mut().append(API_KEY, second);
    assert_eq!(status(&router, twice).await, FORBIDDEN);
    let mut no_text = request();
    let bytes = HeaderValue::from_bytes(b"\xff\xfe").expect("a value");
    no_text.headers_mut().insert(API_KEY, bytes);
    assert_eq!(status(&router, no_text).await, FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_the_same_however_its_scheme_is_written() {
    let by_key = limiter("keys", minutely(1).key(KeyStrategy::ApiKey));
    let keys = RequestKeys::new().api_key(ByHeader::bearer());
    let layer = RateLimitLayer::new(keys).limit(by_key);
    let router = hello().layer(layer.expect("it is known"));
    for (value, expected) in [
        ("Bearer abc", OK),
        ("bearer abc", LIMITED),
        ("BEARER   abc", LIMITED),
        ("Bearer ABC", OK),
        ("Basic abc", FORBIDDEN),
        ("Bearer", FORBIDDEN),
        ("Bearer ", FORBIDDEN),
    ] {
        assert_eq!(
            status(&router, authorized(value)).await,
            expected,
            "{value}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_key_is_treated_as_the_limiter_says() {
    for (what, expected, left) in [
        (OnMissingKey::Refuse, [FORBIDDEN, FORBIDDEN], ""),
        (OnMissingKey::Share, [OK, LIMITED], "\"users\";r=0;t=60"),
        (OnMissingKey::Admit, [OK, OK], ""),
    ] {
        let config = minutely(1).key(KeyStrategy::User).on_missing_key(what);
        let router = hello().layer(limited(&limiter("users", config)));
        let first = send(&router, request()).await;
        assert_eq!(told(&first)[1], left);
        let second = status(&router, request()).await;
        assert_eq!([first.status(), second], expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_said_where_to_find_is_no_layer() {
    let tenants = KeyStrategy::Custom(name("tenant"));
    let api = limiter("api", minutely(1).key(tenants));
    let refused = RateLimitLayer::new(keys()).limit(api.clone());
    assert_eq!(
        refused.expect_err("nobody has said").to_string(),
        "the rate limit api counts by tenant, and nobody has said where that is in a request"
    );
    let by_host = by_request(|request| request.uri.host().map(Into::into));
    let keys = keys().custom(name("tenant"), by_host);
    let layer = RateLimitLayer::new(keys).limit(api.clone());
    let router = hello().layer(layer.expect("it is said"));
    let at = |host: &str| {
        let request = Request::get(format!("http://{host}/"));
        request.body(Body::empty()).expect("a request")
    };
    assert_eq!(status(&router, at("a.example")).await, OK);
    assert_eq!(status(&router, at("a.example")).await, LIMITED);
    assert_eq!(status(&router, at("b.example")).await, OK);
    // Later it counts by something else: at once, and if nobody knows where that is, as without a key.
    let everybody = minutely(9).key(KeyStrategy::Global);
    api.reconfigure(everybody).expect("it is valid");
    assert_eq!(status(&router, at("a.example")).await, OK);
    let unknown = minutely(9).key(KeyStrategy::Custom(name("planet")));
    api.reconfigure(unknown).expect("it is valid");
    assert_eq!(status(&router, at("a.example")).await, FORBIDDEN);
}
