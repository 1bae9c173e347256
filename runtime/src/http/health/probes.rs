//! Whether the node lives, has started, and is ready: for whoever starts, restarts and stops it, and sends it work.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use super::level::Level;
use crate::http::error::ApiError;
use crate::http::reply::ErrorDetail;
use crate::http::router::App;
use crate::node::{NamespaceReadiness, NamespaceState, Readiness};

/// What the watchdog has found last; see [`Liveness`](crate::Liveness). Nothing that the node needs is asked for. Should the executor be
/// blocked, this does not run, and the watchdog answers by itself.
pub(in crate::http) async fn livez(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let liveness = app.node()?.liveness();
    if liveness.is_alive() {
        return Ok(Json(json!({"status": "alive"})).into_response());
    }
    let body = if Level::of(&app, &headers) == Level::Full {
        let error = json!({"code": "not_alive", "message": liveness.to_string()});
        json!({"status": "dead", "error": error})
    } else {
        json!({"status": "dead"})
    };
    Ok((StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response())
}

/// Whether it has come up, with all checks of the kind `startup`, once: from then on 200 for as long as it lives.
pub(in crate::http) async fn startupz(State(app): State<App>) -> Result<Response, ApiError> {
    if app.node()?.has_started() {
        return Ok(Json(json!({"status": "started"})).into_response());
    }
    let body = json!({"status": "starting"});
    Ok((StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response())
}

#[derive(Serialize)]
struct NotReady {
    #[serde(flatten)]
    readiness: Readiness,
    error: ErrorDetail,
}

pub(in crate::http) async fn readyz(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let readiness = app.node()?.readiness();
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    if Level::of(&app, &headers) < Level::Full {
        let body = json!({"ready": readiness.ready});
        return Ok((status, Json(body)).into_response());
    }
    if readiness.ready {
        return Ok(Json(readiness).into_response());
    }
    let error = ApiError::new(status, "not_ready", why_not(&readiness));
    let error = error.detail().clone();
    Ok((status, Json(NotReady { readiness, error })).into_response())
}

fn why_not(readiness: &Readiness) -> String {
    let waiting = readiness.waiting().map(why).collect::<Vec<_>>().join(", ");
    if waiting.is_empty() {
        "the node is booting or stopping".to_owned()
    } else {
        waiting
    }
}

fn why(namespace: &NamespaceReadiness) -> String {
    let state = match (namespace.state, namespace.health) {
        (NamespaceState::Booting, _) => "is booting".to_owned(),
        (NamespaceState::Stopping, _) => "is stopping".to_owned(),
        (NamespaceState::Ended, _) => "has ended".to_owned(),
        (NamespaceState::Running, None) => "is running".to_owned(),
        (NamespaceState::Running, Some(health)) => match &namespace.failing[..] {
            [] => format!("is {health}"),
            failing => {
                let failing: Vec<&str> = failing.iter().map(|name| name.as_str()).collect();
                format!("is {health} ({})", failing.join(", "))
            }
        },
    };
    format!("{} {state}", namespace.name)
}
