//! More than a service of the node takes at a time is refused by a guard that is named, and is no failure of the service.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mainstay::prelude::*;
use mainstay_actors::protection::{Guard, ProtectionCounts};
use mainstay_actors::{CircuitBreakerRegistry, EventStore, ProtectionRegistry};
use mainstay_supervisors::Namespace;
use mainstay_supervisors::specs::EventStoreSpec;
use tokio::task::JoinHandle;

use crate::client::{Answer, Ask};
use crate::event_store::Gate;

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
    let gate = Gate::shut_to_all();
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
    gate.let_all_pass();
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
    let gate = Gate::shut_to_all();
    let spec = EventStoreSpec::memory()
        .batch_max(1)
        .group_max(1)
        .queue_max(1);
    let node = node(&gate, spec).await;
    let store = EventStore::in_namespace(&production(&node)).unwrap();
    // One is being stored, and one waits.
    let first = asked(&node, write);
    while gate.begun.load(Ordering::SeqCst) < 1 {
        tokio::task::yield_now().await;
    }
    let second = asked(&node, write);
    while store.stats().waiting < 1 {
        tokio::task::yield_now().await;
    }
    for _ in 0..10 {
        is_refused_by_the_pool(&asked(&node, write).await.unwrap());
    }
    let breakers = CircuitBreakerRegistry::of(&production(&node));
    let breaker = breakers.circuit("api.events.writes").unwrap();
    assert_eq!(breaker.stats().totals.failures, 0);
    gate.let_all_pass();
    for answer in [first, second] {
        assert_eq!(answer.await.unwrap().status, 201);
    }
    let counts = are_told(&node, "api.events.writes");
    assert_eq!(
        (counts.begun, counts.successes, counts.failures),
        (12, 2, 0)
    );
    node.stop(Duration::from_secs(5)).await;
}
