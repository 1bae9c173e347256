//! The spec in force, and going by another.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_specs::{ChangeEffect, Fault, ShownSpec, SpecChange};
use serde::{Deserialize, Serialize};

use super::access::MayChange;
use super::error::ApiError;
use super::reply::ErrorDetail;
use super::router::App;
use crate::node::{ReloadError, SourceError, reload_source};

pub(super) async fn spec(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let node = app.node()?;
    let spec = node.in_force().borrow().clone();
    // Much text may come of a large one.
    let shown = tokio::task::spawn_blocking(move || spec.shown()).await;
    let shown: ShownSpec = shown.map_err(|_| ApiError::stopping())?;
    if prefers_json(&headers) {
        return Ok(Json(shown).into_response());
    }
    Ok(([(header::CONTENT_TYPE, RON)], shown.to_string()).into_response())
}

/// Whether the first type that the caller names, of those there are, is JSON.
fn prefers_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .map(|range| range.trim().to_ascii_lowercase())
        .find(|range| [RON, "application/json", "*/*"].contains(&range.as_str()))
        .is_some_and(|range| range == "application/json")
}

const RON: &str = "application/ron";

pub(super) async fn reload(_: MayChange, State(app): State<App>) -> Response {
    let node = match app.node() {
        Ok(node) => node,
        Err(error) => return error.into_response(),
    };
    match reload_source(&node).await {
        Ok(report) => Json(ReloadReply {
            applied: changes(&report.applied),
        })
        .into_response(),
        Err(error) => refused(&error),
    }
}

/// What `POST /api/reload` answers when the node goes by its file from now on.
///
/// ```json
/// {"applied":[
///   {"path":"namespaces[0].services.rate_limiters.limiters[0].config","kind":"changed","effect":"in_place"},
///   {"path":"namespaces[0].children[1].args","kind":"changed","effect":"restart","process":"app/children/clock","why":"what it runs is made when it starts"}]}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReloadReply {
    /// Everything that was different, in the order in which it was brought about. Empty if nothing was.
    pub applied: Vec<ChangeReply>,
}

/// One thing that was different in a spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChangeReply {
    /// Where it is: in the new spec; if it was removed, in the old one.
    pub path: String,
    /// `added`, `removed` or `changed`.
    pub kind: String,
    /// `in_place`, `start`, `stop`, `restart`, or `refused` for what takes a new node.
    pub effect: String,
    /// The path of the process that is started, stopped or restarted. Of a service, what comes after it in its namespace is restarted, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// Why it was not done in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What `POST /api/reload` answers when the node does not go by its file, or not by all of it.
///
/// ```json
/// {"error":{"code":"invalid_spec","message":"node.ron has 1 fault, nothing has changed"},
///  "faults":[{"path":"namespaces[0].children[0].kind","line":3,"column":40,"message":"unknown kind `tickr`, did you mean `ticker`?"}]}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReloadErrorReply {
    /// The error.
    pub error: ErrorDetail,
    /// All that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultReply>,
    /// For `reload_failed`: what was done before, and stays done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applied: Vec<ChangeReply>,
    /// For `reload_failed`: what was not done, or not all of it; first that which failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<ChangeReply>,
}

/// One thing that is wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FaultReply {
    /// Which part of the spec; empty for what concerns the whole.
    pub path: String,
    /// The line in the file, from 1, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The character of the line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What was expected and what was found.
    pub message: String,
}

fn refused(error: &SourceError) -> Response {
    let refusal = match error {
        SourceError::NoSource => return ApiError::not_found(error.to_string()).into_response(),
        SourceError::Busy | SourceError::Starting(_) => {
            let status = StatusCode::CONFLICT;
            return ApiError::new(status, "conflict", error.to_string()).into_response();
        }
        SourceError::Reload {
            error: ReloadError::Stopping,
            ..
        } => return ApiError::stopping().into_response(),
        SourceError::Reload {
            error: failed @ ReloadError::Failed { .. },
            ..
        } => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            ApiError::new(status, "reload_failed", failed.to_string())
        }
        SourceError::Read(_) | SourceError::Reload { .. } => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            ApiError::new(status, "invalid_spec", summary(error))
        }
    };
    let faults = error.faults();
    let faults = faults.iter().flat_map(|faults| faults.iter());
    let mut reply = ReloadErrorReply {
        error: refusal.detail().clone(),
        faults: faults.map(fault).collect(),
        applied: Vec::new(),
        left: Vec::new(),
    };
    if let SourceError::Reload {
        error: ReloadError::Failed { applied, left, .. },
        ..
    } = error
    {
        (reply.applied, reply.left) = (changes(applied), changes(left));
    }
    (refusal.status(), Json(reply)).into_response()
}

fn summary(error: &SourceError) -> String {
    let count = error.faults().map_or(1, |faults| faults.as_slice().len());
    let faults = if count == 1 { "fault" } else { "faults" };
    format!("{count} {faults}, nothing has changed")
}

fn fault(fault: &Fault) -> FaultReply {
    FaultReply {
        path: fault.path.to_string(),
        line: fault.position.map(|position| position.line),
        column: fault.position.map(|position| position.column),
        message: fault.message.clone(),
    }
}

fn changes(changes: &[SpecChange]) -> Vec<ChangeReply> {
    changes.iter().map(change).collect()
}

fn change(change: &SpecChange) -> ChangeReply {
    let (effect, process, why) = match &change.effect {
        ChangeEffect::InPlace => ("in_place", None, None),
        ChangeEffect::Start { process } => ("start", Some(process), None),
        ChangeEffect::Stop { process } => ("stop", Some(process), None),
        ChangeEffect::Restart { process, why } => ("restart", Some(process), Some(*why)),
        ChangeEffect::Refused { why } => ("refused", None, Some(*why)),
        // There are no more.
        _ => ("", None, None),
    };
    ChangeReply {
        path: change.path.to_string(),
        kind: change.kind.to_string(),
        effect: effect.to_owned(),
        process: process.cloned(),
        why: why.map(str::to_owned),
    }
}
