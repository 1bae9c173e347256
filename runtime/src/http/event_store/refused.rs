//! What the event store refuses, as an answer.

use axum::http::{StatusCode, header};
use mainstay_actors::event_store::{BackendError, StoreError};
use mainstay_specs::Faults;

use crate::http::error::ApiError;

/// The answer to a request to store something.
pub(super) fn not_stored(error: &StoreError) -> ApiError {
    if error.may_be_stored() {
        let status = StatusCode::GATEWAY_TIMEOUT;
        let message = match error {
            StoreError::Backend(wrong) => {
                tracing::warn!(error = %wrong, "a request may have stored events, or not");
                "whether the events were stored is not known".to_owned()
            }
            other => other.to_string(),
        };
        return ApiError::new(status, "unknown_outcome", message);
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
        StoreError::Taken { id } | StoreError::NoRoom { id } => {
            let conflict = ApiError::new(StatusCode::CONFLICT, "conflict", error.to_string());
            conflict.at(id.to_string())
        }
        StoreError::Overloaded { .. }
        | StoreError::Busy { .. }
        | StoreError::Unavailable(_)
        | StoreError::Stuck(_)
        | StoreError::Stopped => unavailable(error),
        StoreError::Backend(wrong) => backend(wrong),
        _ => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            ApiError::new(status, "internal", error.to_string())
        }
    }
}

/// What a backend says names files and servers, which is for the log.
fn backend(wrong: &BackendError) -> ApiError {
    tracing::warn!(error = %wrong, "a request failed, as the backend of the event store has");
    match wrong {
        BackendError::Failed(_) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let error = ApiError::new(status, "unavailable", "the events cannot be reached");
            error.with(header::RETRY_AFTER, "1")
        }
        _ => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            ApiError::new(status, "internal", "the events cannot be read")
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
