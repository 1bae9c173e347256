//! The guards before the Foundation API of a node.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay_actors::memory::PressureLevel;
use mainstay_actors::metrics::{Aggregation, MetricType, TimeWindow};
use mainstay_actors::{
    CircuitBreakerRegistry, MemoryManager, PerformanceMonitor, ProtectionRegistry,
    RateLimiterRegistry,
};
use serde_json::json;

use crate::client::Ask;

const SERVICES: &str = r#"(name: "production", services: (
    telemetry: (), config_server: (initial: (size: 1)), event_store: (backend: memory),
    memory_manager: (simulation: true, psi: false, budget: 1125899906842624),
    circuit_breakers: (), rate_limiters: (), protections: (),
))"#;

async fn node(guards: &str) -> Node {
    let text = format!(
        "(namespaces: [{SERVICES}], http: (bind: \"127.0.0.1:0\", token: \"secret\", guards: {guards}))"
    );
    let builder = Node::builder();
    let spec = NodeSpec::from_ron(&text, &builder).unwrap();
    builder.boot(&spec).await.unwrap()
}

fn production(node: &Node) -> mainstay::supervisors::Namespace {
    node.namespace("production").unwrap()
}

fn get(path: &str) -> Ask {
    Ask::get(path.to_owned())
}

fn change(method: &'static str, path: &str, body: &str) -> Ask {
    Ask::new(method, path.to_owned())
        .header("authorization", "Bearer secret")
        .header("content-type", "application/json")
        .body(body.to_owned())
}

