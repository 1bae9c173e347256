//! An event as databases keep it, in columns, and the questions that are asked of them.

use std::time::Duration;

use mainstay_specs::{NamespaceName, ServiceName};

use super::backend::BackendError;
use super::event::{Event, Unsaid, data_json, nanoseconds};
use super::id::EventId;
use super::query::{Direction, EventQuery, OrderBy, PageBounds};
use super::text::{CorrelationId, EventProcess, EventType};
use super::time;

/// The columns of an event, but that of its namespace, in the order in which they are always named.
pub(super) const COLUMNS: &str =
    "id, event_type, wall_us, monotonic_ns, node, process, correlation_id, parent_id, data, bytes";

/// An event in columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Columns {
    pub(super) id: i64,
    pub(super) event_type: String,
    pub(super) wall_us: i64,
    pub(super) monotonic_ns: Option<i64>,
    pub(super) node: Option<String>,
    pub(super) process: Option<String>,
    pub(super) correlation_id: Option<String>,
    pub(super) parent_id: Option<i64>,
    pub(super) data: String,
    pub(super) bytes: i64,
}

impl Columns {
    /// An event under this number.
    pub(super) fn of(event: &Event, id: EventId) -> Self {
        let mut event = event.clone();
        event.id = Some(id);
        Self {
            id: signed(id.get()),
            wall_us: signed(time::bounded_micros(event.wall_time)),
            monotonic_ns: event.monotonic.map(|time| signed(nanoseconds(time))),
            bytes: signed(event.serialized_size()),
            data: data_json(&event.data),
            event_type: event.event_type.into(),
            node: event.node.map(|node| node.as_str().to_owned()),
            process: event.process.map(Into::into),
            correlation_id: event.correlation_id.map(Into::into),
            parent_id: event.parent_id.map(|id| signed(id.get())),
        }
    }

    /// The event, of this namespace.
    pub(super) fn event(self, namespace: &NamespaceName) -> Result<Event, BackendError> {
        let number = self.id;
        let event = self.try_event(namespace);
        event.map_err(|what| BackendError::Unreadable(format!("event {number}: {what}")))
    }

    fn try_event(self, namespace: &NamespaceName) -> Result<Event, String> {
        let monotonic = self.monotonic_ns.map(unsigned).transpose()?;
        Ok(Event {
            id: Some(id(self.id)?),
            event_type: EventType::new(self.event_type).map_err(told("event_type"))?,
            wall_time: time::from_micros(unsigned(self.wall_us)?),
            monotonic: monotonic.map(Duration::from_nanos),
            node: parsed(self.node, |text| {
                ServiceName::new(text).map_err(told("node"))
            })?,
            namespace: Some(namespace.clone()),
            process: parsed(self.process, |text| {
                EventProcess::new(text).map_err(told("process"))
            })?,
            correlation_id: parsed(self.correlation_id, |text| {
                CorrelationId::new(text).map_err(told("correlation_id"))
            })?,
            parent_id: self.parent_id.map(id).transpose()?,
            data: serde_json::from_str(&self.data).map_err(told("data"))?,
            unsaid: Unsaid::default(),
        })
    }
}

/// What is said of an event beside its data: as SQL, with a value for each mark.
#[derive(Debug, PartialEq)]
pub(super) struct Question {
    pub(super) sql: String,
    pub(super) values: Vec<SqlValue>,
    /// Whether offset and limit are in the text. If not, the data have to be looked at before anything is counted.
    pub(super) is_paged: bool,
}

/// A value in the place of a mark.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SqlValue {
    Number(i64),
    Text(String),
}

/// The question for the events of the namespace with this key, of which the marks begin with this character: `?1` or `$1`.
pub(super) fn question(
    query: &EventQuery,
    namespace: i64,
    bounds: PageBounds,
    mark: char,
) -> Question {
    let mut writer = Writer {
        sql: format!("SELECT {COLUMNS} FROM mainstay_events WHERE namespace = "),
        values: Vec::new(),
        mark,
    };
    writer.value(SqlValue::Number(namespace));
    writer.conditions(query);
    writer.order(query);
    let is_paged = query.data.is_empty();
    if is_paged {
        writer.sql.push_str(" LIMIT ");
        writer.value(SqlValue::Number(i64::from(bounds.events) + 1));
        writer.sql.push_str(" OFFSET ");
        writer.value(SqlValue::Number(signed(query.offset)));
    }
    Question {
        sql: writer.sql,
        values: writer.values,
        is_paged,
    }
}

