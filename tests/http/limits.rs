//! What is bounded.

use std::time::Duration;

use mainstay::http::STREAMS_MAX;
use mainstay::prelude::*;
use mainstay::supervisors::Namespace;
use mainstay_actors::breaker::CircuitBreaker;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::memory::PressureLevel;
use mainstay_actors::protection::ProtectionCounts;
use mainstay_actors::{
    CircuitBreakerRegistry, MemoryManager, ProtectionRegistry, RateLimiterRegistry,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::client::{Ask, Stream};
use crate::support::{address, node};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn streams_beyond_the_limit_are_told_to_come_back_later() {
    let node = node("").await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS_MAX {
        streams.push(Stream::open(address(&node), Ask::get("/api/tree/events")).await);
    }
    let answer = Ask::get("/api/tree/events").send(address(&node)).await;
    assert_eq!(answer.error(), (503, "too_many_streams".into(), None));
    assert_eq!(answer.header("retry-after"), Some("5"));
    // All else goes on.
    assert_eq!(Ask::get("/livez").send(address(&node)).await.status, 200);
    // One that leaves makes room.
    streams.pop();
    while Ask::get("/api/tree/events")
        .open(address(&node))
        .await
        .status()
        != 200
    {}
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_closed() {
    let node = node("").await;
    for said in ["", "GET /livez HTTP/1.1\r\nhost: localhost\r\n"] {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(address(&node)).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap(), 0);
        assert_eq!(begun.elapsed().as_secs(), 15);
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_events_is_kept_alive_with_comments() {
    use http_body_util::BodyExt;
    let node = node("").await;
    let begun = Instant::now();
    let response = Ask::get("/api/tree/events").open(address(&node)).await;
    let mut body = response.into_body();
    for nth in 1..=3 {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(&frame[..], b":\n\n");
        assert_eq!(begun.elapsed().as_secs(), 15 * nth);
    }
    node.stop(Duration::from_secs(5)).await;
}

/// Says that a body comes of which there is only a half. What is answered, and after how many seconds.
async fn half_a_body(node: &Node, what: &str) -> (String, u64) {
    let mut stream = TcpStream::connect(address(node)).await.unwrap();
    let head = format!(
        "{what} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer secret\r\n\
         content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n1"
    );
    let begun = Instant::now();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer, begun.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_waited_for_ten_seconds() {
    let node = node(r#"(name: "production", services: (config_server: ()))"#).await;
    let (answer, after) = half_a_body(&node, "PUT /api/config/a").await;
    assert_eq!(after, 10);
    assert!(
        answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
        "{answer}"
    );
    assert!(answer.contains(
        r#"{"error":{"code":"request_timeout","message":"expected the whole body within 10s"}}"#
    ));
    node.stop(Duration::from_secs(5)).await;
}

/// Whose writes have a second, and whose circuit opens at the first failure.
const GUARDED: &str = r#"(name: "production", services: (
    config_server: (initial: (size: 1)), event_store: (backend: memory),
    memory_manager: (simulation: true, psi: false, budget: 1125899906842624),
    circuit_breakers: (breakers: [(name: "api", config: (failure_threshold: 1))]),
    rate_limiters: (limiters: [(name: "api", config: (limit: 1, window: "1h"))]),
    protections: (operations: [
        (name: "api.config.writes", config: (deadline: "1s", circuit: "api", rate_limit: (limiter: "api"))),
        (name: "api.events.writes", config: (deadline: "1s", circuit: "api", memory: (class: write))),
    ]),
))"#;

const WRITES: [(&str, &str); 2] = [
    ("PUT /api/config/size", "api.config.writes"),
    ("POST /api/events", "api.events.writes"),
];

fn production(node: &Node) -> Namespace {
    node.namespace("production").unwrap()
}

fn circuit(node: &Node) -> CircuitBreaker {
    let breakers = CircuitBreakerRegistry::of(&production(node));
    breakers.circuit("api").unwrap()
}

fn counts(node: &Node, operation: &str) -> ProtectionCounts {
    let protections = ProtectionRegistry::of(&production(node));
    protections.protection(operation).unwrap().stats().counts
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_no_time_out_of_the_service() {
    let node = node(GUARDED).await;
    for (what, operation) in WRITES {
        let (answer, after) = half_a_body(&node, what).await;
        assert_eq!(after, 10, "{what}");
        assert!(answer.starts_with("HTTP/1.1 408 "), "{what}: {answer}");
        assert_eq!(counts(&node, operation).begun, 0, "{what}");
    }
    assert_eq!(circuit(&node).stats().totals.failures, 0);
    // Nor has it taken anything of its client's limit.
    let write = Ask::new("PUT", "/api/config/size")
        .header("authorization", "Bearer secret")
        .header("content-type", "application/json")
        .body("2");
    assert_eq!(write.send(address(&node)).await.status, 200);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_refuses_does_not_wait_for_the_body() {
    let node = node(GUARDED).await;
    let limiter = RateLimiterRegistry::of(&production(&node)).limiter("api");
    let limiter = limiter.unwrap();
    limiter
        .check_now(RateKey::ip([127, 0, 0, 1]), 1)
        .expect("it is the first");
    let memory = MemoryManager::of(&production(&node));
    let hour = Duration::from_secs(3600);
    memory
        .simulate_pressure(PressureLevel::Critical, hour)
        .unwrap();
    let refused = async |what: &str, status: &str, guard: &str| {
        let (answer, after) = half_a_body(&node, what).await;
        assert_eq!(after, 0, "{what}");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        let guard = format!("mainstay-guard: {guard}\r\n");
        assert!(answer.contains(&guard), "{answer}");
        assert!(answer.contains("retry-after: "), "{answer}");
    };
    let [(config, of_config), (events, of_events)] = WRITES;
    refused(config, "429", "limiter").await;
    refused(events, "503", "memory").await;
    circuit(&node).force_open();
    refused(config, "503", "circuit").await;
    refused(events, "503", "circuit").await;
    let (config, events) = (counts(&node, of_config), counts(&node, of_events));
    assert_eq!((config.rate_limited, config.circuit_open), (1, 1));
    assert_eq!((events.memory_pressure, events.circuit_open), (1, 1));
    assert_eq!(
        (config.left, config.begun, events.left, events.begun),
        (0, 0, 0, 0)
    );
    assert_eq!(circuit(&node).stats().rejected, 2);
    assert_eq!(limiter.stats().refused, 1);
    node.stop(Duration::from_secs(5)).await;
}