#[tokio::test]
async fn each_kind_of_requests_is_an_operation_of_its_own() {
    let node = node("()").await;
    let to = node.address().unwrap();
    let read = get("/api/config/size").send(to).await;
    assert_eq!(read.status, 200);
    let policy = "\"api.config.reads\";q=10000;w=1";
    assert_eq!(read.header("ratelimit-policy"), Some(policy));
    assert!(read.header("ratelimit").is_some());
    assert_eq!(read.header("mainstay-guard"), None);
    let write = change("PUT", "/api/config/size", "2").send(to).await;
    assert_eq!(write.status, 200);
    let event = change("POST", "/api/events", r#"{"event_type":"a"}"#);
    assert_eq!(event.send(to).await.status, 201);
    assert_eq!(get("/api/events").send(to).await.status, 200);

    let namespace = production(&node);
    let protections = ProtectionRegistry::of(&namespace).stats();
    let counts: Vec<_> = protections
        .iter()
        .map(|one| (one.name.as_str(), one.counts.begun, one.counts.successes))
        .collect();
    let expected = [
        "api.config.reads",
        "api.config.writes",
        "api.events.reads",
        "api.events.writes",
    ];
    assert_eq!(counts, expected.map(|name| (name, 1, 1)));
    for name in expected {
        assert!(
            CircuitBreakerRegistry::of(&namespace)
                .circuit(name)
                .is_some()
        );
        assert!(RateLimiterRegistry::of(&namespace).limiter(name).is_some());
    }
    let monitor = PerformanceMonitor::in_namespace(&namespace).unwrap();
    let metrics = monitor.get_metrics("api", TimeWindow::Minute, Aggregation::Avg);
    let metrics = metrics.unwrap();
    let errors = metrics
        .iter()
        .find(|one| one.metric_type == MetricType::ErrorRate);
    assert_eq!(errors.map(|one| one.value), Some(0.0));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let limit = r#"(config_reads: (rate_limit: (limit: 2, window: "1h")))"#;
    let node = node(limit).await;
    let to = node.address().unwrap();
    let begun = std::time::Instant::now();
    for left in [1, 0] {
        let answer = get("/api/config/size").send(to).await;
        assert_eq!(answer.status, 200);
        let told = answer.header("ratelimit").unwrap();
        let expected = format!("\"api.config.reads\";r={left};t=");
        assert!(told.starts_with(&expected), "{told}");
    }
    let refused = get("/api/config/size").send(to).await;
    assert_eq!(refused.error(), (429, "rate_limited".into(), None));
    assert_eq!(refused.header("mainstay-guard"), Some("limiter"));
    // A half of the window, less what has passed of it since the first call.
    let passed = begun.elapsed().as_secs();
    let told: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1800 - passed..=1800).contains(&told), "{told} {passed}");
    let policy = "\"api.config.reads\";q=2;w=3600";
    assert_eq!(refused.header("ratelimit-policy"), Some(policy));
    // What is written is another matter, and so are events.
    let write = change("PUT", "/api/config/size", "2").send(to).await;
    assert_eq!(write.status, 200);
    assert_eq!(get("/api/events").send(to).await.status, 200);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_open_circuit_is_told_with_its_time_and_reads_go_on() {
    let node = node("()").await;
    let to = node.address().unwrap();
    let write = || change("POST", "/api/events", r#"{"event_type":"a"}"#);
    assert_eq!(write().send(to).await.status, 201);
    let breakers = CircuitBreakerRegistry::of(&production(&node));
    breakers.circuit("api.events.writes").unwrap().force_open();
    let refused = write().send(to).await;
    assert_eq!(refused.error(), (503, "circuit_open".into(), None));
    assert_eq!(refused.header("mainstay-guard"), Some("circuit"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(get("/api/events").send(to).await.status, 200);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_memory_is_too_short_for_is_refused_and_configuration_can_be_changed() {
    let node = node("()").await;
    let to = node.address().unwrap();
    let memory = MemoryManager::of(&production(&node));
    let hour = Duration::from_secs(3600);
    memory
        .simulate_pressure(PressureLevel::Critical, hour)
        .unwrap();
    let event = change("POST", "/api/events", r#"{"event_type":"a"}"#);
    let refused = event.send(to).await;
    assert_eq!(refused.error(), (503, "memory_pressure".into(), None));
    assert_eq!(refused.header("mainstay-guard"), Some("memory"));
    assert!(refused.header("retry-after").is_some());
    let write = change("PUT", "/api/config/size", "2").send(to).await;
    assert_eq!(write.status, 200);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn who_may_not_change_anything_uses_up_nothing() {
    let limit = r#"(config_writes: (rate_limit: (limit: 1, window: "1h")))"#;
    let node = node(limit).await;
    let to = node.address().unwrap();
    for _ in 0..3 {
        let stranger = Ask::new("PUT", "/api/config/size".to_owned()).body("2".to_owned());
        assert_eq!(stranger.send(to).await.status, 401);
    }
    let write = change("PUT", "/api/config/size", "2").send(to).await;
    assert_eq!(write.status, 200);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_blames_the_request_is_no_failure_of_the_service() {
    let circuit = "(config_reads: (circuit: (failure_threshold: 1)))";
    let node = node(circuit).await;
    let to = node.address().unwrap();
    for _ in 0..3 {
        assert_eq!(get("/api/config/sizes").send(to).await.status, 404);
    }
    assert_eq!(get("/api/config/size").send(to).await.status, 200);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn guards_may_be_off_and_an_operation_of_the_namespace_goes_before_the_servers() {
    let off = "(circuit: None, rate_limit: None, memory: false, deadline: None)";
    let node = node(&format!("(config_reads: {off})")).await;
    let to = node.address().unwrap();
    let answer = get("/api/config/size").send(to).await;
    assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    let namespace = production(&node);
    assert!(
        CircuitBreakerRegistry::of(&namespace)
            .circuit("api.config.reads")
            .is_none()
    );

    let db = CircuitBreakerRegistry::of(&namespace);
    let db = db.register_circuit(
        "db".parse().unwrap(),
        mainstay::specs::CircuitConfig::default(),
    );
    let config = mainstay::specs::ProtectionConfig::default().circuit("db".parse().unwrap());
    let protections = ProtectionRegistry::of(&namespace);
    let name = "api.config.reads".parse().unwrap();
    protections.configure_protection(name, &config).unwrap();
    db.unwrap().force_open();
    let refused = get("/api/config/size").send(to).await;
    assert_eq!(refused.status, 503);
    assert_eq!(
        refused.json()["error"]["message"],
        json!("the circuit db is forced_open")
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_the_service_itself_refuses_names_its_guard_and_is_no_failure() {
    let node = node("(config_writes: (circuit: (failure_threshold: 1)))").await;
    let to = node.address().unwrap();
    for size in 0..100 {
        let write = change("PUT", "/api/config/size", &size.to_string());
        assert_eq!(write.send(to).await.status, 200);
    }
    // A token comes back each 600 ms: one of these is too much.
    let mut refused = None;
    for _ in 0..100 {
        let answer = change("PUT", "/api/config/size", "0").send(to).await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    let (status, code, _) = refused.error();
    assert_eq!((status, code.as_str()), (429, "rate_limited"));
    assert_eq!(refused.header("mainstay-guard"), Some("limiter"));
    assert!(refused.header("retry-after").is_some());
    let breakers = CircuitBreakerRegistry::of(&production(&node));
    let breaker = breakers.circuit("api.config.writes").unwrap();
    assert_eq!(breaker.stats().failure_count, 0);
    node.stop(Duration::from_secs(5)).await;
}
