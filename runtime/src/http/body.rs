//! The bodies of requests: as many bytes as they may have, in the time that they may take.

use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};

use super::error::ApiError;
use super::router::App;

/// Refuses a body that is not declared as JSON.
pub(super) fn declares_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let declared = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = declared.and_then(|value| value.split(';').next());
    if essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json")) {
        Ok(())
    } else {
        let message = "expected the body to be declared as `Content-Type: application/json`";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Err(ApiError::new(status, "unsupported_media_type", message))
    }
}

/// The whole body, of at most so many bytes, within a time limit. One that is said to be larger is not waited for.
pub(super) async fn body(app: &App, mut request: Request, max: usize) -> Result<Bytes, ApiError> {
    let too_large = || {
        let message = format!("expected a body of at most {max} bytes");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
    };
    if request.body().size_hint().lower() > max as u64 {
        return Err(too_large());
    }
    DefaultBodyLimit::max(max).apply(&mut request);
    let body = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, app)).await;
    let body = body.map_err(|_| {
        let message = format!("expected the whole body within {BODY_TIMEOUT:?}");
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message)
    })?;
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => ApiError::bad_request(rejection.body_text()),
    })
}

/// How long the body of a request may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
