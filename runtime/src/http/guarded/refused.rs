//! What a guard has refused, as an answer.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::StatusCode;
use mainstay_actors::limiter::RateLimitError;
use mainstay_actors::protection::{Guard, ProtectionError};

use super::kind::Kind;
use crate::http::error::ApiError;

/// The answer to a request that was refused, or not answered in time.
pub(super) fn refused(kind: Kind, error: &ProtectionError<Infallible>) -> ApiError {
    let (status, code) = told(kind, error);
    let mut answer = ApiError::new(status, code, error.to_string());
    if let Some(guard) = guard(error) {
        answer = answer.guard(guard);
    }
    match when(error) {
        Some(wait) => answer.retry_after(seconds(wait)),
        None => answer,
    }
}

const fn told(kind: Kind, error: &ProtectionError<Infallible>) -> (StatusCode, &'static str) {
    match error {
        ProtectionError::RateLimited(error) => limited(error),
        ProtectionError::CircuitOpen(_) => (StatusCode::SERVICE_UNAVAILABLE, "circuit_open"),
        ProtectionError::MemoryPressure(_) => (StatusCode::SERVICE_UNAVAILABLE, "memory_pressure"),
        ProtectionError::NoConnection(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        ProtectionError::Late { .. } => (StatusCode::SERVICE_UNAVAILABLE, "deadline"),
        ProtectionError::Timeout { .. } if kind.changes() => {
            (StatusCode::GATEWAY_TIMEOUT, "unknown_outcome")
        }
        ProtectionError::Timeout { .. } => (StatusCode::GATEWAY_TIMEOUT, "deadline"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

/// As the layer for services of HTTP has it.
pub(in crate::http) const fn limited(error: &RateLimitError) -> (StatusCode, &'static str) {
    match error {
        RateLimitError::MissingKey { .. } => (StatusCode::FORBIDDEN, "rate_limited"),
        RateLimitError::TooCostly { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
        RateLimitError::Full { .. } | RateLimitError::Unavailable { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        _ => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
    }
}

const fn guard(error: &ProtectionError<Infallible>) -> Option<Guard> {
    match error {
        ProtectionError::Timeout { .. } => Some(Guard::Deadline),
        other => other.guard(),
    }
}

/// A time that is not known is short: nobody is to stay away for good.
fn when(error: &ProtectionError<Infallible>) -> Option<Duration> {
    let known = error.retry_after();
    match error {
        // What is configured wrong is no better later on.
        ProtectionError::Timeout { .. }
        | ProtectionError::Missing { .. }
        | ProtectionError::Unleased { .. }
        | ProtectionError::Unconfigured(_) => None,
        ProtectionError::RateLimited(
            RateLimitError::MissingKey { .. } | RateLimitError::TooCostly { .. },
        ) => None,
        _ => Some(known.unwrap_or(Duration::from_secs(1))),
    }
}

/// Rounded up, and never 0.
pub(in crate::http) fn seconds(time: Duration) -> u64 {
    let part = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(part).max(1)
}
