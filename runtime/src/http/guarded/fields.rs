//! The header fields `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers-11 has them:
//!
//! ```text
//! RateLimit-Policy: "api.config.reads";q=10000;w=1
//! RateLimit: "api.config.reads";r=9999;t=1
//! ```

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use mainstay_actors::RateLimiterRegistry;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::protection::Protection;
use mainstay_supervisors::Namespace;

use super::refused::seconds;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Tells what the client has left, if there is a limit that holds. Where its count is not at hand, only the limit is told.
pub(super) fn tell(
    namespace: &Namespace,
    protection: &Protection,
    key: RateKey<'_>,
    headers: &mut HeaderMap,
) {
    let Some(demand) = protection.stats().config.rate_limit else {
        return;
    };
    let limiters = RateLimiterRegistry::of(namespace);
    let Some(limiter) = limiters.limiter(demand.limiter.as_str()) else {
        return;
    };
    let config = limiter.config();
    // Clients are not to go by one that only looks on.
    if config.shadow {
        return;
    }
    let name = quoted(demand.limiter.as_str());
    let policy = format!("{name};q={};w={}", config.limit, seconds(config.window));
    put(headers, POLICY, policy);
    if let Some(local) = limiter.local()
        && let Ok(Some(status)) = local.status(key)
    {
        let then = match status.retry_after {
            Some(time) if status.remaining == 0 => time,
            _ => status.reset_after,
        };
        let part = u64::from(then.subsec_nanos() > 0);
        let limit = format!("{name};r={};t={}", status.remaining, then.as_secs() + part);
        put(headers, LIMIT, limit);
    }
}

/// As a string of a structured field (RFC 9651, 3.3.3). What cannot be in one is left out.
fn quoted(name: &str) -> String {
    let mut text = String::from("\"");
    for char in name.chars().filter(|char| matches!(char, ' '..='~')) {
        if matches!(char, '"' | '\\') {
            text.push('\\');
        }
        text.push(char);
    }
    text.push('"');
    text
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: String) {
    // Nothing but visible characters and spaces is in it.
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
