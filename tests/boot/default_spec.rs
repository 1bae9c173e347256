//! What `mainstay` runs when it is given no file.

use std::time::Duration;

use mainstay::actors::event_store::Event;
use mainstay::actors::limiter::RateKey;
use mainstay::actors::{CircuitBreakerRegistry, EventStore, MemoryManager, RateLimiterRegistry};
use mainstay::prelude::*;
use mainstay::specs::EventBackendSpec;
use mainstay::supervisors::TreeNode;

const DEFAULT: &str = include_str!("../../runtime/examples/default.ron");

/// The default, but for its events, which are in no file.
fn default_spec() -> NodeSpec {
    let mut spec = as_it_is();
    let services = &mut spec.namespaces[0].services;
    services.event_store.as_mut().unwrap().backend = EventBackendSpec::sqlite_in_memory();
    spec
}

fn as_it_is() -> NodeSpec {
    NodeSpec::from_ron(DEFAULT, &Node::builder().demo_kinds()).unwrap()
}

async fn boot(spec: &NodeSpec) -> Node {
    Node::builder().demo_kinds().boot(spec).await.unwrap()
}

fn without_pids(node: &TreeNode) -> String {
    let text = node.to_string();
    let lines = text.lines().map(|line| {
        let words = line.split("  ").filter(|word| !word.starts_with('#'));
        words.collect::<Vec<_>>().join("  ") + "\n"
    });
    lines.collect()
}

#[tokio::test]
async fn the_default_spec_boots_and_stops_in_order() {
    let mut spec = default_spec();
    spec.http.bind.set_port(0);
    let node = boot(&spec).await;
    let trees = node.runtime().roots();
    let trees: String = trees
        .iter()
        .map(|root| without_pids(&TreeNode::of(root.process())))
        .collect();
    assert_eq!(
        trees,
        "\
http  one_for_one
└─ server
production  rest_for_one
├─ telemetry  rest_for_one
│  ├─ metrics_store
│  ├─ process_metrics
│  ├─ events
│  └─ alerts
├─ config_server
├─ memory_manager  rest_for_one
│  ├─ keeper
│  ├─ cleanup
│  └─ budgets
├─ circuit_breakers
├─ rate_limiters
├─ event_store  rest_for_one
│  ├─ event_store_pool  rest_for_one
│  │  ├─ connectors  dynamic
│  │  ├─ keeper
│  │  └─ health_monitor
│  └─ keeper
├─ health_aggregator
└─ children  one_for_one
   ├─ heartbeat
   └─ pool  one_for_one
      ├─ worker-1
      ├─ worker-2
      └─ worker-3
"
    );
    assert_eq!(
        node.stop(Duration::from_secs(30)).await,
        StopReport::default()
    );
    assert!(node.runtime().roots().is_empty());
}

#[test]
fn the_default_spec_listens_on_port_4000_of_the_loopback_interface() {
    assert_eq!(default_spec().http.bind.to_string(), "127.0.0.1:4000");
}

