//! The services of a namespace are looked at without being told to.

use std::sync::Arc;

use mainstay_actors::config::ConfigRules;
use mainstay_actors::health::{HealthStatus, ServiceHealth, SystemHealth};
use mainstay_actors::telemetry::Metadata;
use mainstay_actors::{
    CircuitBreakerRegistry, ConfigServer, ConnectionPoolRegistry, EventStore, RateLimiterRegistry,
    Telemetry,
};
use mainstay_supervisors::specs::{
    ChildId, CircuitBreakersSpec, CircuitConfig, ConfigServerSpec, ConnectionPoolsSpec,
    EventStoreSpec, HealthAggregatorSpec, RateLimitersSpec, TelemetrySpec,
};

use super::support::{Bed, ms, name, settle};

fn spec() -> HealthAggregatorSpec {
    HealthAggregatorSpec::default().tree(false)
}

fn part<'a>(service: &'a ServiceHealth, part: &str) -> &'a mainstay_actors::health::CheckResult {
    let found = service.checks.iter().find(|check| check.name == part);
    found.unwrap_or_else(|| panic!("{part} in {:?}", service.checks))
}

fn service<'a>(health: &'a SystemHealth, name: &str) -> &'a ServiceHealth {
    health.service(name).expect("it is checked")
}

