//! What is answered.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use mainstay::actors::health::HealthEndpoint;
use mainstay::actors::limiter::RateKey;
use mainstay::actors::protection::ProtectionError;
use mainstay::actors::{Protection, ProtectionRegistry};
use mainstay::prelude::*;
use mainstay::supervisors::WeakNamespace;

use crate::warehouse::{Unreachable, Warehouse};

/// What requests share.
#[derive(Clone)]
struct Shop {
    namespace: WeakNamespace,
    look_up: Protection,
    warehouse: Arc<Warehouse>,
}

/// The routes of the namespace that this process lives in.
pub(crate) fn here(warehouse: Arc<Warehouse>) -> Option<Router> {
    let namespace = current()?.namespace()?;
    let shop = Shop {
        look_up: ProtectionRegistry::of(&namespace).protection("look_up")?,
        namespace: namespace.downgrade(),
        warehouse,
    };
    let routes = Router::new()
        .route("/cups/{size}", get(cups))
        .route("/outage", post(outage))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/health", get(health));
    Some(routes.with_state(shop))
}

/// Through all the guards; who is refused is told by which, and when to come back.
///
/// Behind a proxy all requests come from the proxy: `RateLimitLayer` knows whom it serves.
async fn cups(
    State(shop): State<Shop>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    Path(size): Path<u32>,
) -> Response {
    let asked = shop.look_up.key(RateKey::ip(caller.ip()));
    match asked.run(|| shop.warehouse.cups(size)).await {
        Ok(cups) => Json(cups).into_response(),
        Err(refused) => refusal(&refused),
    }
}

fn refusal(error: &ProtectionError<Unreachable>) -> Response {
    let status = match error {
        ProtectionError::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        ProtectionError::Failed(_) => StatusCode::BAD_GATEWAY,
        ProtectionError::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = (status, format!("{error}\n")).into_response();
    if let Some(wait) = error.retry_after() {
        // Rounded up: who comes back a moment too early has come in vain.
        let seconds = wait.as_millis().div_ceil(1000) as u64;
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// For you to see what happens.
async fn outage(State(shop): State<Shop>) -> String {
    format!("the warehouse is {}\n", shop.warehouse.turn())
}

/// For whoever decides whether requests are sent here: 503 unless it is healthy, or degraded, which can be used.
async fn health(State(shop): State<Shop>) -> Response {
    let Some(namespace) = shop.namespace.upgrade() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let health = HealthEndpoint::health_check_json(&namespace).await;
    let is_usable = matches!(health["status"].as_str(), Some("healthy" | "degraded"));
    let status = match is_usable {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(health)).into_response()
}
