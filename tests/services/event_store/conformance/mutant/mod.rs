//! A backend with a flaw.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Mutant`] |
//! | `flaw.rs` | [`Flaw`]: what can be wrong with it |
//! | `views.rs` | events and questions, seen wrongly |

mod flaw;
mod views;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mainstay_actors::event_store::{
    Appended, BackendAnswer, BackendError, Event, EventBackend, EventGroup, EventId, EventPage,
    EventQuery, PageBounds, Refused, StoreBounds, Usage,
};

pub(super) use flaw::Flaw;
use views::{
    floats, is_from, matches_but_data, offset_of, with_data, with_time, without_correlation,
};

/// All events, as a list.
#[derive(Debug, Default)]
struct List {
    events: Vec<Event>,
    last: u64,
}

#[derive(Debug)]
pub(super) struct Mutant {
    flaw: Flaw,
    list: Mutex<List>,
}

impl Mutant {
    pub(super) fn new(flaw: Flaw) -> Self {
        let last = u64::from(flaw == Flaw::NumbersFromZero);
        let list = Mutex::new(List {
            events: Vec::new(),
            last,
        });
        Self { flaw, list }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn with<T>(&self, work: impl FnOnce(&mut List) -> T) -> T {
        work(&mut self.list.lock().expect("no panic"))
    }

    fn taken(&self, event: &Event) -> Option<EventId> {
        self.with(|list| {
            let there = list
                .events
                .iter()
                .find(|there| event.id().is_some() && there.id() == event.id());
            there
                .filter(|there| !there.says_the_same(event))
                .and_then(Event::id)
        })
    }

    /// The lowest of a group's numbered events that were not there and would be gone at once; and all is as it was.
    fn without_room(
        &self,
        group: &[Event],
        there: &[EventId],
        bounds: StoreBounds,
        at_most: u64,
    ) -> Option<EventId> {
        let given = group.iter().filter_map(Event::id);
        let new: Vec<EventId> = given.filter(|id| !there.contains(id)).collect();
        if new.is_empty() || self.has(Flaw::RoomForAll) {
            return None;
        }
        let new = new.into_iter();
        self.with(|list| {
            if self.has(Flaw::NoRoomBelow) {
                let lowest = there.iter().min();
                return new
                    .filter(|id| lowest.is_some_and(|lowest| id < lowest))
                    .min();
            }
            let mut after = List {
                events: list.events.clone(),
                last: list.last,
            };
            self.evict(&mut after, bounds, at_most);
            let is_gone = |id: &EventId| !after.events.iter().any(|event| event.id() == Some(*id));
            new.filter(is_gone).min()
        })
    }

    /// One group after those before it.
    async fn put(
        &self,
        group: &[Event],
        there: &[EventId],
        bounds: StoreBounds,
        at_most: u64,
    ) -> Result<Vec<EventId>, Refused> {
        let before = self.with(|list| (list.events.clone(), list.last));
        let ids = self.group(group).await.map_err(Refused::Taken)?;
        match self.without_room(group, there, bounds, at_most) {
            Some(id) => {
                self.with(|list| (list.events, list.last) = before);
                Err(Refused::NoRoom(id))
            }
            None => Ok(ids),
        }
    }

    async fn group(&self, group: &[Event]) -> Result<Vec<EventId>, EventId> {
        let taken = group.iter().find_map(|event| self.taken(event));
        if let Some(taken) =
            taken.filter(|_| !self.has(Flaw::Parted) && !self.has(Flaw::Overwrites))
        {
            return Err(taken);
        }
        let highest = group
            .iter()
            .filter_map(Event::id)
            .max()
            .map_or(0, EventId::get);
        self.with(|list| {
            if self.has(Flaw::NumbersAgain) {
                list.last = list
                    .events
                    .iter()
                    .filter_map(Event::id)
                    .max()
                    .map_or(0, EventId::get);
            }
            list.last = list.last.max(highest);
        });
        let mut ids = Vec::new();
        for event in group {
            if let Some(taken) = self.taken(event).filter(|_| self.has(Flaw::Parted)) {
                return Err(taken);
            }
            ids.push(self.with(|list| self.insert(list, event)));
            if self.has(Flaw::OneByOne) {
                tokio::task::yield_now().await;
            }
        }
        Ok(ids)
    }

    fn insert(&self, list: &mut List, event: &Event) -> EventId {
        let id = event.id().unwrap_or_else(|| {
            list.last += 1;
            EventId::new(list.last).expect("not 0")
        });
        if self.has(Flaw::Overwrites) {
            list.events.retain(|there| there.id() != Some(id));
        }
        if !list.events.iter().any(|there| there.id() == Some(id)) {
            list.events.push(event.clone().with_id(id));
        }
        id
    }

    fn evict(&self, list: &mut List, bounds: StoreBounds, at_most: u64) -> u64 {
        let bytes = |list: &List| list.events.iter().map(Event::serialized_size).sum::<u64>();
        let mut evicted = 0;
        list.events.sort_by_key(|event| match self.flaw {
            Flaw::EarliestGoes => (event.wall_time(), event.id()),
            _ => (UNIX_EPOCH, event.id()),
        });
        let at_most = if self.has(Flaw::AllAtOnceGoes) {
            u64::MAX
        } else {
            at_most
        };
        while evicted < at_most
            && (list.events.len() as u64 > bounds.events
                || (!self.has(Flaw::BytesUncounted)
                    && bytes(list) > bounds.bytes
                    && list.events.len() > 1))
        {
            list.events.remove(0);
            evicted += 1;
        }
        evicted
    }

    fn fits(&self, query: &EventQuery, event: &Event) -> bool {
        let mut event = event.clone();
        if self.has(Flaw::UntilToo) && event.wall_time() > UNIX_EPOCH {
            // As if it had happened a little earlier; `from` is held against the right time.
            let earlier = with_time(&event, event.wall_time() - Duration::from_micros(1));
            return query.matches(&event)
                || query.clone().from(UNIX_EPOCH).matches(&earlier) && is_from(query, &event);
        }
        if self.has(Flaw::NoCorrelation) {
            return query.matches(&event) || query.matches(&without_correlation(query, &event));
        }
        if self.has(Flaw::NoData) {
            return query.matches(&event) || matches_but_data(query, &event);
        }
        event = self.seen(event);
        query.matches(&event)
    }

    fn seen(&self, event: Event) -> Event {
        match self.flaw {
            Flaw::Floats => with_data(&event, &floats(event.data())),
            Flaw::Small if event.data_size() > 1_000_000 => with_data(&event, &"x".into()),
            Flaw::Milliseconds => {
                let since = event.wall_time().duration_since(UNIX_EPOCH).expect("later");
                let millis = u64::try_from(since.as_millis()).expect("it fits");
                with_time(&event, UNIX_EPOCH + Duration::from_millis(millis))
            }
            _ => event,
        }
    }

    fn ask(&self, query: &EventQuery, bounds: PageBounds) -> EventPage {
        let mut fits: Vec<Event> = self.with(|list| {
            let fits = list.events.iter().filter(|event| match self.flaw {
                Flaw::OffsetBeforeData => matches_but_data(query, event),
                _ => self.fits(query, event),
            });
            fits.cloned().collect()
        });
        let words = format!("{query:?}");
        let (by_time, down) = (
            words.contains("order_by: Time"),
            words.contains("direction: Descending"),
        );
        fits.sort_by(|a, b| {
            let times = if by_time {
                a.wall_time().cmp(&b.wall_time())
            } else {
                std::cmp::Ordering::Equal
            };
            let ids = a.id().cmp(&b.id());
            match (down, by_time && self.has(Flaw::TiesAscending)) {
                (false, _) => times.then(ids),
                (true, false) => times.then(ids).reverse(),
                (true, true) => times.reverse().then(ids),
            }
        });
        let mut page = EventPage::default();
        let mut bytes = 0;
        for event in fits.into_iter().skip(offset_of(&words)) {
            if self.has(Flaw::OffsetBeforeData) && !query.matches(&event) {
                continue;
            }
            bytes += event.serialized_size();
            let large =
                bytes > bounds.bytes && !page.events.is_empty() && !self.has(Flaw::LongAnswers);
            if page.events.len() == bounds.events as usize || large {
                page.more = !self.has(Flaw::NeverMore);
                break;
            }
            page.events.push(self.seen(event));
        }
        page
    }

    fn remove(&self, time: SystemTime, at_most: u32) -> u64 {
        let time = match self.flaw {
            Flaw::ThatTimeToo => time + Duration::from_micros(1),
            _ => time,
        };
        let at_most = if self.has(Flaw::AllAtOnce) {
            usize::MAX
        } else {
            at_most as usize
        };
        self.with(|list| {
            let old = list.events.iter().filter(|event| event.wall_time() < time);
            let mut old: Vec<_> = old.map(|event| (event.wall_time(), event.id())).collect();
            old.sort_unstable();
            old.truncate(at_most);
            list.events
                .retain(|event| !old.iter().any(|(_, id)| *id == event.id()));
            old.len() as u64
        })
    }

    fn use_of(list: &List) -> Usage {
        let bytes = list.events.iter().map(Event::serialized_size).sum();
        Usage::new(list.events.len() as u64, bytes, list.last)
    }
}

impl EventBackend for Mutant {
    fn kind(&self) -> &'static str {
        "mutant"
    }

