//! Events and questions, seen wrongly.

use std::time::{Duration, SystemTime};

use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::{Event, EventQuery};

/// What a query shows of itself is all that there is to see from outside.
pub(super) fn offset_of(words: &str) -> usize {
    let (_, rest) = words.split_once("offset: ").expect("it has one");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

pub(super) fn is_from(query: &EventQuery, event: &Event) -> bool {
    // Of a time far ahead: only `from` and what is no time can refuse it there.
    let late = with_time(event, event.wall_time());
    query
        .clone()
        .until(SystemTime::now() + Duration::from_secs(1 << 30))
        .matches(&late)
}

/// The event as if it were of the matter that is asked for.
pub(super) fn without_correlation(query: &EventQuery, event: &Event) -> Event {
    let words = format!("{query:?}");
    let matter = words
        .split_once("correlation_id: Some(\"")
        .map(|(_, rest)| rest);
    let matter = matter.and_then(|rest| rest.split('"').next());
    let Some(matter) = matter else {
        return event.clone();
    };
    changed(event, |json| json["correlation_id"] = matter.into())
}

/// Whether all fits but what is said of the data.
pub(super) fn matches_but_data(query: &EventQuery, event: &Event) -> bool {
    let kinds = [
        ConfigValue::Null,
        false.into(),
        true.into(),
        0.into(),
        1.into(),
        ConfigValue::Float(1.0),
    ];
    let shapes = |value: &ConfigValue| {
        [
            value.clone(),
            ConfigValue::map([("k", value.clone())]),
            ConfigValue::list([value.clone()]),
        ]
    };
    let any = kinds.iter().flat_map(shapes);
    query.matches(event)
        || any
            .into_iter()
            .any(|data| query.matches(&with_data(event, &data)))
}

pub(super) fn with_data(event: &Event, data: &ConfigValue) -> Event {
    changed(event, |json| {
        json["data"] = serde_json::to_value(data).expect("JSON")
    })
}

pub(super) fn with_time(event: &Event, time: SystemTime) -> Event {
    let other = Event::builder("other")
        .wall_time(time)
        .build()
        .expect("an event");
    let other = serde_json::to_value(&other).expect("JSON");
    changed(event, |json| json["wall_time"] = other["wall_time"].clone())
}

pub(super) fn changed(event: &Event, change: impl FnOnce(&mut serde_json::Value)) -> Event {
    let mut json = serde_json::to_value(event).expect("JSON");
    change(&mut json);
    serde_json::from_value(json).expect("an event")
}

pub(super) fn floats(data: &ConfigValue) -> ConfigValue {
    match data {
        ConfigValue::Integer(number) => ConfigValue::Float(*number as f64),
        other => other.clone(),
    }
}
