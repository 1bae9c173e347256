//! Whether the node lives, and whether it is ready.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error::ApiError;
use super::reply::ErrorDetail;
use super::router::App;
use crate::node::{NamespaceState, Readiness};

#[derive(Serialize)]
pub(super) struct Alive {
    status: &'static str,
}

pub(super) async fn livez() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

#[derive(Serialize)]
struct NotReady {
    #[serde(flatten)]
    readiness: Readiness,
    error: ErrorDetail,
}

pub(super) async fn readyz(State(app): State<App>) -> Result<Response, ApiError> {
    let readiness = app.node()?.readiness();
    if readiness.ready {
        return Ok(Json(readiness).into_response());
    }
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let error = ApiError::new(status, "not_ready", why_not(&readiness));
    let error = error.detail().clone();
    Ok((status, Json(NotReady { readiness, error })).into_response())
}

fn why_not(readiness: &Readiness) -> String {
    let waiting = readiness.waiting().map(|namespace| {
        let state = match namespace.state {
            NamespaceState::Booting => "is booting",
            NamespaceState::Stopping => "is stopping",
            NamespaceState::Ended => "has ended",
            NamespaceState::Running => "is running",
        };
        format!("{} {state}", namespace.name)
    });
    let waiting = waiting.collect::<Vec<_>>().join(", ");
    if waiting.is_empty() {
        "the node is booting or stopping".to_owned()
    } else {
        waiting
    }
}
