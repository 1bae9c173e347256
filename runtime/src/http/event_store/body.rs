//! The body of a request: an event that may be stored can be sent.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use mainstay_actors::EventStore;

use crate::http::BODY_MAX;
use crate::http::error::ApiError;
use crate::http::router::App;

/// How many bytes a body may have: as many as other requests, or an event with as many data as the store takes.
pub(super) fn body_max(store: &EventStore) -> usize {
    let event = store.spec().data_max.saturating_add(EVENT_BYTES);
    BODY_MAX.max(usize::try_from(event).unwrap_or(usize::MAX))
}

/// The whole body, within the time limit of all bodies.
pub(super) async fn body(app: &App, mut request: Request, max: usize) -> Result<Bytes, ApiError> {
    DefaultBodyLimit::max(max).apply(&mut request);
    let body = crate::http::body::body(app, request).await;
    body.map_err(|error| {
        if error.detail().code != TOO_LARGE {
            return error;
        }
        let message = format!("expected a body of at most {max} bytes");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE, message)
    })
}

const TOO_LARGE: &str = "payload_too_large";

/// What an event takes beside its data, at most, as JSON.
const EVENT_BYTES: u64 = 4096;
