//! A question, from the parameters of a request.

use std::fmt::Display;
use std::str::FromStr;
use std::time::SystemTime;

use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::{
    CorrelationId, Direction, EventId, EventProcess, EventQuery, EventType, OrderBy,
};
use mainstay_specs::ServiceName;

use crate::http::error::ApiError;

/// As they stand in the URL; some may be given more than once.
pub(super) type Parameters = Vec<(String, String)>;

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) namespace: Option<String>,
    pub(super) query: EventQuery,
    /// What is wrong with parameters, each of which it is of; the query is what the others say.
    pub(super) faults: Vec<String>,
}

/// All that may be asked, for those who misspell it.
const NAMES: &str = "namespace, event_type, from, until, after, before, correlation_id, parent_id, process, node, data, data.…, order_by, \
                     direction, offset, limit";

impl Asked {
    pub(super) fn of(parameters: Parameters) -> Self {
        let mut reading = Reading::default();
        for (name, value) in parameters {
            if let Err(fault) = reading.take(&name, &value) {
                reading.faults.push(format!("{name}: {fault}"));
            }
        }
        let (by, direction) = (reading.order_by, reading.direction);
        Self {
            namespace: reading.namespace,
            query: reading
                .query
                .order(by.unwrap_or_default(), direction.unwrap_or_default()),
            faults: reading.faults,
        }
    }
}

/// The namespace, where nothing else may be said.
pub(super) fn only_namespace(parameters: Parameters) -> Result<Option<String>, ApiError> {
    let mut namespace = None;
    let mut faults = Vec::new();
    for (name, value) in parameters {
        match name.as_str() {
            "namespace" if namespace.is_none() => namespace = Some(value),
            "namespace" => faults.push(format!("{name}: {TWICE}")),
            _ => faults.push(format!("{name}: unknown parameter, expected namespace")),
        }
    }
    if faults.is_empty() {
        return Ok(namespace);
    }
    Err(ApiError::bad_request(faults.join("; ")))
}

#[derive(Default)]
struct Reading {
    namespace: Option<String>,
    query: EventQuery,
    order_by: Option<OrderBy>,
    direction: Option<Direction>,
    seen: Vec<&'static str>,
    faults: Vec<String>,
}

impl Reading {
    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        // If this one is faulty, what the others say is looked at all the same.
        let query = self.query.clone();
        self.query = match name {
            "event_type" => query.event_type(parsed::<EventType>(value)?),
            "from" => self.once("from", query.from(time(value)?))?,
            "until" => self.once("until", query.until(time(value)?))?,
            "correlation_id" => {
                let id = parsed::<CorrelationId>(value)?;
                self.once("correlation_id", query.correlation_id(id))?
            }
            "after" => self.once("after", query.after(parsed::<EventId>(value)?))?,
            "before" => self.once("before", query.before(parsed::<EventId>(value)?))?,
            "parent_id" => self.once("parent_id", query.parent_id(parsed::<EventId>(value)?))?,
            "process" => self.once("process", query.process(parsed::<EventProcess>(value)?))?,
            "node" => {
                let node = ServiceName::new(value).map_err(|error| error.to_string())?;
                self.once("node", query.node(node))?
            }
            "offset" => self.once("offset", query.offset(number(value)?))?,
            "limit" => self.once("limit", query.limit(number(value)?))?,
            "data" => with_data(query, "", value)?,
            _ if name.starts_with(DATA) => with_data(query, &name[DATA.len()..], value)?,
            other => {
                self.about_the_whole(other, value)?;
                query
            }
        };
        Ok(())
    }

    fn about_the_whole(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "namespace" => self.namespace = Some(self.once("namespace", value.to_owned())?),
            "order_by" => {
                let by = one_of(value, &[("id", OrderBy::Id), ("time", OrderBy::Time)])?;
                self.order_by = Some(self.once("order_by", by)?);
            }
            "direction" => {
                let (up, down) = (Direction::Ascending, Direction::Descending);
                let direction = one_of(value, &[("ascending", up), ("descending", down)])?;
                self.direction = Some(self.once("direction", direction)?);
            }
            _ => return Err(format!("unknown parameter, expected one of {NAMES}")),
        }
        Ok(())
    }

    fn once<T>(&mut self, name: &'static str, value: T) -> Result<T, String> {
        if self.seen.contains(&name) {
            return Err(TWICE.to_owned());
        }
        self.seen.push(name);
        Ok(value)
    }
}

/// The value of a parameter is JSON if it can be, else it is text: `data.user=ada`, `data.count=3`, `data.code="3"`.
fn with_data(query: EventQuery, path: &str, value: &str) -> Result<EventQuery, String> {
    let value = serde_json::from_str(value).unwrap_or_else(|_| ConfigValue::from(value));
    query.data(path, value).map_err(|error| error.to_string())
}

fn parsed<T: FromStr<Err: Display>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| error.to_string())
}

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    let found: String = value.chars().take(32).collect();
    let number = value.parse();
    number.map_err(|_| format!("expected a number from 0, found {found:?}"))
}

fn time(value: &str) -> Result<SystemTime, String> {
    mainstay_actors::event_store::parse_time(value)
}

fn one_of<T: Copy>(value: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == value);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let found: String = value.chars().take(32).collect();
        format!("expected {}, found {found:?}", words.join(" or "))
    })
}

const DATA: &str = "data.";
const TWICE: &str = "given twice";
