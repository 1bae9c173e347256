//! Which request goes where.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use mainstay_supervisors::{Namespace, StopToken};

use super::error::ApiError;
use super::guarded::{self, Api};
use super::settings::{BODY_MAX, Settings};
use super::{access, config, event_store, events, health, metrics, spec, tree};
use crate::node::State;

/// What the handlers share.
#[derive(Clone)]
pub(super) struct App {
    pub(super) settings: Arc<Settings>,
    /// That of the server: event streams end with it.
    pub(super) stop: StopToken,
    pub(super) scrapes: metrics::Scrapes,
    pub(super) kept: health::Kept,
}

impl App {
    /// The node, unless its last handle was dropped a moment ago.
    pub(super) fn node(&self) -> Result<Arc<State>, ApiError> {
        self.settings.node.upgrade().ok_or_else(ApiError::stopping)
    }

    /// The namespace of this name, or the one that is asked unless the request names one.
    pub(super) fn namespace(&self, name: Option<&str>) -> Result<Namespace, ApiError> {
        let name = name.unwrap_or(NAMESPACE);
        let found = self.node()?.runtime().find_namespace(name);
        found.ok_or_else(|| ApiError::not_found(format!("no namespace `{name}` runs")))
    }
}

pub(super) fn router(settings: Arc<Settings>, stop: StopToken) -> Router {
    let app = App {
        settings,
        stop,
        scrapes: metrics::Scrapes::default(),
        kept: health::Kept::default(),
    };
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/startupz", get(health::startupz))
        .route("/health", get(health::health))
        .route("/health/{*name}", get(health::one))
        .route("/api/tree", get(tree::tree))
        .route("/api/tree/events", get(events::events))
        .route("/api/spec", get(spec::spec))
        .route("/api/reload", post(spec::reload))
        .route("/metrics", get(metrics::text))
        .route("/api/metrics", get(metrics::json))
        .merge(foundation(&app))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(app.clone(), access::guard))
        .with_state(app)
}

/// What goes through guards.
fn foundation(app: &App) -> Router<App> {
    let guards = |api| from_fn_with_state((app.clone(), api), guarded::guarded);
    let config = || get(config::read).put(config::write);
    let config = Router::new()
        .route("/api/config", config())
        .route("/api/config/{*path}", config())
        .route_layer(guards(Api::Config));
    let events = Router::new()
        .route("/api/events", get(event_store::list).post(event_store::put))
        .route("/api/events/{id}", get(event_store::one))
        .route_layer(guards(Api::Events));
    config.merge(events)
}

async fn no_route(uri: Uri) -> ApiError {
    ApiError::not_found(format!("there is nothing at {}", uri.path())).at(uri.path())
}

async fn no_method(method: Method, uri: Uri) -> ApiError {
    ApiError::method_not_allowed(&method, uri.path())
}

/// The namespace that is asked unless the request names one.
const NAMESPACE: &str = "production";
