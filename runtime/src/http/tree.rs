//! The live tree.

use std::fmt::Write as _;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use mainstay_supervisors::{SupervisorRef, TreeNode};

use super::error::ApiError;
use super::reply::TreeReply;
use super::router::App;

pub(super) async fn tree(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let node = app.node()?;
    // Read first, so that nothing that happens meanwhile is missed.
    let last_event = node.runtime().last_event();
    let roots = node.runtime().roots();
    let roots: Vec<TreeNode> = roots
        .iter()
        .map(SupervisorRef::process)
        .map(TreeNode::of)
        .collect();
    if prefers_text(&headers) {
        return Ok(picture(&roots).into_response());
    }
    Ok(Json(TreeReply::new(last_event, roots)).into_response())
}

fn picture(roots: &[TreeNode]) -> String {
    roots.iter().fold(String::new(), |mut text, root| {
        let _infallible = write!(text, "{root}");
        text
    })
}

/// Whether the first type that the caller names, of those there are, is text.
fn prefers_text(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .map(str::trim)
        .find(|range| ["text/plain", "application/json", "*/*"].contains(range))
        == Some("text/plain")
}
