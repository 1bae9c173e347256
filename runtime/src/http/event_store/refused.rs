//! What the event store refuses, as an answer.

use axum::http::{StatusCode, header};
use mainstay_actors::event_store::{BackendError, StoreError};
use mainstay_specs::Faults;

use crate::http::error::ApiError;
use crate::http::guarded::seconds;

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
    if let Some(guard) = error.guard() {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let answer = ApiError::new(status, "unavailable", error.to_string());
        let wait = error.retry_after().unwrap_or_default();
        return answer.retry_after(seconds(wait)).guard(guard);
    }
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
        StoreError::Unavailable(_) | StoreError::Stuck(_) | StoreError::Stopped => {
            unavailable(error)
        }
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

pub(super) fn on_one_line(faults: &Faults) -> String {
    faults.to_string().replace('\n', "; ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::response::IntoResponse;
    use mainstay_actors::event_store::EventId;

    use super::*;

    fn told(error: ApiError) -> (u16, String, String, bool) {
        let (code, message) = (error.detail().code.clone(), error.detail().message.clone());
        let response = error.into_response();
        let again = response.headers().contains_key(header::RETRY_AFTER);
        (response.status().as_u16(), code, message, again)
    }

    #[test]
    fn what_is_not_known_to_be_stored_is_told_from_what_is_not() {
        let second = Duration::from_secs(1);
        let failed = || StoreError::Backend(BackendError::failed("/var/events.db: no such file"));
        let lost = || StoreError::Backend(BackendError::unknown("db.example: gone"));
        let unreadable = || StoreError::Backend(BackendError::Unreadable("event 7".to_owned()));
        let id = EventId::FIRST;
        let overloaded = StoreError::Overloaded {
            waiting: 1,
            waiting_max: 1,
            bytes: 1,
            bytes_max: 1,
        };
        for (error, status, code, again) in [
            (StoreError::Timeout(second), 504, "unknown_outcome", false),
            (
                StoreError::Unavailable(second),
                504,
                "unknown_outcome",
                false,
            ),
            (StoreError::Interrupted, 504, "unknown_outcome", false),
            (lost(), 504, "unknown_outcome", false),
            (failed(), 503, "unavailable", true),
            (overloaded, 503, "unavailable", true),
            (StoreError::Stopped, 503, "unavailable", true),
            (unreadable(), 500, "internal", false),
            (StoreError::Taken { id }, 409, "conflict", false),
            (StoreError::NoRoom { id }, 409, "conflict", false),
            (
                StoreError::BatchTooLarge { max: 1, found: 2 },
                413,
                "payload_too_large",
                false,
            ),
            (
                StoreError::BatchTooHeavy { max: 1, found: 2 },
                413,
                "payload_too_large",
                false,
            ),
        ] {
            let told = told(not_stored(&error));
            assert_eq!(
                (told.0, told.1.as_str(), told.3),
                (status, code, again),
                "{error}"
            );
        }
        for (error, status, code) in [
            (StoreError::Timeout(second), 503, "unavailable"),
            (StoreError::Interrupted, 503, "unavailable"),
            (
                StoreError::Busy {
                    max: 1,
                    waiting_max: 0,
                },
                503,
                "unavailable",
            ),
            (failed(), 503, "unavailable"),
            (unreadable(), 500, "internal"),
        ] {
            let told = told(not_read(&error));
            assert_eq!((told.0, told.1.as_str()), (status, code), "{error}");
        }
        // Files and servers are named in the log only.
        for error in [failed(), lost(), unreadable()] {
            let message = told(not_stored(&error)).2;
            assert!(!message.contains(['/', '.', '7']), "{message}");
        }
    }
}
