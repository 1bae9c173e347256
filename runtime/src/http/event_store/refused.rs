//! What the event store refuses, as an answer.

use axum::http::{StatusCode, header};
use mainstay_actors::event_store::{BackendError, StoreError};
use mainstay_specs::Faults;

use crate::http::error::ApiError;

/// The answer to a request to store something.
pub(super) fn not_stored(error: &StoreError) -> ApiError {
    if error.may_be_stored() {
        let status = StatusCode::GATEWAY_TIMEOUT;
        return ApiError::new(status, "unknown_outcome", error.to_string());
    }
    refused(error)
}

/// The answer to a question: nothing has changed, whatever went wrong.
pub(super) fn not_read(error: &StoreError) -> ApiError {
    match error {
        StoreError::Invalid(faults) => ApiError::bad_request(on_one_line(faults)),
        StoreError::Timeout(_) | StoreError::Interrupted => unavailable(error),
        _ => refused(error),
    }
}

fn refused(error: &StoreError) -> ApiError {
    match error {
        StoreError::Invalid(faults) => ApiError::invalid_value(on_one_line(faults)),
        StoreError::BatchTooLarge { .. } | StoreError::BatchTooHeavy { .. } => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            ApiError::new(status, "payload_too_large", error.to_string())
        }
        StoreError::Taken { id } => {
            let conflict = ApiError::new(StatusCode::CONFLICT, "conflict", error.to_string());
            conflict.at(id.to_string())
        }
        StoreError::Overloaded { .. }
        | StoreError::Busy { .. }
        | StoreError::Unavailable(_)
        | StoreError::Stuck(_)
        | StoreError::Stopped
        | StoreError::Backend(BackendError::Failed(_)) => unavailable(error),
        _ => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            ApiError::new(status, "internal", error.to_string())
        }
    }
}

fn unavailable(error: &StoreError) -> ApiError {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    ApiError::new(status, "unavailable", error.to_string()).with(header::RETRY_AFTER, "1")
}

fn on_one_line(faults: &Faults) -> String {
    faults.to_string().replace('\n', "; ")
}
