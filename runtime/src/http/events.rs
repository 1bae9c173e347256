//! The stream of events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use mainstay_supervisors::{Delivery, EventStream, Runtime, StopToken};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

use super::change::TreeEvent;
use super::error::ApiError;
use super::router::App;
use super::settings::STREAMS_MAX;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    after: Option<u64>,
}

pub(super) async fn events(
    State(app): State<App>,
    query: Result<Query<From>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Query(from) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let after = last_seen(&headers)?.or(from.after);
    let permit = Arc::clone(&app.settings.streams).try_acquire_owned();
    let permit = permit.map_err(|_| ApiError::too_many_streams(STREAMS_MAX))?;
    let node = app.node()?;
    let feed = Feed::new(node.runtime(), after, app.stop, permit);
    // The stream must not hold the node up.
    drop(node);
    let events = stream::unfold(feed, |mut feed| async {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    Ok(Sse::new(events).keep_alive(heartbeat).into_response())
}

/// What a client says that comes back after its connection was lost.
fn last_seen(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let id = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    match id {
        Some(id) => Ok(Some(id)),
        None => Err(ApiError::bad_request(
            "Last-Event-ID: expected the number of an event",
        )),
    }
}

/// One client's reading of the events.
struct Feed {
    events: EventStream,
    /// The number of the last event that was read.
    seen: u64,
    /// Said first: the client knows events of another run of the node.
    reset: Option<Reset>,
    stop: StopToken,
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    fn new(
        runtime: &Runtime,
        after: Option<u64>,
        stop: StopToken,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let last_event = runtime.last_event();
        let ahead = after.is_some_and(|after| after > last_event);
        let seen = if ahead {
            0
        } else {
            after.unwrap_or(last_event)
        };
        Self {
            events: runtime.events_after(seen),
            seen,
            reset: ahead.then_some(Reset { last_event }),
            stop,
            _permit: permit,
        }
    }

    /// The next event to send; `None` when the server stops and all was sent.
    async fn next(&mut self) -> Option<Event> {
        if let Some(reset) = self.reset.take() {
            return Event::default().event("reset").json_data(reset).ok();
        }
        loop {
            let delivery = tokio::select! {
                biased;
                delivery = self.events.next() => delivery,
                () = self.stop.stopped() => None,
            };
            // What this version does not know how to tell is passed over.
            if let Some(event) = self.tell(delivery?) {
                return Some(event);
            }
        }
    }

    fn tell(&mut self, delivery: Delivery) -> Option<Event> {
        match delivery {
            Delivery::Event(event) => {
                self.seen = event.id;
                let event = TreeEvent::of(&event)?;
                self.event(event.change.name(), &event)
            }
            Delivery::Lagged(missed) => {
                self.seen += missed;
                self.event("lagged", &Lagged { missed })
            }
            _ => None,
        }
    }

    fn event<T: Serialize>(&self, name: &str, data: &T) -> Option<Event> {
        let event = Event::default().id(self.seen.to_string()).event(name);
        // Our types are written as JSON without fail.
        event.json_data(data).ok()
    }
}

#[derive(Serialize)]
struct Lagged {
    missed: u64,
}

#[derive(Serialize)]
struct Reset {
    last_event: u64,
}

const LAST_EVENT_ID: &str = "last-event-id";
const HEARTBEAT: Duration = Duration::from_secs(15);
