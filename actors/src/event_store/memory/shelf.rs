//! The events, and where to find them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::ops::Bound;
use std::time::SystemTime;

use crate::event_store::backend::{Appended, EventGroup, Refused, StoreBounds, Usage};
use crate::event_store::event::Event;
use crate::event_store::id::EventId;
use crate::event_store::numbering::number;
use crate::event_store::query::{
    Direction, EventPage, EventQuery, OrderBy, PageBounds, Pager, Turn,
};
use crate::event_store::room::Newcomers;
use crate::event_store::text::CorrelationId;
use crate::event_store::time::bounded_micros;

/// An event with its size.
#[derive(Debug)]
struct Kept {
    event: Event,
    bytes: u64,
}

impl Kept {
    fn new(event: Event) -> Self {
        let bytes = event.serialized_size();
        Self { event, bytes }
    }
}

/// All events of one namespace.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    events: BTreeMap<EventId, Kept>,
    by_time: BTreeSet<(u64, EventId)>,
    by_correlation: HashMap<CorrelationId, BTreeSet<EventId>>,
    bytes: u64,
    last: u64,
}

impl Shelf {
    pub(super) fn append(&mut self, groups: &[EventGroup], bounds: StoreBounds) -> Appended {
        let mut passed_over = Vec::new();
        let mut outcomes = Vec::with_capacity(groups.len());
        let evicted_max = StoreBounds::evicted_max(groups);
        for (nth, group) in groups.iter().enumerate() {
            let pass_over = |id| passed_over.push((nth, id));
            outcomes.push(self.append_group(&group.events, (bounds, evicted_max), pass_over));
        }
        let mut evicted = 0;
        while evicted < evicted_max && bounds.are_broken_by(self.events.len() as u64, self.bytes) {
            if let Some(id) = self.events.keys().next().copied() {
                self.remove(id);
            }
            evicted += 1;
        }
        Appended::new(outcomes, evicted, self.usage()).passed_over(passed_over)
    }

    fn append_group(
        &mut self,
        group: &[Event],
        (bounds, at_most): (StoreBounds, u64),
        pass_over: impl FnMut(EventId),
    ) -> Result<Vec<EventId>, Refused> {
        if let Some(taken) = self.taken(group) {
            return Err(Refused::Taken(taken));
        }
        let (ids, last) = number(group, self.last);
        let (mut new, mut newcomers) = (Vec::new(), Newcomers::default());
        for (event, id) in group.iter().zip(&ids) {
            if !self.events.contains_key(id) {
                let kept = Kept::new(event.clone().with_id(*id));
                newcomers.add(*id, kept.bytes, event.id.is_some());
                new.push((*id, kept));
            }
        }
        if let Some(id) = self.without_room(&newcomers, bounds, at_most) {
            return Err(Refused::NoRoom(id));
        }
        self.last = last;
        let there = ids.iter().filter(|id| self.events.contains_key(id));
        there.copied().for_each(pass_over);
        for (id, kept) in new {
            self.insert(id, kept);
        }
        Ok(ids)
    }

    /// The number of the first that is taken by one that says something else.
    fn taken(&self, group: &[Event]) -> Option<EventId> {
        let mut given = group.iter().filter_map(|event| Some((event.id?, event)));
        let taken = given.find(|(id, event)| {
            let kept = self.events.get(id);
            kept.is_some_and(|kept| !kept.event.says_the_same(event))
        });
        taken.map(|(id, _)| id)
    }

    fn without_room(&self, new: &Newcomers, bounds: StoreBounds, at_most: u64) -> Option<EventId> {
        let there = self.events.iter();
        let there = there.map(|(id, kept)| Ok::<_, Infallible>((*id, kept.bytes)));
        let Ok(lowest) = new.first_without_room(there, self.usage(), bounds, at_most);
        lowest
    }

    fn insert(&mut self, id: EventId, kept: Kept) {
        self.bytes += kept.bytes;
        let event = &kept.event;
        self.by_time.insert((bounded_micros(event.wall_time), id));
        if let Some(correlation) = &event.correlation_id {
            let ids = self.by_correlation.entry(correlation.clone());
            ids.or_default().insert(id);
        }
        self.events.insert(id, kept);
    }

