//! What a guard has refused, as an answer.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use mainstay_actors::limiter::RateLimitError;
use mainstay_actors::protection::{Guard, ProtectionError};

use super::kind::Kind;
use crate::http::error::ApiError;

/// The answer to a request that was refused, or not answered in time. Failures are answers themselves.
pub(super) fn refused(kind: Kind, error: &ProtectionError<Response>) -> ApiError {
    let (status, code) = told(kind, error);
    let message = match error {
        // An answer has no words.
        ProtectionError::Failed(_) => "the request has failed".to_owned(),
        other => other_words(other),
    };
    let mut answer = ApiError::new(status, code, message);
    if let Some(guard) = guard(error) {
        answer = answer.guard(guard);
    }
    match when(error) {
        Some(wait) => answer.retry_after(seconds(wait)),
        None => answer,
    }
}

fn other_words(error: &ProtectionError<Response>) -> String {
    match error {
        ProtectionError::Late { operation, at } => {
            format!("the time for {operation} was up before it was begun, at the guard `{at}`")
        }
        ProtectionError::CircuitOpen(refusal) => refusal.to_string(),
        ProtectionError::MemoryPressure(pressure) => pressure.to_string(),
        ProtectionError::RateLimited(error) => error.to_string(),
        ProtectionError::NoConnection(error) => error.to_string(),
        ProtectionError::Timeout { operation, within } => {
            let within = humantime::format_duration(*within);
            format!("{operation} was not done in its time, {within}")
        }
        ProtectionError::Missing {
            operation,
            guard,
            name,
        } => format!("{operation} is to go through `{guard}` {name}, and there is none"),
        _ => "the guards of the request do not fit it".to_owned(),
    }
}

const fn told(kind: Kind, error: &ProtectionError<Response>) -> (StatusCode, &'static str) {
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

const fn guard(error: &ProtectionError<Response>) -> Option<Guard> {
    match error {
        ProtectionError::Timeout { .. } => Some(Guard::Deadline),
        other => other.guard(),
    }
}

/// A time that is not known is short: nobody is to stay away for good.
fn when(error: &ProtectionError<Response>) -> Option<Duration> {
    let known = error.retry_after();
    match error {
        ProtectionError::Timeout { .. } | ProtectionError::Missing { .. } => None,
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
