//! More than a service of the node takes at a time is refused by a guard that is named, and is no failure of the service.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay::prelude::*;
use mainstay_actors::event_store::{
    Appended, BackendAnswer, Event, EventBackend, EventGroup, EventId, EventPage, EventQuery,
    MemoryBackend, PageBounds, StoreBounds, Usage,
};
use mainstay_actors::protection::{Guard, ProtectionCounts};
use mainstay_actors::{CircuitBreakerRegistry, EventStore, ProtectionRegistry};
use mainstay_supervisors::Namespace;
use mainstay_supervisors::specs::EventStoreSpec;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::client::{Answer, Ask};

/// Keeps events in memory, and does nothing until it is let.
#[derive(Debug)]
struct Gate {
    inner: MemoryBackend,
    permits: Semaphore,
}

impl Gate {
    fn shut() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryBackend::new(),
            permits: Semaphore::new(0),
        })
    }

    fn open(&self) {
        self.permits.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    async fn pass(&self) {
        self.permits.acquire().await.unwrap().forget();
    }
}

impl EventBackend for Gate {
    fn kind(&self) -> &'static str {
        "gate"
    }

    fn append(
        &self,
        groups: Arc<[EventGroup]>,
        bounds: StoreBounds,
    ) -> BackendAnswer<'_, Appended> {
        Box::pin(async move {
            self.pass().await;
            self.inner.append(groups, bounds).await
        })
    }

    fn get(&self, id: EventId) -> BackendAnswer<'_, Option<Event>> {
        self.inner.get(id)
    }

    fn query(&self, query: Arc<EventQuery>, bounds: PageBounds) -> BackendAnswer<'_, EventPage> {
        Box::pin(async move {
            self.pass().await;
            self.inner.query(query, bounds).await
        })
    }

    fn remove_before(&self, time: SystemTime, at_most: u32) -> BackendAnswer<'_, u64> {
        self.inner.remove_before(time, at_most)
    }

    fn usage(&self) -> BackendAnswer<'_, Usage> {
        self.inner.usage()
    }
}

/// A node whose event store is behind a gate.
async fn node(gate: &Arc<Gate>, spec: EventStoreSpec) -> Node {
    let gate = Arc::clone(gate);
    let builder = Node::builder().kind("gated_store", move |()| {
        EventStore::child_with(spec.clone(), gate.clone())
    });
    let text = r#"(
        http: (bind: "127.0.0.1:0", token: "secret"),
        namespaces: [(
            name: "production",
            services: (telemetry: (), circuit_breakers: (), rate_limiters: (), protections: ()),
            children: [(id: "gated", kind: "gated_store")],
        )],
    )"#;
    let spec = NodeSpec::from_ron(text, &builder).unwrap();
    builder.boot(&spec).await.unwrap()
}

fn production(node: &Node) -> Namespace {
    node.namespace("production").unwrap()
}

fn asked(node: &Node, ask: fn() -> Ask) -> JoinHandle<Answer> {
    let to = node.address().unwrap();
    tokio::spawn(async move { ask().send(to).await })
}

fn read() -> Ask {
    Ask::get("/api/events".to_owned())
}

fn write() -> Ask {
    Ask::new("POST", "/api/events".to_owned())
        .header("authorization", "Bearer secret")
        .header("content-type", "application/json")
        .body(r#"{"event_type":"a"}"#.to_owned())
}

fn is_refused_by_the_pool(answer: &Answer) {
    assert_eq!(answer.error(), (503, "unavailable".into(), None));
    assert_eq!(answer.header("mainstay-guard"), Some("pool"));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

/// Ten refusals, by the bound of what is done at a time.
fn are_told(node: &Node, operation: &str) -> ProtectionCounts {
    let protections = ProtectionRegistry::of(&production(node));
    let counts = protections.protection(operation).unwrap().stats().counts;
    assert_eq!(counts.refused_within, 10);
    assert_eq!(counts.refused_within(Guard::Pool), 10);
    assert_eq!(counts.running(), 0);
    counts
}

/// It said so without naming who had refused, and its fifth such answer opened the circuit for everybody.
#[tokio::test]
async fn more_questions_than_the_store_takes_are_refused_by_name_and_open_no_circuit() {
    let gate = Gate::shut();
    let spec = EventStoreSpec::memory()
        .queries_max(2)
        .queries_waiting_max(3);
    let node = node(&gate, spec).await;
    let store = EventStore::in_namespace(&production(&node)).unwrap();
    let patient = [(); 5].map(|()| asked(&node, read));
    while store.stats().questions_waiting < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.stats().questions, 2);
    for _ in 0..10 {
        is_refused_by_the_pool(&asked(&node, read).await.unwrap());
    }
    let breakers = CircuitBreakerRegistry::of(&production(&node));
    for name in ["api.events.reads", "event_store.queries"] {
        let breaker = breakers.circuit(name).unwrap();
        assert_eq!(breaker.stats().totals.failures, 0, "{name}");
    }
    gate.open();
    for answer in patient {
        assert_eq!(answer.await.unwrap().status, 200);
    }
    let counts = are_told(&node, "api.events.reads");
    assert_eq!(
        (counts.begun, counts.successes, counts.failures),
        (15, 5, 0)
    );
    assert_eq!(store.stats().questions_waiting, 0);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn more_events_than_may_wait_are_refused_by_name_and_open_no_circuit() {
    let gate = Gate::shut();
    let spec = EventStoreSpec::memory()
        .batch_max(1)
        .group_max(1)
        .queue_max(1);
    let node = node(&gate, spec).await;
    let store = EventStore::in_namespace(&production(&node)).unwrap();
    let mut patient = vec![asked(&node, write)];
    // One is being stored, and one waits.
    while patient.len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if store.stats().waiting == 0 {
            patient.push(asked(&node, write));
        }
    }
    while store.stats().waiting < 1 {
        tokio::task::yield_now().await;
    }
    for _ in 0..10 {
        is_refused_by_the_pool(&asked(&node, write).await.unwrap());
    }
    let breakers = CircuitBreakerRegistry::of(&production(&node));
    let breaker = breakers.circuit("api.events.writes").unwrap();
    assert_eq!(breaker.stats().totals.failures, 0);
    gate.open();
    for answer in patient {
        assert_eq!(answer.await.unwrap().status, 201);
    }
    let counts = are_told(&node, "api.events.writes");
    assert_eq!(
        (counts.begun, counts.successes, counts.failures),
        (12, 2, 0)
    );
    node.stop(Duration::from_secs(5)).await;
}