    fn remove(&mut self, id: EventId) {
        let Some(Kept { event, bytes }) = self.events.remove(&id) else {
            return;
        };
        self.bytes -= bytes;
        self.by_time.remove(&(bounded_micros(event.wall_time), id));
        let Some(correlation) = event.correlation_id else {
            return;
        };
        if let Some(ids) = self.by_correlation.get_mut(&correlation) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_correlation.remove(&correlation);
            }
        }
    }

    pub(super) fn get(&self, id: EventId) -> Option<Event> {
        self.events.get(&id).map(|kept| kept.event.clone())
    }

    pub(super) fn query(&self, query: &EventQuery, bounds: PageBounds) -> EventPage {
        let mut pager = Pager::new(query.offset, bounds);
        if let Some(correlation) = &query.correlation_id {
            // Few of all, which can be sorted.
            let ids = self.by_correlation.get(correlation).into_iter().flatten();
            self.sorted(ids.copied(), query, &mut pager);
        } else if query.order_by == OrderBy::Time {
            let times = self.by_time.range(span(query)).map(|(_, id)| *id);
            self.in_order(times, query, &mut pager);
        } else if query.from.is_some() || query.until.is_some() {
            let times = self.by_time.range(span(query)).map(|(_, id)| *id);
            self.sorted(times, query, &mut pager);
        } else {
            let (after, before) = (query.after, query.before);
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let until = before.map_or(Bound::Unbounded, Bound::Excluded);
            // A range whose end is not after its beginning is none.
            if after
                .zip(before)
                .is_none_or(|(after, before)| after < before)
            {
                let ids = self.events.range((from, until)).map(|(id, _)| *id);
                self.in_order(ids, query, &mut pager);
            }
        }
        pager.page()
    }

    /// Goes through numbers that come in ascending order of what is asked for.
    fn in_order(
        &self,
        ids: impl DoubleEndedIterator<Item = EventId>,
        query: &EventQuery,
        pager: &mut Pager,
    ) {
        match query.direction {
            Direction::Ascending => self.walk(ids, query, pager),
            Direction::Descending => self.walk(ids.rev(), query, pager),
        }
    }

    fn sorted(&self, ids: impl Iterator<Item = EventId>, query: &EventQuery, pager: &mut Pager) {
        let found = ids.filter_map(|id| self.events.get(&id));
        let mut found: Vec<&Kept> = found.filter(|kept| query.matches(&kept.event)).collect();
        found.sort_unstable_by(|a, b| query.compare(&a.event, &b.event));
        let ids = found.iter().filter_map(|kept| kept.event.id);
        self.walk(ids, query, pager);
    }

    fn walk(&self, ids: impl Iterator<Item = EventId>, query: &EventQuery, pager: &mut Pager) {
        let found = ids.filter_map(|id| self.events.get(&id));
        for kept in found.filter(|kept| query.matches(&kept.event)) {
            if pager.take(|| kept.event.clone(), kept.bytes) == Turn::Done {
                return;
            }
        }
    }

    pub(super) fn remove_before(&mut self, time: SystemTime, at_most: u32) -> u64 {
        let end = (bounded_micros(time), EventId::FIRST);
        let old = self.by_time.range(..end).map(|(_, id)| *id);
        let old: Vec<EventId> = old.take(at_most as usize).collect();
        old.iter().for_each(|id| self.remove(*id));
        old.len() as u64
    }

    pub(super) fn usage(&self) -> Usage {
        Usage::new(self.events.len() as u64, self.bytes, self.last)
    }
}

/// The times that are asked for.
fn span(query: &EventQuery) -> std::ops::Range<(u64, EventId)> {
    let from = query.from.unwrap_or(0);
    let until = query.until.unwrap_or(u64::MAX).max(from);
    (from, EventId::FIRST)..(until, EventId::FIRST)
}
