//! The health of the node.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | `/health`, `/health/{name}` |
//! | `probes.rs` | `/livez`, `/readyz`, `/startupz` |
//! | `asked.rs` | what was asked for, and whether that is there |
//! | `view.rs` | what there is to be told: one namespace, or several put together |
//! | `level.rs` | to whom how much is told |
//! | `media.rs` | as which type: by `Accept` |
//! | `draft.rs` | `application/health+json`: pure |
//! | `kept.rs` | the last answers, so that each picture is written once |
//!
//! Answers are read off pictures that were made in the background: whoever asks starts nothing and waits for nobody, however often. Only with
//! `sweep=true` everything is looked at anew, which whoever else asks for it meanwhile shares.

mod asked;
mod draft;
mod kept;
mod level;
mod media;
mod probes;
mod view;

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_actors::health::{HealthEndpoint, HealthStatus, ServiceHealth};
use serde_json::{Value, json};

use super::error::ApiError;
use super::router::App;
use asked::{Parameters, aggregators, in_group, views};
pub(super) use kept::Kept;
pub(super) use level::{Level, is_open};
use media::Media;
pub(super) use probes::{livez, readyz, startupz};
use view::Views;

type Asked = Result<Query<Parameters>, QueryRejection>;

/// How the node fares, or a namespace, or a group.
pub(super) async fn health(
    State(app): State<App>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let parameters = parameters(asked)?;
    let (level, media) = (Level::of(&app, &headers), Media::of(&headers));
    let views = views(&app, &parameters, level).await?;
    let age = views.age();
    let status = views.status();
    let write = || Bytes::from(body(&views, level, media).to_string());
    let text = match parameters.group {
        None => app.kept.get(&views, level, media, write),
        // It is put together anew each time, and so never found again.
        Some(_) => write(),
    };
    Ok(answer(code(status), media, age.as_secs(), text))
}

/// How one service fares, or a group.
pub(super) async fn one(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Path(name) = name.map_err(|rejection| ApiError::bad_request(rejection.body_text()))?;
    let parameters = parameters(asked)?;
    let (level, media) = (Level::of(&app, &headers), Media::of(&headers));
    if parameters.group.is_some() {
        return Err(ApiError::bad_request(
            "expected a name or a group, found both",
        ));
    }
    // Who may not know which services there are is not to find out by their names, nor by those of namespaces.
    if level == Level::Status {
        return Err(ApiError::unauthorized());
    }
    let views = views(&app, &parameters, level).await?;
    if let Some((view, service)) = views.service(&name) {
        let status = if view.is_stale() {
            HealthStatus::Unknown
        } else {
            service.status
        };
        let json = match media {
            Media::Draft => draft::service(service, status, level),
            Media::Native => native(service, status, level),
        };
        let age = view.age().as_secs();
        return Ok(answer(code(status), media, age, json.to_string().into()));
    }
    let all = aggregators(&app, parameters.namespace.as_deref())?;
    let group = in_group(all, &name).map_err(|_| {
        let message = format!("there is no health check and no health group `{name}`");
        ApiError::not_found(message)
    })?;
    let body = body(&group, level, media).to_string().into();
    Ok(answer(
        code(group.status()),
        media,
        group.age().as_secs(),
        body,
    ))
}

fn parameters(asked: Asked) -> Result<Parameters, ApiError> {
    let refused = |rejection: QueryRejection| ApiError::bad_request(rejection.body_text());
    asked.map(|Query(parameters)| parameters).map_err(refused)
}

fn body(views: &Views, level: Level, media: Media) -> Value {
    match media {
        Media::Draft => draft::whole(views, level),
        Media::Native => whole(views, level),
    }
}

fn whole(views: &Views, level: Level) -> Value {
    match level.detail() {
        None => json!({"status": views.status(), "timestamp": views.timestamp()}),
        Some(detail) => views.render(detail, BODY_MAX),
    }
}

fn native(service: &ServiceHealth, status: HealthStatus, level: Level) -> Value {
    let Some(detail) = level.detail() else {
        return json!({"status": status});
    };
    let mut json = HealthEndpoint::render_service(service, detail);
    json["name"] = json!(service.name);
    json["status"] = json!(status);
    json
}

/// 200 for what can be used; what is unknown cannot be.
fn code(status: HealthStatus) -> StatusCode {
    match status {
        HealthStatus::Healthy | HealthStatus::Degraded => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// `Age` says how long ago the picture was confirmed.
fn answer(code: StatusCode, media: Media, age: u64, body: Bytes) -> Response {
    let mut response = (code, body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media.content_type()),
    );
    headers.insert(
        header::VARY,
        HeaderValue::from_static("accept, authorization"),
    );
    headers.insert(header::AGE, HeaderValue::from(age));
    response
}

/// About so many bytes of services are told, the worst first; it is said how many are left out.
const BODY_MAX: usize = 1 << 20;
