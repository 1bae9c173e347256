//! What the config server refuses, as an answer.

use axum::http::{StatusCode, header};
use mainstay_actors::config::{ConfigError, ConfigPath};
use mainstay_actors::protection::Guard;

use super::error::ApiError;

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
        ConfigError::ServiceCircuitOpen(_) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let refused = ApiError::new(status, "unavailable", message);
            refused.retry_after(wait(error)).guard(Guard::Circuit)
        }
        ConfigError::UpdateLimited(_) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let refused = ApiError::new(status, "rate_limited", message);
            refused.retry_after(wait(error)).guard(Guard::RateLimit)
        }
        ConfigError::Overloaded { .. }
        | ConfigError::Unavailable(_)
        | ConfigError::Stopped
        | ConfigError::Call(_) => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
                .with(header::RETRY_AFTER, "1")
        }
        _ => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message),
    };
    answer.at(path.to_string())
}

/// In whole seconds, and not before it makes sense.
fn wait(error: &ConfigError) -> u64 {
    error.retry_after().map_or(1, |wait| wait.as_secs() + 1)
}