struct Writer {
    sql: String,
    values: Vec<SqlValue>,
    mark: char,
}

impl Writer {
    fn value(&mut self, value: SqlValue) {
        self.values.push(value);
        self.sql.push(self.mark);
        self.sql.push_str(&self.values.len().to_string());
    }

    fn text(&mut self, column: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.condition(column, "=", SqlValue::Text(text.to_owned()));
        }
    }

    fn number(&mut self, column: &str, operator: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.condition(column, operator, SqlValue::Number(signed(number)));
        }
    }

    fn condition(&mut self, column: &str, operator: &str, value: SqlValue) {
        self.sql.push_str(&format!(" AND {column} {operator} "));
        self.value(value);
    }

    fn conditions(&mut self, query: &EventQuery) {
        if let Some((first, others)) = query.types.split_first() {
            self.sql.push_str(" AND event_type IN (");
            self.value(SqlValue::Text(first.as_str().to_owned()));
            for other in others {
                self.sql.push_str(", ");
                self.value(SqlValue::Text(other.as_str().to_owned()));
            }
            self.sql.push(')');
        }
        self.number("wall_us", ">=", query.from);
        self.number("wall_us", "<", query.until);
        self.text(
            "correlation_id",
            query.correlation_id.as_ref().map(CorrelationId::as_str),
        );
        self.number("id", ">", query.after.map(EventId::get));
        self.number("id", "<", query.before.map(EventId::get));
        self.number("parent_id", "=", query.parent_id.map(EventId::get));
        self.text("process", query.process.as_ref().map(EventProcess::as_str));
        self.text("node", query.node.as_ref().map(ServiceName::as_str));
    }

    fn order(&mut self, query: &EventQuery) {
        let direction = match query.direction {
            Direction::Ascending => "ASC",
            Direction::Descending => "DESC",
        };
        let order = match query.order_by {
            OrderBy::Id => format!(" ORDER BY id {direction}"),
            OrderBy::Time => format!(" ORDER BY wall_us {direction}, id {direction}"),
        };
        self.sql.push_str(&order);
    }
}

/// Databases have no unsigned numbers. What does not fit is more than there ever is.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> Result<u64, String> {
    u64::try_from(number).map_err(|_| format!("expected no negative number, found {number}"))
}

pub(super) fn id(number: i64) -> Result<EventId, String> {
    let id = u64::try_from(number).ok().and_then(EventId::new);
    id.ok_or_else(|| format!("expected a number from 1, found {number}"))
}

fn parsed<T>(
    text: Option<String>,
    parse: impl FnOnce(String) -> Result<T, String>,
) -> Result<Option<T>, String> {
    text.map(parse).transpose()
}

fn told<E: std::fmt::Display>(what: &str) -> impl FnOnce(E) -> String + '_ {
    move |error| format!("{what}: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_a_mark_for_everything_that_is_said() {
        let named = |text: &str| EventType::new(text).expect("a type");
        let query = EventQuery::new()
            .event_type(named("a"))
            .event_type(named("b"))
            .from(time::from_micros(5))
            .until(time::from_micros(9))
            .correlation_id(CorrelationId::new("c").expect("an id"))
            .parent_id(EventId::FIRST)
            .order(OrderBy::Time, Direction::Descending)
            .offset(3);
        let asked = question(&query, 7, PageBounds::new(10, 1000), '$');
        assert_eq!(
            asked.sql.split_once(" WHERE ").map(|(_, rest)| rest),
            Some(
                "namespace = $1 AND event_type IN ($2, $3) AND wall_us >= $4 AND wall_us < $5 AND correlation_id = $6 \
                 AND parent_id = $7 ORDER BY wall_us DESC, id DESC LIMIT $8 OFFSET $9"
            )
        );
        let text = |text: &str| SqlValue::Text(text.to_owned());
        let number = SqlValue::Number;
        assert_eq!(
            asked.values,
            [
                number(7),
                text("a"),
                text("b"),
                number(5),
                number(9),
                text("c"),
                number(1),
                number(11),
                number(3)
            ]
        );
    }

    #[test]
    fn what_is_said_of_the_data_is_looked_at_before_anything_is_counted() {
        let query = EventQuery::new().data("a", 1).expect("a path").offset(3);
        let asked = question(&query, 7, PageBounds::new(10, 1000), '?');
        assert!(!asked.is_paged);
        assert!(
            asked.sql.ends_with("WHERE namespace = ?1 ORDER BY id ASC"),
            "{}",
            asked.sql
        );
    }
}
