//! Sorting the events of a runtime by namespace.
//!
//! Several contexts may share a runtime. Each event is read once for all of them, by whoever looks first, and put to those of
//! its namespace: with thousands of contexts nobody reads thousands of times.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use mainstay_specs::NamespaceName;
use mainstay_supervisors::{Delivery, Event, EventStream, Namespace};

/// The events of one namespace.
#[derive(Default)]
pub(in crate::testkit) struct Sink {
    events: Mutex<Vec<Event>>,
    /// Unknown while it starts. A handle that does not keep it up.
    namespace: OnceLock<Namespace>,
}

impl Sink {
    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn since(&self, place: usize) -> Vec<Event> {
        self.lock().get(place..).unwrap_or_default().to_vec()
    }

    /// The namespace has started: what is there of others, which had the same name before, is none of it.
    fn belongs_to(&self, namespace: Namespace) {
        let is_ours = |event: &Event| event.kind.process().namespace().as_ref() == Some(&namespace);
        self.lock().retain(is_ours);
        self.namespace.set(namespace).ok();
    }

    fn take(&self, event: Event, of: &Namespace) {
        if self.namespace.get().is_none_or(|namespace| namespace == of) {
            self.lock().push(event);
        }
    }

    fn len(&self) -> usize {
        self.lock().len()
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("events", &self.len()).finish()
    }
}

struct State {
    /// `None` once nobody listens any more.
    stream: Option<EventStream>,
    /// By name; several only while one of them is about to find out that the name is taken.
    sinks: HashMap<NamespaceName, Vec<Weak<Sink>>>,
    missed: u64,
}

/// Reads the events of one runtime.
pub(in crate::testkit) struct Collector(Mutex<State>);

impl Collector {
    pub(in crate::testkit) fn new(stream: EventStream) -> Self {
        Self(Mutex::new(State {
            stream: Some(stream),
            sinks: HashMap::new(),
            missed: 0,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens from now on in a namespace of this name goes to this sink.
    pub(in crate::testkit) fn expect(&self, name: &NamespaceName, sink: &Arc<Sink>) {
        let mut state = self.lock();
        state.drain();
        let sinks = state.sinks.entry(name.clone()).or_default();
        sinks.retain(|sink| sink.strong_count() > 0);
        sinks.push(Arc::downgrade(sink));
    }

    /// The namespace has started, and the sink is for it alone.
    pub(in crate::testkit) fn found(&self, namespace: &Namespace, sink: &Sink) {
        let root = namespace.root();
        // Found by its root, it does not keep the namespace up, as the handle does.
        let found = root.and_then(|root| root.process().namespace());
        let mut state = self.lock();
        state.drain();
        if let Some(namespace) = found {
            sink.belongs_to(namespace);
        }
    }

    /// Puts what has happened where it belongs.
    pub(super) fn drain(&self) {
        self.lock().drain();
    }

    pub(super) fn missed(&self) -> u64 {
        self.lock().missed
    }

    /// Waits until the sink has an event at this place, or there are any that have not been sorted.
    pub(super) fn more(&self, sink: &Sink, place: usize) -> impl Future<Output = ()> + use<> {
        // Both under the lock: whoever sorts an event to the sink moves the stream on.
        let state = self.lock();
        let is_there = sink.len() > place;
        let stream = state.stream.clone();
        drop(state);
        async move {
            let told = match stream {
                _ if is_there => true,
                Some(mut stream) => stream.next().await.is_some(),
                None => false,
            };
            if !told {
                std::future::pending().await
            }
        }
    }

    /// Sorts what there is, and listens no longer.
    pub(in crate::testkit) fn close(&self) {
        let mut state = self.lock();
        state.drain();
        state.stream = None;
    }
}

impl State {
    fn drain(&mut self) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        while let Some(delivery) = stream.try_next() {
            match delivery {
                Delivery::Lagged(missed) => self.missed += missed,
                Delivery::Event(event) => put(&self.sinks, &event),
                _ => {}
            }
        }
    }
}

fn put(sinks: &HashMap<NamespaceName, Vec<Weak<Sink>>>, event: &Event) {
    let Some(namespace) = event.kind.process().namespace() else {
        return;
    };
    let Some(sinks) = sinks.get(namespace.name()) else {
        return;
    };
    for sink in sinks.iter().filter_map(Weak::upgrade) {
        sink.take(event.clone(), &namespace);
    }
}
