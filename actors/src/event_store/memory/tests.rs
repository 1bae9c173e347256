//! The shelf held against a list that is looked through for each question.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::ConfigValue;
use crate::event_store::backend::Refused;
use crate::event_store::query::{Direction, OrderBy};
use crate::event_store::text::{CorrelationId, EventProcess, EventType};
use crate::event_store::time::from_micros;

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Vec<Event>>, StoreBounds),
    Remove(u64, u32),
    Ask(EventQuery, PageBounds),
}

/// What has happened, as a list.
#[derive(Default)]
struct Model {
    events: Vec<Event>,
    last: u64,
}

impl Model {
    fn append(&mut self, groups: &[EventGroup], bounds: StoreBounds) -> Appended {
        let at_most = StoreBounds::evicted_max(groups);
        let mut passed_over = Vec::new();
        let mut outcomes = Vec::new();
        for (nth, group) in groups.iter().enumerate() {
            let there: Vec<_> = self.events.iter().filter_map(|event| event.id).collect();
            let before = (self.events.clone(), self.last);
            let outcome = self.group(&group.events).map_err(Refused::Taken);
            let gone = self.would_go(&group.events, &there, bounds, at_most);
            let outcome =
                outcome.and_then(|ids| gone.map_or(Ok(ids), |id| Err(Refused::NoRoom(id))));
            if outcome.is_err() {
                (self.events, self.last) = before;
            }
            let ids = outcome.iter().flatten().filter(|id| there.contains(id));
            passed_over.extend(ids.map(|id| (nth, *id)));
            outcomes.push(outcome);
        }
        let evicted = self.evict(bounds, at_most);
        Appended::new(outcomes, evicted, self.usage()).passed_over(passed_over)
    }

    fn evict(&mut self, bounds: StoreBounds, at_most: u64) -> u64 {
        let mut evicted = 0;
        while evicted < at_most
            && (self.events.len() as u64 > bounds.events
                || (self.bytes() > bounds.bytes && self.events.len() > 1))
        {
            let lowest = self.events.iter().map(|event| event.id).min().flatten();
            self.events.retain(|event| event.id != lowest);
            evicted += 1;
        }
        evicted
    }

    /// The lowest of a group's numbered events that were not there and would be gone at once.
    fn would_go(
        &self,
        group: &[Event],
        there: &[EventId],
        bounds: StoreBounds,
        at_most: u64,
    ) -> Option<EventId> {
        let mut after = Self {
            events: self.events.clone(),
            last: self.last,
        };
        after.evict(bounds, at_most);
        let is_gone = |id: &EventId| !after.events.iter().any(|event| event.id == Some(*id));
        let new = group.iter().filter_map(|event| event.id);
        new.filter(|id| !there.contains(id)).filter(is_gone).min()
    }

    fn group(&mut self, group: &[Event]) -> Result<Vec<EventId>, EventId> {
        for event in group {
            let there = self
                .events
                .iter()
                .find(|there| event.id.is_some() && there.id == event.id);
            if there.is_some_and(|there| there != event) {
                return Err(event.id.expect("it is given"));
            }
        }
        let highest = group.iter().filter_map(|event| event.id).max();
        self.last = self.last.max(highest.map_or(0, EventId::get));
        let mut ids = Vec::new();
        for event in group {
            let id = event.id.unwrap_or_else(|| {
                self.last += 1;
                EventId::new(self.last).expect("not 0")
            });
            ids.push(id);
            if !self.events.iter().any(|there| there.id == Some(id)) {
                let mut event = event.clone();
                event.id = Some(id);
                self.events.push(event);
            }
        }
        Ok(ids)
    }

    fn bytes(&self) -> u64 {
        self.events.iter().map(Event::serialized_size).sum()
    }

    fn usage(&self) -> Usage {
        Usage::new(self.events.len() as u64, self.bytes(), self.last)
    }

    fn remove(&mut self, micros: u64, at_most: u32) -> u64 {
        let mut old: Vec<(SystemTime, EventId)> = Vec::new();
        for event in &self.events {
            if event.wall_time < from_micros(micros) {
                old.push((event.wall_time, event.id.expect("it is stored")));
            }
        }
        old.sort_unstable();
        old.truncate(at_most as usize);
        self.events
            .retain(|event| !old.iter().any(|(_, id)| event.id == Some(*id)));
        old.len() as u64
    }

    fn ask(&self, query: &EventQuery, bounds: PageBounds) -> EventPage {
        let mut fits: Vec<Event> = self
            .events
            .iter()
            .filter(|event| query.matches(event))
            .cloned()
            .collect();
        fits.sort_by_key(|event| match query.order_by {
            OrderBy::Id => (SystemTime::UNIX_EPOCH, event.id),
            OrderBy::Time => (event.wall_time, event.id),
        });
        if query.direction == Direction::Descending {
            fits.reverse();
        }
        let rest = fits
            .into_iter()
            .skip(usize::try_from(query.offset).expect("few"));
        let rest: Vec<Event> = rest.collect();
        let mut page = EventPage::default();
        let mut bytes = 0;
        for event in &rest {
            bytes += event.serialized_size();
            let full = page.events.len() == bounds.events as usize;
            if full || (bytes > bounds.bytes && !page.events.is_empty()) {
                page.more = true;
                break;
            }
            page.events.push(event.clone());
        }
        page
    }
}

