//! Events that are kept: `/api/events`.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | what is answered |
//! | `asked.rs` | a question, from the parameters of a request |
//! | `body.rs` | the body of a request, which may be as large as an event may |
//! | `given.rs` | events, from the body of a request |
//! | `refused.rs` | what the store refuses, as an answer |

mod asked;
mod body;
mod given;
mod refused;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mainstay_actors::EventStore;
use mainstay_actors::event_store::{Event, EventId, EventPage};
use serde::{Deserialize, Serialize};

use self::asked::{Asked, Parameters};
pub(super) use self::body::body_max;
use self::given::given;
use self::refused::{not_read, not_stored, on_one_line};
use super::access::MayChange;
use super::body::{body, declares_json};
use super::error::ApiError;
use super::router::App;

/// What `POST /api/events` answers, with the status 201: the numbers of the events, in the order in which they were given. They are there
/// to stay.
///
/// ```json
/// {"ids":[41,42]}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventsStored {
    /// The numbers.
    pub ids: Vec<EventId>,
}

type Pairs = Result<Query<Parameters>, QueryRejection>;

pub(in crate::http) async fn list(
    State(app): State<App>,
    pairs: Pairs,
) -> Result<Json<EventPage>, ApiError> {
    let Asked {
        namespace,
        query,
        faults,
    } = Asked::of(parameters(pairs)?);
    let store = store(&app, namespace.as_deref());
    if !faults.is_empty() {
        // What is wrong with the rest is told with it: of the namespace, or of the query as a whole.
        let rest = match &store {
            Ok(store) => store.check(&query).err().as_ref().map(on_one_line),
            Err(error) => Some(format!("namespace: {}", error.detail().message)),
        };
        let faults: Vec<String> = faults.into_iter().chain(rest).collect();
        return Err(ApiError::bad_request(faults.join("; ")));
    }
    let store = store?;
    let page = store.query(query).await;
    page.map(Json).map_err(|error| not_read(&error))
}

pub(in crate::http) async fn one(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    pairs: Pairs,
) -> Result<Json<Event>, ApiError> {
    let Path(id) = id.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let namespace = asked::only_namespace(parameters(pairs)?)?;
    let id: EventId = id
        .parse()
        .map_err(|error| ApiError::bad_request(format!("{error}")).at(id))?;
    let store = store(&app, namespace.as_deref())?;
    let found = store.get(id).await.map_err(|error| not_read(&error))?;
    found
        .map(Json)
        .ok_or_else(|| ApiError::not_found(format!("there is no event {id}")).at(id.to_string()))
}

pub(in crate::http) async fn put(
    _: MayChange,
    State(app): State<App>,
    pairs: Pairs,
    request: Request,
) -> Result<Response, ApiError> {
    let namespace = asked::only_namespace(parameters(pairs)?)?;
    let store = store(&app, namespace.as_deref())?;
    declares_json(request.headers())?;
    let body = body(&app, request, body_max(&store)).await?;
    let stored = match given(&body)? {
        given::Given::One(event) => store.store(*event).await.map(|id| vec![id]),
        given::Given::Many(events) => store.store_batch(events).await,
    };
    let ids = stored.map_err(|error| not_stored(&error))?;
    Ok((StatusCode::CREATED, Json(EventsStored { ids })).into_response())
}

fn parameters(pairs: Pairs) -> Result<Parameters, ApiError> {
    let pairs = pairs.map_err(|error| ApiError::bad_request(error.body_text()))?;
    Ok(pairs.0)
}

fn store(app: &App, namespace: Option<&str>) -> Result<EventStore, ApiError> {
    let namespace = app.namespace(namespace)?;
    let store = EventStore::in_namespace(&namespace);
    store.ok_or_else(|| {
        let name = namespace.name();
        ApiError::not_found(format!("the namespace `{name}` has no event store"))
    })
}