#[tokio::test(start_paused = true)]
async fn all_that_are_there_are_healthy_with_the_names_and_figures_they_should_have() {
    let services = [
        Telemetry::child(TelemetrySpec::default()),
        ConfigServer::child(ConfigServerSpec::default()),
        CircuitBreakerRegistry::child(CircuitBreakersSpec::default()),
        RateLimiterRegistry::child(RateLimitersSpec::default()),
        ConnectionPoolRegistry::child(ConnectionPoolsSpec::default()),
        EventStore::child(EventStoreSpec::memory()),
    ];
    let bed = Bed::with_services(services, spec()).await;
    let health = bed.sweep().await;
    let names: Vec<_> = health.services.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "circuit_breakers",
            "config_server",
            "connection_pools",
            "event_store",
            "rate_limiters",
            "telemetry"
        ]
    );
    assert_eq!(
        (health.status, health.healthy_services),
        (HealthStatus::Healthy, 6)
    );
    let config = service(&health, "config_server");
    let parts: Vec<_> = config.checks.iter().map(|check| &*check.name).collect();
    assert_eq!(
        parts,
        [
            "config_server_self_check",
            "registry_connectivity",
            "configuration_validity",
            "subscriber_health"
        ]
    );
    let own = part(config, "config_server_self_check");
    assert_eq!(own.message, "ConfigServer operational");
    let keys: Vec<_> = own.metadata.keys().collect();
    assert_eq!(keys, ["subscribers_count", "updates_count", "uptime_ms"]);
    assert_eq!(
        part(config, "registry_connectivity").message,
        "Registry accessible"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn none_is_checked_if_the_spec_says_so_and_those_that_come_later_are_found() {
    let bed = Bed::with(spec().foundation(false)).await;
    bed.namespace
        .start_child(ConfigServer::child(ConfigServerSpec::default()))
        .await
        .expect("it starts");
    assert_eq!(bed.sweep().await.total_services, 0);
    bed.end().await;

    let bed = Bed::with(spec()).await;
    bed.namespace
        .start_child(ConfigServer::child(ConfigServerSpec::default()))
        .await
        .expect("it starts");
    tokio::time::sleep(ms(1100)).await;
    assert_eq!(bed.status("config_server"), HealthStatus::Healthy);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_loses_events_degrades_the_config_server() {
    let server = ConfigServer::child(ConfigServerSpec::default());
    let bed = Bed::with_services([server], spec()).await;
    let server = ConfigServer::in_namespace(&bed.namespace).expect("it was started");
    let sleeps = server.subscribe().expect("a stream");
    for nth in 0..64 {
        server.update("level", nth).await.expect("it may");
    }
    let health = bed.sweep().await;
    let found = part(service(&health, "config_server"), "subscriber_health");
    assert_eq!(
        (found.status, &found.metadata["lagging"]),
        (HealthStatus::Degraded, &1.into())
    );
    assert_eq!(health.status, HealthStatus::Degraded);
    drop(sleeps);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn content_that_breaks_a_rule_takes_the_config_server_down() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let strict = Arc::new(AtomicBool::new(false));
    let rule = Arc::clone(&strict);
    let rules = ConfigRules::new().validator(move |_| {
        if rule.load(Ordering::SeqCst) {
            return Err(Vec::new());
        }
        Ok(())
    });
    let server = ConfigServer::child_with(ConfigServerSpec::default(), rules);
    let bed = Bed::with_services([server], spec()).await;
    assert_eq!(bed.sweep().await.status, HealthStatus::Healthy);
    strict.store(true, Ordering::SeqCst);
    let health = bed.sweep().await;
    let found = part(service(&health, "config_server"), "configuration_validity");
    assert_eq!(found.status, HealthStatus::Unhealthy);
    assert!(
        found.message.starts_with("Configuration invalid: "),
        "{}",
        found.message
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_there_any_more_is_unavailable() {
    let bed = Bed::with(spec()).await;
    let server = ConfigServer::child(ConfigServerSpec::default());
    bed.namespace.start_child(server).await.expect("it starts");
    assert_eq!(bed.sweep().await.status, HealthStatus::Healthy);
    let id = ChildId::new("config_server").expect("an id");
    bed.namespace.stop_child(&id).await.expect("it stops");
    let health = bed.sweep().await;
    let found = service(&health, "config_server");
    assert_eq!(
        (found.status, found.message.as_str()),
        (HealthStatus::Unhealthy, "Service unavailable")
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_just_being_restarted_is_waited_for_and_not_taken_for_down() {
    let server = ConfigServer::child(ConfigServerSpec::default());
    let bed = Bed::with_services([server], spec()).await;
    assert_eq!(bed.sweep().await.status, HealthStatus::Healthy);
    let old = bed.namespace.whereis("config_server").expect("it runs");
    old.kill();
    old.ended().await;
    // Its supervisor does not know of it yet.
    let health = bed.sweep().await;
    assert_eq!(
        service(&health, "config_server").status,
        HealthStatus::Healthy
    );
    assert_ne!(bed.namespace.whereis("config_server"), Some(old));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_degrades() {
    let breakers = CircuitBreakersSpec::default();
    let bed = Bed::with_services([CircuitBreakerRegistry::child(breakers)], spec()).await;
    let registry = CircuitBreakerRegistry::of(&bed.namespace);
    let breaker = registry.register_circuit(name("db"), CircuitConfig::default());
    breaker.expect("it may").force_open();
    let health = bed.sweep().await;
    let found = part(
        service(&health, "circuit_breakers"),
        "circuit_breakers_open",
    );
    assert_eq!(
        (found.status, &*found.message),
        (HealthStatus::Degraded, "open: db")
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_has_panicked_degrades_telemetry_and_not_the_whole() {
    let telemetry = Telemetry::child(TelemetrySpec::default());
    let bed = Bed::with_services([telemetry], spec()).await;
    let telemetry = Telemetry::in_namespace(&bed.namespace).expect("it was started");
    let attached = telemetry.attach("bad", "app.*", |_: &mainstay_actors::telemetry::Event| {
        panic!("as planned")
    });
    let _attached = attached.expect("it is attached");
    telemetry
        .execute("app.boom", [("count", 1_u64)], Metadata::new())
        .expect("it is told");
    settle().await;
    let health = bed.sweep().await;
    let found = part(service(&health, "telemetry"), "telemetry_handlers");
    assert_eq!(
        (found.status, &found.metadata["left_out"]),
        (HealthStatus::Degraded, &serde_json::json!(["bad"]))
    );
    assert_eq!(health.status, HealthStatus::Healthy);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn pressure_is_told_by_its_level_and_degrades_the_whole_when_it_is_critical() {
    use mainstay_actors::MemoryManager;
    use mainstay_actors::memory::{Measure, MemorySetup};
    use mainstay_supervisors::specs::MemoryManagerSpec;
    let quiet = MemoryManagerSpec::default().pressure_relief_enabled(false);
    let child = MemoryManager::child_with(MemorySetup::new(quiet).by_hand());
    let bed = Bed::with_services([child], spec()).await;
    let memory = MemoryManager::of(&bed.namespace);
    let gauge = memory.register_gauge(name("test")).expect("it may");
    let health = bed.sweep().await;
    let found = part(service(&health, "memory_manager"), "memory_pressure");
    assert_eq!(
        (found.status, &*found.message),
        (HealthStatus::Degraded, "Nothing was measured yet")
    );
    let expected = [
        (0.1, HealthStatus::Healthy, HealthStatus::Healthy),
        (0.75, HealthStatus::Healthy, HealthStatus::Healthy),
        (0.9, HealthStatus::Degraded, HealthStatus::Healthy),
        (0.99, HealthStatus::Unhealthy, HealthStatus::Degraded),
    ];
    for (share, own, whole) in expected {
        // Above what the machine says, and long enough for what takes two samples, and for the hold.
        for _ in 0..3 {
            tokio::time::sleep(ms(3000)).await;
            gauge.set(Measure::share(share));
            memory.check_now().await.expect("a sample");
        }
        let health = bed.sweep().await;
        let found = part(service(&health, "memory_manager"), "memory_pressure");
        assert_eq!(
            (found.status, health.status),
            (own, whole),
            "{}",
            found.message
        );
        assert!(
            found.message.starts_with("Pressure is "),
            "{}",
            found.message
        );
    }
    bed.end().await;
}
