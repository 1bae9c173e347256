//! Everything that goes wrong, as an answer.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_actors::protection::Guard;

use super::reply::{ErrorDetail, ErrorReply};

/// An answer that says what is wrong.
///
/// Boxed, as it is passed up through many results.
#[derive(Debug)]
pub(super) struct ApiError(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    detail: ErrorDetail,
    headers: Vec<(HeaderName, HeaderValue)>,
    guard: Option<Guard>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self(Box::new(Refusal {
            status,
            detail: ErrorDetail {
                code: code.to_owned(),
                message: message.into(),
                path: None,
            },
            headers: Vec::new(),
            guard: None,
        }))
    }

    /// Says what it is about.
    pub(super) fn at(mut self, path: impl Into<String>) -> Self {
        self.0.detail.path = Some(path.into());
        self
    }

    /// Says after how many seconds another try makes sense.
    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        let header = (header::RETRY_AFTER, HeaderValue::from(seconds));
        self.0.headers.push(header);
        self
    }

    /// Says which guard has refused, in a header, and to the guards that the answer comes by as an extension.
    pub(super) fn guard(mut self, guard: Guard) -> Self {
        self.0.guard = Some(guard);
        self.with(GUARD, name_of(guard))
    }

    pub(super) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.0.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(super) fn unauthorized() -> Self {
        let message = "expected the node's token, as `Authorization: Bearer …`";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
            .with(header::WWW_AUTHENTICATE, "Bearer")
    }

    pub(super) fn forbidden_host() -> Self {
        let message = "expected a Host that names the loopback interface, such as localhost";
        Self::new(StatusCode::FORBIDDEN, "forbidden_host", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn method_not_allowed(method: &Method, path: &str) -> Self {
        let message = format!("{path} does not take {method}");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
        .at(path)
    }

    pub(super) fn invalid_value(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", message)
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    pub(super) fn stopping() -> Self {
        let message = "the node is stopping";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", message)
    }

    pub(super) fn booting() -> Self {
        let message = "the node is booting, and nothing is known yet";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "booting", message)
    }

    pub(super) fn too_many_streams(limit: usize) -> Self {
        let message = format!("{limit} streams are open already; come back later");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", message)
            .with(header::RETRY_AFTER, "5")
    }

    pub(super) const fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(super) const fn detail(&self) -> &ErrorDetail {
        &self.0.detail
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Refusal {
            status,
            detail,
            headers,
            guard,
        } = *self.0;
        let mut response = (status, Json(ErrorReply { error: detail })).into_response();
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        if let Some(guard) = guard {
            response.extensions_mut().insert(guard);
        }
        response
    }
}

/// Which guard has refused a request.
const GUARD: HeaderName = HeaderName::from_static("mainstay-guard");

const fn name_of(guard: Guard) -> &'static str {
    match guard {
        Guard::RateLimit => "limiter",
        other => other.as_str(),
    }
}
