//! One backend that is tried, and what it should hold.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use mainstay_actors::event_store::{
    Appended, BackendError, Event, EventBackend, EventGroup, EventId, EventPage, EventQuery,
    PageBounds, StoreBounds, Usage,
};
use mainstay_specs::NamespaceName;

use crate::testkit::conformance::{Violation, same};

const FAILS: &str = "a backend that works does not fail";
const USAGE: &str = "how much there is, is told as it is";

/// So much that nothing has to go.
pub(super) const ROOM: StoreBounds = StoreBounds::new(1_000_000, 1 << 40);

/// So much that an answer is whole.
pub(super) const WHOLE: PageBounds = PageBounds::new(1_000_000, 1 << 40);

pub(super) struct Trial {
    pub(super) backend: Arc<dyn EventBackend>,
    pub(super) namespace: NamespaceName,
    /// What should be there, by number.
    pub(super) events: Vec<Event>,
    /// The highest number that was given.
    last: u64,
}

impl Trial {
    pub(super) async fn new<F, B>(name: &str, make: &F) -> Self
    where
        F: Fn(NamespaceName) -> B,
        B: Future<Output = Arc<dyn EventBackend>>,
    {
        let namespace = NamespaceName::new(name).expect("a name");
        Self {
            backend: make(namespace.clone()).await,
            namespace,
            events: Vec::new(),
            last: 0,
        }
    }

    /// Events as a store gives them to its backend.
    pub(super) fn group(&self, events: impl IntoIterator<Item = Event>) -> EventGroup {
        let own = |event: Event| event.in_namespace(self.namespace.clone());
        EventGroup::new(events.into_iter().map(own).collect())
    }

    pub(super) async fn append(
        &self,
        groups: Vec<EventGroup>,
        bounds: StoreBounds,
    ) -> Result<Appended, Violation> {
        told(self.backend.append(groups.into(), bounds).await)
    }

    /// Stores events together, which have to come by these numbers; they should be there from now on.
    pub(super) async fn put(
        &mut self,
        rule: &'static str,
        events: Vec<Event>,
        expected: &[u64],
    ) -> Result<(), Violation> {
        let group = self.group(events);
        let appended = self.append(vec![group.clone()], ROOM).await?;
        let ids: Vec<EventId> = expected.iter().filter_map(|id| EventId::new(*id)).collect();
        self.note(&group, &ids);
        same(rule, &appended.groups, &vec![Ok(ids)])?;
        same(USAGE, &appended.usage, &self.should_use())
    }

    /// These should be there from now on.
    pub(super) fn note(&mut self, group: &EventGroup, ids: &[EventId]) {
        for (event, id) in group.events.iter().zip(ids) {
            self.last = self.last.max(id.get());
            self.events.push(event.clone().with_id(*id));
        }
        self.events.sort_by_key(Event::id);
    }

    pub(super) fn should_use(&self) -> Usage {
        let bytes = self.events.iter().map(Event::serialized_size).sum();
        Usage::new(self.events.len() as u64, bytes, self.last)
    }

    /// All that is there has to be all that should be.
    pub(super) async fn look(&self, rule: &'static str) -> Result<(), Violation> {
        let page = self.ask(EventQuery::new(), WHOLE).await?;
        same(rule, &page.events, &self.events)?;
        same(USAGE, &self.usage().await?, &self.should_use())
    }

    pub(super) async fn ask(
        &self,
        query: EventQuery,
        bounds: PageBounds,
    ) -> Result<EventPage, Violation> {
        told(self.backend.query(Arc::new(query), bounds).await)
    }

    pub(super) async fn get(&self, id: u64) -> Result<Option<Event>, Violation> {
        match EventId::new(id) {
            Some(id) => told(self.backend.get(id).await),
            None => Ok(None),
        }
    }

    pub(super) async fn usage(&self) -> Result<Usage, Violation> {
        told(self.backend.usage().await)
    }

    pub(super) async fn remove(&self, time: SystemTime, at_most: u32) -> Result<u64, Violation> {
        told(self.backend.remove_before(time, at_most).await)
    }
}

fn told<T: Debug>(answer: Result<T, BackendError>) -> Result<T, Violation> {
    answer.map_err(|error| Violation {
        rule: FAILS,
        expected: "an answer".to_owned(),
        found: error.to_string(),
    })
}
