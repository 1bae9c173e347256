//! Events, from the body of a request.

use mainstay_actors::event_store::Event;
use serde_json::Value;

use crate::http::error::ApiError;

/// One event, or a list of them.
#[derive(Debug)]
pub(super) enum Given {
    One(Box<Event>),
    Many(Vec<Event>),
}

/// What the body says: all events that are none are told, each with its place in the list.
pub(super) fn given(body: &[u8]) -> Result<Given, ApiError> {
    let json: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("the body: {error}")))?;
    match json {
        Value::Array(list) => many(list).map(Given::Many),
        one => event(one)
            .map(|event| Given::One(Box::new(event)))
            .map_err(ApiError::invalid_value),
    }
}

fn many(list: Vec<Value>) -> Result<Vec<Event>, ApiError> {
    let mut events = Vec::with_capacity(list.len());
    let mut faults = Vec::new();
    for (nth, json) in list.into_iter().enumerate() {
        match event(json) {
            Ok(event) => events.push(event),
            Err(fault) => faults.push(format!("[{nth}]: {fault}")),
        }
    }
    if faults.is_empty() {
        return Ok(events);
    }
    let count = faults.len();
    faults.truncate(FAULTS_MAX);
    if count > FAULTS_MAX {
        faults.push(format!("and {} more", count - FAULTS_MAX));
    }
    Err(ApiError::invalid_value(faults.join("; ")))
}

fn event(json: Value) -> Result<Event, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

/// How many events are told of that are none.
const FAULTS_MAX: usize = 20;
