//! The body of a request, which is read before its operation is begun.

use axum::body::Body;
use axum::extract::Request;
use mainstay_actors::EventStore;
use mainstay_supervisors::Namespace;

use super::kind::Api;
use crate::http::BODY_MAX;
use crate::http::body::{body, declares_json};
use crate::http::error::ApiError;
use crate::http::event_store::body_max;
use crate::http::router::App;

/// The request with its whole body. One that is not declared as JSON is left where it is: it is refused without a look at it.
pub(super) async fn whole(
    app: &App,
    api: Api,
    namespace: &Namespace,
    request: Request,
) -> Result<Request, ApiError> {
    if declares_json(request.headers()).is_err() {
        return Ok(request);
    }
    let max = match api {
        Api::Config => BODY_MAX,
        Api::Events => {
            EventStore::in_namespace(namespace).map_or(BODY_MAX, |store| body_max(&store))
        }
    };
    let (head, given) = request.into_parts();
    let body = body(app, Request::new(given), max).await?;
    Ok(Request::from_parts(head, Body::from(body)))
}
