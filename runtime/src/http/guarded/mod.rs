//! The guards before the Foundation API: one protected operation for each kind of requests, in the namespace that is asked.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the way of a request through them |
//! | `kind.rs` | [`Kind`]: what a request does; its protection |
//! | `whole.rs` | the body of a request, which is read before its operation is begun |
//! | `refused.rs` | what a guard has refused, as an answer |
//! | `fields.rs` | the header fields of the rate limit |
//! | `dropped.rs` | a test: requests that are given up at each of their awaits |

#[cfg(test)]
mod dropped;
mod fields;
mod kind;
mod refused;
mod whole;

use std::net::IpAddr;

use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use mainstay_actors::breaker::{Classify, Outcome};
use mainstay_actors::limiter::RateKey;
use mainstay_actors::protection::{Guard, Protection, ProtectionError};
use mainstay_supervisors::Namespace;

use self::kind::protection;
pub(super) use self::kind::{Api, Kind};
use self::refused::refused;
pub(super) use self::refused::seconds;
use self::whole::whole;
use super::access;
use super::error::ApiError;
use super::router::App;

/// The address of the client, as an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Goes round the requests of one API.
pub(super) async fn guarded(
    State((app, api)): State<(App, Api)>,
    request: Request,
    next: Next,
) -> Response {
    let kind = api.kind(request.method());
    match begin(&app, kind, &request) {
        // Whoever asks a namespace that is not there asks no service; the handler says so.
        Ok(None) => next.run(request).await,
        Ok(Some((namespace, protection))) => {
            let key = request.extensions().get::<Peer>().map(|peer| peer.0);
            let key = key.map_or(RateKey::global(), RateKey::ip);
            let ready = ready((&app, api, kind), &namespace, &protection, key, request);
            let mut response = match ready.await {
                Ok(request) => pass(kind, &protection, key, request, next).await,
                Err(error) => error.into_response(),
            };
            fields::tell(&namespace, &protection, key, response.headers_mut());
            response
        }
        Err(error) => error.into_response(),
    }
}

/// Who may not change anything uses up nothing.
fn begin(
    app: &App,
    kind: Kind,
    request: &Request,
) -> Result<Option<(Namespace, Protection)>, ApiError> {
    if kind.changes() {
        access::presents(&app.settings.token, request.headers())?;
    }
    let Ok(namespace) = app.namespace(namespace_of(request.uri()).as_deref()) else {
        return Ok(None);
    };
    let protection = protection(&namespace, kind, &app.settings.guards)?;
    Ok(Some((namespace, protection)))
}

/// That of the query; what else is in it is looked at by the handler.
fn namespace_of(uri: &Uri) -> Option<String> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let mut pairs = pairs.0.into_iter();
    pairs.find_map(|(name, value)| (name == "namespace").then_some(value))
}

/// A request that changes something, with its whole body: how long that takes is up to the client, and is no part of the operation. Whom a
/// guard is sure to refuse need not send it.
async fn ready(
    (app, api, kind): (&App, Api, Kind),
    namespace: &Namespace,
    protection: &Protection,
    key: RateKey<'_>,
    request: Request,
) -> Result<Request, ApiError> {
    if !kind.changes() {
        return Ok(request);
    }
    let asked = protection.call().key(key).ask_ahead();
    asked.map_err(|error| refused(kind, &error))?;
    whole(app, api, namespace, request).await
}

async fn pass(
    kind: Kind,
    protection: &Protection,
    key: RateKey<'_>,
    request: Request,
    next: Next,
) -> Response {
    let call = protection.call().key(key);
    let answered = call.run_with(Answers, || async {
        let response = next.run(request).await;
        if response.status().is_server_error() {
            Err(response)
        } else {
            Ok(response)
        }
    });
    match answered.await.map_err(ProtectionError::split) {
        Ok(response) | Err(Ok(response)) => response,
        Err(Err(error)) => refused(kind, &error).into_response(),
    }
}

/// What an answer says of the service. One in which a guard of the service itself has refused says nothing of it, and who has.
struct Answers;

impl Classify<Response, Response> for Answers {
    fn classify(&self, answered: &Result<Response, Response>) -> Outcome {
        let (Ok(response) | Err(response)) = answered;
        if self.guard(answered).is_some() {
            return Outcome::Refused;
        }
        match response.status() {
            StatusCode::GATEWAY_TIMEOUT => Outcome::TimedOut,
            status if status.is_server_error() => Outcome::Failure,
            status if status.is_client_error() => Outcome::Ignored,
            _ => Outcome::Success,
        }
    }

    fn guard(&self, answered: &Result<Response, Response>) -> Option<Guard> {
        let (Ok(response) | Err(response)) = answered;
        response.extensions().get().copied()
    }
}
