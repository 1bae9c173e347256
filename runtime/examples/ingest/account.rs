//! From lines to events and back: what of a file is in the event store.

use std::collections::BTreeSet;

use mainstay::actors::EventStore;
use mainstay::actors::config::ConfigValue;
use mainstay::actors::event_store::{
    CorrelationId, Direction, Event, EventError, EventQuery, OrderBy,
};

use crate::ingest::IngestError;
use crate::line::Line;
use crate::text::Text;

/// A line that is none is kept, with what is wrong with it.
pub(crate) fn event(file: &str, nth: u64, line: &Text) -> Result<Event, EventError> {
    let (kind, data) = match Line::parse(line) {
        Ok(line) => ("access", line.data(nth)),
        Err(error) => {
            let (text, error) = (line.text.as_str().into(), error.to_string().into());
            let fields = [("line", nth.into()), ("text", text), ("error", error)];
            let data = ConfigValue::map::<_, ConfigValue>(fields);
            ("access.malformed", data)
        }
    };
    let event = Event::builder(kind).correlation_id(file);
    event.data(data).build()
}

/// The last line of a file that is stored; 0 if none is.
pub(crate) async fn last_line(store: &EventStore, file: &str) -> Result<u64, IngestError> {
    let last = of_file(file)?
        .order(OrderBy::Id, Direction::Descending)
        .limit(1);
    let page = store.query(last).await?;
    Ok(page.events.first().map_or(0, line_of))
}

fn of_file(file: &str) -> Result<EventQuery, IngestError> {
    Ok(EventQuery::new().correlation_id(CorrelationId::new(file)?))
}

fn line_of(event: &Event) -> u64 {
    let line = field(event, "line").and_then(ConfigValue::as_u64);
    line.unwrap_or(0)
}

fn field<'a>(event: &'a Event, name: &str) -> Option<&'a ConfigValue> {
    event.data().as_map()?.get(name)
}

/// What of a file is in the event store.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) access: u64,
    /// The lines, and what is wrong with them.
    pub(crate) malformed: Vec<(u64, String)>,
    pub(crate) twice: u64,
    lines: BTreeSet<u64>,
}

impl Account {
    pub(crate) async fn of(store: &EventStore, file: String) -> Result<Self, IngestError> {
        let mut account = Self::default();
        let mut offset = 0;
        loop {
            let page = store.query(of_file(&file)?.offset(offset)).await?;
            offset += page.events.len() as u64;
            page.events.iter().for_each(|event| account.add(event));
            if !page.more {
                return Ok(account);
            }
        }
    }

    fn add(&mut self, event: &Event) {
        let line = line_of(event);
        if !self.lines.insert(line) {
            self.twice += 1;
        }
        match field(event, "error") {
            Some(error) => self
                .malformed
                .push((line, error.as_str().unwrap_or_default().to_owned())),
            None => self.access += 1,
        }
    }

    /// How many of so many lines are not there.
    pub(crate) fn missing(&self, total: u64) -> usize {
        (1..=total)
            .filter(|line| !self.lines.contains(line))
            .count()
    }
}