fn data() -> impl Strategy<Value = ConfigValue> {
    let inner = prop_oneof![
        Just(ConfigValue::Null),
        (0..3_i64).prop_map(ConfigValue::from),
        Just(ConfigValue::from(1.0)),
        Just(ConfigValue::from("a")),
    ];
    prop_oneof![
        inner.clone(),
        inner
            .clone()
            .prop_map(|value| ConfigValue::map([("k", value)])),
        inner.prop_map(|value| ConfigValue::list([value])),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let texts = (
        0..3_u8,
        prop::option::of(0..3_u8),
        prop::option::of(0..2_u8),
    );
    let numbers = (
        prop::option::weighted(0.1, 1..30_u64),
        prop::option::of(1..5_u64),
        0..6_u64,
    );
    (texts, numbers, data()).prop_map(|((kind, matter, process), (id, parent, at), data)| {
        let mut event = Event::builder(format!("t{kind}")).data(data);
        event = event.wall_time(from_micros(at));
        if let Some(matter) = matter {
            event = event.correlation_id(format!("m{matter}"));
        }
        if let Some(process) = process {
            event = event.process(format!("p{process}"));
        }
        if let Some(parent) = parent.and_then(EventId::new) {
            event = event.parent_id(parent);
        }
        let event = id.iter().fold(event, |event, id| event.id(*id));
        event.build().expect("an event")
    })
}

fn query() -> impl Strategy<Value = EventQuery> {
    let of = |weight| prop::option::weighted(weight, 0..6_u64);
    let said = (
        prop::collection::vec(0..3_u8, 0..2),
        of(0.3),
        of(0.3),
        prop::option::weighted(0.3, 0..3_u8),
        prop::option::weighted(0.2, 1..5_u64),
        prop::option::weighted(0.2, 0..2_u8),
    );
    let data = prop::option::weighted(0.3, (prop::sample::select(vec!["", "k", "0"]), data()));
    let by_id = prop::option::weighted(0.2, 1..30_u64);
    let order = (any::<bool>(), any::<bool>(), 0..4_u64, by_id.clone(), by_id);
    (said, data, order).prop_map(|(said, data, (by_time, down, offset, after, before))| {
        let (types, from, until, matter, parent, process) = said;
        let mut query = EventQuery::new().offset(offset);
        for kind in types {
            query = query.event_type(EventType::new(format!("t{kind}")).expect("a type"));
        }
        query.from = from;
        query.until = until;
        query.correlation_id = matter.map(|m| CorrelationId::new(format!("m{m}")).expect("an id"));
        query.parent_id = parent.and_then(EventId::new);
        query.after = after.and_then(EventId::new);
        query.before = before.and_then(EventId::new);
        query.process = process.map(|p| EventProcess::new(format!("p{p}")).expect("a path"));
        if let Some((path, value)) = data {
            query = query.data(path, value).expect("a path");
        }
        let by = if by_time { OrderBy::Time } else { OrderBy::Id };
        let down = if down {
            Direction::Descending
        } else {
            Direction::Ascending
        };
        query.order(by, down)
    })
}

fn step() -> impl Strategy<Value = Step> {
    let groups = prop::collection::vec(prop::collection::vec(event(), 0..4), 0..4);
    let bounds =
        (1..40_u64, 1..4000_u64).prop_map(|(events, bytes)| StoreBounds::new(events, bytes));
    let page = (1..8_u32, 1..2000_u64).prop_map(|(events, bytes)| PageBounds::new(events, bytes));
    prop_oneof![
        3 => (groups, bounds).prop_map(|(groups, bounds)| Step::Append(groups, bounds)),
        1 => (0..8_u64, 0..6_u32).prop_map(|(time, at_most)| Step::Remove(time, at_most)),
        6 => (query(), page).prop_map(|(query, page)| Step::Ask(query, page)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_shelf_does_what_a_list_would(steps in prop::collection::vec(step(), 0..60)) {
        let (mut shelf, mut model) = (Shelf::default(), Model::default());
        for step in steps {
            match step {
                Step::Append(groups, bounds) => {
                    let groups: Vec<_> = groups.into_iter().map(|events| {
                        // What callers give twice in one batch is refused before.
                        let mut seen = Vec::new();
                        let fresh = events.into_iter().filter(|event| {
                            let is_new = event.id.is_none() || !seen.contains(&event.id);
                            seen.push(event.id);
                            is_new
                        });
                        EventGroup::new(fresh.collect())
                    }).collect();
                    prop_assert_eq!(shelf.append(&groups, bounds), model.append(&groups, bounds));
                }
                Step::Remove(time, at_most) => {
                    prop_assert_eq!(shelf.remove_before(from_micros(time), at_most), model.remove(time, at_most));
                }
                Step::Ask(query, bounds) => {
                    prop_assert_eq!(shelf.query(&query, bounds), model.ask(&query, bounds));
                }
            }
            prop_assert_eq!(shelf.usage(), model.usage());
        }
        for id in (1..60).filter_map(EventId::new) {
            let there = model.events.iter().find(|event| event.id == Some(id));
            prop_assert_eq!(shelf.get(id), there.cloned());
        }
    }
}

#[test]
fn a_time_between_two_microseconds_parts_them() {
    let event = |at| {
        Event::builder("e")
            .wall_time(from_micros(at))
            .build()
            .expect("an event")
    };
    let between = from_micros(5) + Duration::from_nanos(1);
    let before = EventQuery::new().until(between);
    let after = EventQuery::new().from(between);
    assert!(before.matches(&event(5)) && !before.matches(&event(6)));
    assert!(!after.matches(&event(5)) && after.matches(&event(6)));
}