    fn append(
        &self,
        groups: Arc<[EventGroup]>,
        bounds: StoreBounds,
    ) -> BackendAnswer<'_, Appended> {
        Box::pin(async move {
            let mut outcomes = Vec::new();
            let mut passed_over = Vec::new();
            let at_most = StoreBounds::evicted_max(&groups);
            let numbers = || self.with(|list| list.events.iter().filter_map(Event::id).collect());
            let at_first: Vec<_> = numbers();
            for (nth, group) in groups.iter().enumerate() {
                let there = match self.flaw {
                    Flaw::EachForItself => at_first.clone(),
                    _ => numbers(),
                };
                let outcome = self.put(&group.events, &there, bounds, at_most).await;
                let ids = outcome.iter().flatten().filter(|id| there.contains(id));
                passed_over.extend(ids.map(|id| (nth, *id)));
                outcomes.push(outcome);
            }
            if self.has(Flaw::AlwaysNew) {
                passed_over.clear();
            }
            Ok::<_, BackendError>(self.with(|list| {
                let evicted = self.evict(list, bounds, StoreBounds::evicted_max(&groups));
                let appended = Appended::new(outcomes, evicted, Self::use_of(list));
                appended.passed_over(passed_over)
            }))
        })
    }

    fn get(&self, id: EventId) -> BackendAnswer<'_, Option<Event>> {
        let found = self.with(|list| {
            list.events
                .iter()
                .find(|event| event.id() == Some(id))
                .cloned()
        });
        let found = found.map(|event| self.seen(event));
        Box::pin(std::future::ready(Ok(found)))
    }

    fn query(&self, query: Arc<EventQuery>, bounds: PageBounds) -> BackendAnswer<'_, EventPage> {
        Box::pin(std::future::ready(Ok(self.ask(&query, bounds))))
    }

    fn remove_before(&self, time: SystemTime, at_most: u32) -> BackendAnswer<'_, u64> {
        Box::pin(async move {
            if self.has(Flaw::Overtakes) {
                let before = self.with(|list| list.events.clone());
                tokio::task::yield_now().await;
                self.with(|list| list.events = before);
            }
            Ok(self.remove(time, at_most))
        })
    }

    fn usage(&self) -> BackendAnswer<'_, Usage> {
        Box::pin(std::future::ready(Ok(self.with(|list| Self::use_of(list)))))
    }
}
