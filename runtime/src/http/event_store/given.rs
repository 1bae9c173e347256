//! Events, from the body of a request.

use mainstay_actors::event_store::{Event, EventError};
use serde_json::value::RawValue;

use crate::http::error::ApiError;

/// One event, or a list of them.
#[derive(Debug)]
pub(super) enum Given {
    One(Box<Event>),
    Many(Vec<Event>),
}

/// What the body says: all events that are none are told, each with its place in the list. Each is read as it was written, so that a
/// field that is given twice is told.
pub(super) fn given(body: &[u8]) -> Result<Given, ApiError> {
    let broken = |error| ApiError::bad_request(format!("the body: {error}"));
    let json: &RawValue = serde_json::from_slice(body).map_err(broken)?;
    if json.get().starts_with('[') {
        let list: Vec<&RawValue> = serde_json::from_str(json.get()).map_err(broken)?;
        return many(&list).map(Given::Many);
    }
    event(json)
        .map(|event| Given::One(Box::new(event)))
        .map_err(ApiError::invalid_value)
}

fn many(list: &[&RawValue]) -> Result<Vec<Event>, ApiError> {
    let mut events = Vec::with_capacity(list.len());
    let mut faults = Vec::new();
    for (nth, json) in list.iter().enumerate() {
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

/// Without the place, which is told by the name of the field and the number of the event.
fn event(json: &RawValue) -> Result<Event, String> {
    Event::deserialize_from_str(json.get()).map_err(|error| {
        let text = error.to_string().replace('\n', "; ");
        match text.rsplit_once(" at line ") {
            Some((what, place)) if is_place(place) && matches!(error, EventError::Json(_)) => {
                what.to_owned()
            }
            _ => text,
        }
    })
}

/// Such as `3 column 14`.
fn is_place(text: &str) -> bool {
    let numbers = text.split_once(" column ");
    numbers.is_some_and(|(line, column)| {
        [line, column]
            .iter()
            .all(|number| number.parse::<u64>().is_ok())
    })
}

/// How many events are told of that are none.
const FAULTS_MAX: usize = 20;
