//! Breakers that a spec names.

use std::time::Duration;

use mainstay_actors::breaker::{CircuitBreakerRegistry, CircuitState, KeyedBreakers};
use mainstay_supervisors::specs::{AnyKind, CircuitBreakersSpec, CircuitConfig, NodeSpec};
use mainstay_supervisors::{Child, NamespacePlan, Runtime};

use super::support::{Bed, advance, fail, name, retry_after, settle, touchy};

#[tokio::test(start_paused = true)]
async fn the_breakers_of_a_node_file_are_there_from_the_start() {
    let text = r#"(namespaces: [(name: "app", services: (circuit_breakers: (
        default: (failure_threshold: 2),
        breakers: [
            (name: "cache"),
            (name: "db", config: (
                call_timeout: None,
                slow_after: "800ms",
                trip: (failure_rate: (threshold: 0.5, minimum_calls: 2), window: time(length: "10s", buckets: 10)),
                half_open: (permits: 3, successes: 2),
                open: (multiplier: 2, jitter: 0.1),
            )),
        ],
    )))])"#;
    let node = NodeSpec::from_ron(text, &AnyKind).expect("a node");
    let spec = node.namespaces[0].services.circuit_breakers.clone();
    let bed = Bed::with(spec.expect("it is given")).await;
    let names: Vec<_> = bed
        .breakers
        .circuits()
        .iter()
        .map(|one| one.name().to_string())
        .collect();
    assert_eq!(names, ["cache", "db"]);
    let cache = bed.breakers.circuit("cache").expect("it is there");
    assert_eq!(
        *cache.config(),
        CircuitConfig::default().failure_threshold(2)
    );
    let db = bed.breakers.circuit("db").expect("it is there");
    assert_eq!(db.config().call_timeout, None);
    for _ in 0..2 {
        assert!(fail(&db).await.is_err());
    }
    assert_eq!(db.state(), CircuitState::Open);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_keeper_leaves_the_breakers_of_the_spec_as_they_are() {
    let spec = CircuitBreakersSpec::default().breaker_with(name("db"), touchy());
    let bed = Bed::with(spec).await;
    let breaker = bed.breakers.circuit("db").expect("it is there");
    let config = touchy().reset_timeout(Duration::from_secs(5));
    breaker.reconfigure(config.clone()).expect("it is valid");
    assert!(fail(&breaker).await.is_err());
    advance(1).await;
    bed.crash().await;
    let breaker = bed.breakers.circuit("db").expect("it is there");
    assert_eq!(*breaker.config(), config);
    assert_eq!(retry_after(&breaker), Duration::from_secs(4));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_spec_fails_the_start_and_says_why() {
    let wrong = CircuitBreakersSpec::default().keys_max(0);
    let child: Child = CircuitBreakerRegistry::child(wrong);
    let runtime = Runtime::new();
    let plan = NamespacePlan::new().service(child);
    let started = runtime
        .start_namespace("app".parse().expect("a name"), plan)
        .await;
    let error = started.expect_err("it does not start").to_string();
    assert!(
        error.contains("keys_max: expected at least 1, found 0"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_breaker_of_the_spec_that_was_forgotten_stays_so() {
    let spec = CircuitBreakersSpec::default().breaker_with(name("db"), touchy());
    let bed = Bed::with(spec).await;
    assert!(bed.breakers.unregister("db").is_some());
    bed.crash().await;
    assert!(bed.breakers.circuit("db").is_none());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_breaker_of_the_spec_that_there_is_no_room_for_fails_the_start() {
    let runtime = Runtime::new();
    let namespace = runtime.namespace("app").await.expect("it starts");
    let breakers = CircuitBreakerRegistry::of(&namespace);
    breakers.register_default(name("other")).expect("it is new");
    let spec = CircuitBreakersSpec::default()
        .breakers_max(1)
        .breaker(name("db"));
    let started = namespace
        .start_child(CircuitBreakerRegistry::child(spec))
        .await;
    let error = started.expect_err("there is no room").to_string();
    let why =
        "there is no room for the circuit breaker db: there are 1 already, as many as there may be";
    assert!(error.contains(why), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_family_of_the_spec_that_was_forgotten_stays_so() {
    let spec = CircuitBreakersSpec::default().family(name("shards"), touchy());
    let bed = Bed::with(spec).await;
    assert!(bed.breakers.unregister_keyed("shards").is_some());
    bed.crash().await;
    assert!(bed.breakers.families().is_empty());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_keeper_starts_again_where_there_is_no_room_left() {
    let spec = CircuitBreakersSpec::default()
        .breakers_max(2)
        .breaker(name("cache"))
        .breaker(name("db"))
        .family(name("hosts"), touchy())
        .family(name("shards"), touchy());
    let bed = Bed::with(spec).await;
    bed.crash().await;
    assert!(bed.breakers.unregister("db").is_some());
    assert!(bed.breakers.unregister_keyed("shards").is_some());
    let other = bed.breakers.register_default(name("other"));
    other.expect("there is room");
    let others = bed.breakers.keyed(name("others"), touchy());
    others.expect("there is room");
    bed.crash().await;
    let names = bed.breakers.circuits();
    let names: Vec<_> = names.iter().map(|one| one.name().as_str()).collect();
    assert_eq!(names, ["cache", "other"]);
    let names = bed.breakers.families();
    let names: Vec<_> = names.iter().map(|one| one.name().as_str()).collect();
    assert_eq!(names, ["hosts", "others"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_start_has_made_that_failed_and_was_forgotten_is_not_made_by_the_next() {
    let runtime = Runtime::new();
    let namespace = runtime.namespace("app").await.expect("it starts");
    let breakers = CircuitBreakerRegistry::of(&namespace);
    breakers.register_default(name("other")).expect("it is new");
    let spec = CircuitBreakersSpec::default()
        .breakers_max(2)
        .breaker(name("cache"))
        .breaker(name("db"));
    let child = || CircuitBreakerRegistry::child(spec.clone());
    assert!(namespace.start_child(child()).await.is_err());
    assert!(breakers.unregister("cache").is_some());
    namespace.start_child(child()).await.expect("there is room");
    let names = breakers.circuits();
    let names: Vec<_> = names.iter().map(|one| one.name().as_str()).collect();
    assert_eq!(names, ["db", "other"]);
}

#[tokio::test(start_paused = true)]
async fn the_bound_on_keys_is_that_of_the_spec_also_for_families_that_were_made_before() {
    let runtime = Runtime::new();
    let namespace = runtime.namespace("app").await.expect("it starts");
    let breakers = CircuitBreakerRegistry::of(&namespace);
    let shards = breakers
        .keyed(name("shards"), touchy())
        .expect("it is valid");
    for key in ["a", "b", "c", "d"] {
        shards.breaker(key).expect("there is room");
    }
    let spec = CircuitBreakersSpec::default().keys_max(2);
    let child = CircuitBreakerRegistry::child(spec);
    namespace.start_child(child).await.expect("it starts");
    let held = shards.breaker("e").expect("others are idle");
    assert_eq!(shards.len(), 2);
    shards.breaker("f").expect("another is idle").force_open();
    assert!(shards.breaker("g").is_err());
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn families_and_whom_a_breaker_follows_are_in_the_spec() {
    let text = r#"(namespaces: [(name: "app", services: (circuit_breakers: (
        default: (failure_threshold: 1),
        breakers: [(name: "db", follows: "server")],
        families: [(name: "shards"), (name: "tenants", config: (failure_threshold: 3))],
    )))])"#;
    let node = NodeSpec::from_ron(text, &AnyKind).expect("a node");
    let spec = node.namespaces[0].services.circuit_breakers.clone();
    let bed = Bed::with(spec.expect("it is given")).await;
    let families = bed.breakers.families();
    let family = |family: &KeyedBreakers| {
        let threshold = family.config().failure_threshold;
        (family.name().to_string(), threshold)
    };
    assert_eq!(
        families.iter().map(family).collect::<Vec<_>>(),
        [("shards".to_owned(), 1), ("tenants".to_owned(), 3)]
    );
    let db = bed.breakers.circuit("db").expect("it is there");
    assert_eq!(db.stats().follows, Some(name("server")));
    assert!(fail(&db).await.is_err());
    let server = Child::task("server", |stop| async move { stop.stopped().await });
    let server = server.name(name("server"));
    bed.namespace.start_child(server).await.expect("it starts");
    settle().await;
    assert_eq!(db.state(), CircuitState::HalfOpen);
    assert!(bed.breakers.unregister_keyed("shards").is_some());
    bed.crash().await;
    assert_eq!(bed.breakers.families().len(), 1);
    bed.end().await;
}
