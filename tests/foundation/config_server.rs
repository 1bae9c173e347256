//! The config server behind its guards.

use std::time::Duration;

use mainstay::infrastructure::InfraConfig;
use mainstay_actors::config::{ConfigError, UPDATE_LIMIT};
use mainstay_actors::health::HealthStatus;
use mainstay_actors::memory::{CleanupPriority, Requested};
use mainstay_supervisors::specs::{Args, CircuitConfig, ConfigServerSpec, RateLimitConfig};

use super::support::{Bed, name, samples, simulated};

fn content() -> ConfigServerSpec {
    ConfigServerSpec::default().initial(Args::from_ron("(size: 1)").unwrap())
}

fn with(server: ConfigServerSpec) -> InfraConfig {
    InfraConfig::new().config_server(server)
}

#[tokio::test(start_paused = true)]
async fn the_hundred_and_first_update_in_a_minute_is_told_who_refuses_it_and_when_to_come_back() {
    let bed = Bed::new(simulated(with(content()))).await;
    let server = bed.infra.config_server().unwrap();
    for size in 0..100 {
        server.update("size", size).await.unwrap();
    }
    let refused = server.update("size", 100).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the configuration is not updated: the rate limit config_server.update is reached, come back in 600ms"
    );
    assert_eq!(refused.retry_after(), Some(Duration::from_millis(600)));
    let version = server.snapshot().version();
    let refused = server.update_if(version, "size", 100).await.unwrap_err();
    assert!(matches!(refused, ConfigError::UpdateLimited(_)));
    // It was not changed, no failure was counted, and to read is free.
    for _ in 0..1000 {
        assert_eq!(server.get_as::<u32>("size").unwrap(), 99);
    }
    let breaker = bed
        .infra
        .circuit_breakers()
        .circuit("config_server")
        .unwrap();
    assert_eq!(breaker.stats().totals.failures, 0);
    // What an operator forces is not counted.
    server.force_update("size", 7).await.unwrap();
    server.reset().await.unwrap();

    tokio::time::advance(Duration::from_millis(600)).await;
    server.update("size", 100).await.unwrap();
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_update_that_cannot_be_is_refused_before_it_costs_anything() {
    let limit = RateLimitConfig::token_bucket(1, Duration::from_secs(60));
    let bed = Bed::new(simulated(with(content().update_limit(limit)))).await;
    let server = bed.infra.config_server().unwrap();
    for _ in 0..10 {
        let refused = server.update("size", f64::NAN).await.unwrap_err();
        assert!(matches!(refused, ConfigError::Invalid(_)), "{refused}");
    }
    server.update("size", 2).await.unwrap();
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_limit_outlives_the_crash_of_the_server() {
    let limit = RateLimitConfig::token_bucket(1, Duration::from_secs(60));
    let bed = Bed::new(simulated(with(content().update_limit(limit)))).await;
    let server = bed.infra.config_server().unwrap();
    server.update("size", 2).await.unwrap();
    let process = bed.namespace.whereis("config_server").unwrap();
    process.kill();
    process.ended().await;
    let refused = server.update("size", 3).await.unwrap_err();
    assert!(
        matches!(refused, ConfigError::UpdateLimited(_)),
        "{refused}"
    );
    let limiter = bed.infra.rate_limiters().limiter(UPDATE_LIMIT).unwrap();
    assert_eq!(limiter.stats().limit, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_not_asked_for_a_while_and_reads_go_on() {
    let breaker = CircuitConfig::default()
        .failure_threshold(2)
        .without_call_timeout();
    let bed = Bed::new(simulated(with(content().breaker(breaker)))).await;
    let server = bed.infra.config_server().unwrap();
    let hurried = server.clone().with_limit(Duration::ZERO);
    for _ in 0..2 {
        let late = hurried.update("size", 2).await.unwrap_err();
        assert_eq!(late, ConfigError::Timeout(Duration::ZERO));
    }
    let refused = server.update("size", 3).await.unwrap_err();
    assert!(
        matches!(refused, ConfigError::ServiceCircuitOpen(_)),
        "{refused}"
    );
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(30)));
    assert!(matches!(
        server.reset().await,
        Err(ConfigError::ServiceCircuitOpen(_))
    ));
    assert_eq!(server.get_as::<u32>("size").unwrap(), 1);
    tokio::time::advance(Duration::from_secs(30)).await;
    server.update("size", 4).await.unwrap();
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn reads_updates_and_subscriptions_are_measured() {
    let bed = Bed::new(simulated(with(content()))).await;
    let server = bed.infra.config_server().unwrap();
    server.get("size").unwrap();
    server.update("size", 2).await.unwrap();
    drop(server.subscribe().unwrap());
    for operation in ["get", "update", "subscribe"] {
        let metric = format!("foundation.config_server.{operation}");
        assert_eq!(samples(&bed.namespace, &metric), 1, "{metric}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn its_cache_is_cleared_by_the_memory_manager_without_being_told() {
    let bed = Bed::new(simulated(with(content()))).await;
    let memory = bed.infra.memory_manager();
    let ask = |service| memory.request_cleanup(&name(service), CleanupPriority::Emergency);
    assert_eq!(ask("config_server"), Requested::Queued);
    assert_eq!(ask("nobody"), Requested::NoStrategy);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_looked_after_by_the_health_aggregator_without_being_told() {
    let bed = Bed::new(simulated(with(content()))).await;
    let health = bed.infra.health_aggregator().sweep().await.unwrap();
    let server = health.service("config_server").expect("it is known");
    assert_eq!(server.status, HealthStatus::Healthy);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_has_ended_is_no_failure_of_its_server() {
    let bed = Bed::new(simulated(with(content()))).await;
    let server = bed.infra.config_server().unwrap();
    let breakers = bed.infra.circuit_breakers();
    let breaker = breakers.circuit("config_server").unwrap();
    bed.end().await;
    let stopped = server.update("size", 2).await.unwrap_err();
    assert_eq!(stopped, ConfigError::Stopped);
    assert_eq!(breaker.stats().totals.failures, 0);
}