#[tokio::test]
async fn the_events_of_the_default_spec_are_in_a_file_of_sqlite() {
    let folder = std::env::temp_dir().join(format!("mainstay-default-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut spec = as_it_is();
    spec.http.enabled = false;
    let store = spec.namespaces[0].services.event_store.as_mut().unwrap();
    assert_eq!(
        store.backend,
        EventBackendSpec::sqlite("mainstay-events.db")
    );
    store.backend = EventBackendSpec::sqlite(folder.join("mainstay-events.db"));
    for last_id in 1..=2 {
        let node = boot(&spec).await;
        let production = node.namespace("production").unwrap();
        let store = EventStore::in_namespace(&production).unwrap();
        let event = Event::builder("booted").build().unwrap();
        assert_eq!(store.store(event).await.unwrap().get(), last_id);
        assert_eq!(
            (store.stats().backend, store.stats().events),
            ("sqlite", last_id)
        );
        node.stop(Duration::from_secs(30)).await;
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn the_memory_manager_of_the_default_spec_measures() {
    let mut spec = default_spec();
    spec.http.enabled = false;
    let node = boot(&spec).await;
    let production = node.namespace("production").unwrap();
    let memory = MemoryManager::of(&production);
    let reading = memory.check_now().await.unwrap();
    assert!(!reading.stale && !reading.simulated);
    assert!(reading.cause.is_some() && reading.facts.host_total.is_some());
    assert_eq!(memory.check_pressure(), reading.level);
    node.stop(Duration::from_secs(30)).await;
}

#[tokio::test]
async fn the_circuit_breakers_of_the_default_spec_are_there() {
    let mut spec = default_spec();
    spec.http.enabled = false;
    let node = boot(&spec).await;
    let production = node.namespace("production").unwrap();
    let breakers = CircuitBreakerRegistry::of(&production);
    let names: Vec<_> = breakers.stats().into_iter().map(|one| one.name).collect();
    // Those of the spec, and those of the Foundation services.
    let expected = [
        "config_server",
        "db",
        "event_store",
        "event_store.queries",
        "search",
        "telemetry",
    ];
    assert_eq!(names, expected);
    let search = breakers.circuit("search").unwrap();
    assert_eq!(search.config().call_timeout, Some(Duration::from_secs(2)));
    node.stop(Duration::from_secs(30)).await;
}

#[tokio::test(start_paused = true)]
async fn the_rate_limiters_of_the_default_spec_are_there() {
    let mut spec = default_spec();
    spec.http.enabled = false;
    let node = boot(&spec).await;
    let production = node.namespace("production").unwrap();
    let limiters = RateLimiterRegistry::of(&production);
    let names: Vec<_> = limiters.stats().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["api", "config_server.update", "login"]);
    let login = limiters.limiter("login").unwrap();
    let admitted = (0..10).filter(|_| login.check_now(RateKey::user("ada"), 1).is_ok());
    assert_eq!(admitted.count(), 5);
    node.stop(Duration::from_secs(30)).await;
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_can_be_told_to_fail_and_is_restarted() {
    let text = r#"(
        namespaces: [(name: "app", children: [
            (id: "flaky", kind: "ticker", args: (every: "1s", fail_after: 3)),
        ])],
        http: (enabled: false),
    )"#;
    let spec = NodeSpec::from_ron(text, &Node::builder().demo_kinds()).unwrap();
    let node = boot(&spec).await;
    let app = node.namespace("app").unwrap();
    let id = ChildId::new("flaky").unwrap();
    let first = child(&app, &id).await;
    let begun = tokio::time::Instant::now();
    let reason = first.ended().await;
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    assert_eq!(
        reason.to_string(),
        "failed: gave out after 3 beats, as it was told to"
    );
    let second = child(&app, &id).await;
    assert!(second.pid() > first.pid());
    node.stop(Duration::from_secs(1)).await;
}

async fn child(namespace: &Namespace, id: &ChildId) -> Process {
    use mainstay::supervisors::ChildStatus;
    let children = namespace
        .children()
        .unwrap()
        .which_children()
        .await
        .unwrap();
    let child = children.into_iter().find(|child| child.id == *id).unwrap();
    match child.status {
        ChildStatus::Running(process) => process,
        status => panic!("{status:?}"),
    }
}

#[tokio::test]
async fn the_workers_answer_under_their_names() {
    use mainstay::kinds::EchoMessage;
    let mut spec = default_spec();
    spec.http.enabled = false;
    let node = boot(&spec).await;
    let production = node.namespace("production").unwrap();
    let worker = production.service::<EchoMessage>(ServiceName::new("worker-2").unwrap());
    let answer = worker.call(
        |reply| EchoMessage::Echo("hello".into(), reply),
        Duration::from_secs(5),
    );
    assert_eq!(answer.await, Ok("hello".to_owned()));
    node.stop(Duration::from_secs(30)).await;
}
