//! No event is lost that was acknowledged, none is there that was refused, none is there twice.

use std::collections::BTreeMap;

use mainstay::prelude::*;
use mainstay_actors::EventStore;
use mainstay_actors::event_store::{Direction, Event, EventId, EventQuery, OrderBy, StoreError};

use crate::book::{Book, Said};

pub(super) fn faults(all: &[Event], book: &Book) -> Vec<String> {
    let mut kept = BTreeMap::<String, Vec<EventId>>::new();
    let written = |event: &&Event| event.event_type().as_str() == "written";
    for event in all.iter().filter(written) {
        let text = event
            .data()
            .step("text")
            .and_then(|text| text.as_str())
            .unwrap()
            .to_owned();
        kept.entry(text).or_default().push(event.id().unwrap());
    }
    let mut faults = Vec::new();
    let promised = book.with(|pages| pages.events.clone());
    for (text, said) in &promised {
        let found = kept.remove(text).unwrap_or_default();
        let is_right = match said {
            Said::Stored(id) => found == [*id],
            Said::Refused => found.is_empty(),
            Said::Doubtful => found.len() <= 1,
        };
        if !is_right {
            faults.push(format!(
                "the event {text} was {said:?}, and is there as {found:?}"
            ));
        }
    }
    faults.extend(told(book, &promised));
    faults.extend(
        kept.into_keys()
            .map(|text| format!("nobody has stored the event {text}")),
    );
    let stored = promised
        .values()
        .filter(|it| matches!(it, Said::Stored(_)))
        .count();
    if stored < promised.len() / 4 {
        faults.push(format!(
            "only {stored} events of {} were stored: no test",
            promised.len()
        ));
    }
    faults
}

/// Who listens was told once of each event that was acknowledged, and of none that was refused; and that as many may be lost as were stored
/// in tries of which nobody knows what came of them.
fn told(book: &Book, promised: &BTreeMap<String, Said>) -> Vec<String> {
    let (told, untold, doubtful) =
        book.with(|pages| (pages.told.clone(), pages.untold, pages.doubtful));
    let mut faults = Vec::new();
    for (text, said) in promised {
        match (said, told.get(text)) {
            (Said::Stored(_) | Said::Doubtful, Some(1)) => {}
            (Said::Refused | Said::Doubtful, None) => {}
            (_, times) => {
                let times = times.copied().unwrap_or_default();
                faults.push(format!(
                    "the event {text} was {said:?}, and was told {times} times"
                ));
            }
        }
    }
    if untold != doubtful {
        faults.push(format!(
            "{untold} events were said to be lost, and of {doubtful} nobody knows"
        ));
    }
    faults
}

/// All events, page by page; or why they cannot be read.
pub(super) async fn all(app: &Namespace) -> Result<Vec<Event>, StoreError> {
    let store = EventStore::in_namespace(app).unwrap();
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let query = EventQuery::new()
            .order(OrderBy::Id, Direction::Ascending)
            .limit(1000);
        let query = match after {
            Some(id) => query.after(id),
            None => query,
        };
        let page = store.query(query).await?;
        after = page.events.last().and_then(Event::id);
        all.extend(page.events);
        if !page.more {
            return Ok(all);
        }
    }
}
