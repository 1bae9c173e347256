//! What the config server refuses, as an answer.

use axum::http::{StatusCode, header};
use mainstay_actors::config::{ConfigError, ConfigPath};

use super::error::ApiError;
use super::guarded::seconds;

/// The answer to a request about `path` that was refused.
pub(super) fn refused(error: &ConfigError, path: &ConfigPath) -> ApiError {
    let message = error.to_string();
    let answer = match error {
        ConfigError::Path(_) => ApiError::bad_request(message),
        ConfigError::NotFound { .. } => ApiError::not_found(message),
        ConfigError::NotUpdatable { .. } => {
            ApiError::new(StatusCode::FORBIDDEN, "not_updatable", message)
        }
        ConfigError::NoPlace { .. } | ConfigError::WrongKind { .. } | ConfigError::Invalid(_) => {
            ApiError::invalid_value(message)
        }
        ConfigError::VersionMismatch { .. } => {
            ApiError::new(StatusCode::CONFLICT, "conflict", message)
        }
        ConfigError::Timeout(_) | ConfigError::Interrupted(_) => {
            ApiError::new(StatusCode::GATEWAY_TIMEOUT, "unknown_outcome", message)
        }
        ConfigError::ServiceCircuitOpen(_) | ConfigError::Overloaded { .. } => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
        }
        ConfigError::UpdateLimited(_) => {
            ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
        }
        ConfigError::Unavailable(_) | ConfigError::Stopped | ConfigError::Call(_) => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
                .with(header::RETRY_AFTER, "1")
        }
        _ => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message),
    };
    let answer = match error.guard() {
        Some(guard) => {
            let wait = error.retry_after().unwrap_or_default();
            answer.retry_after(seconds(wait)).guard(guard)
        }
        None => answer,
    };
    answer.at(path.to_string())
}
