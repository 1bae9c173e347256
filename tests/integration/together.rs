//! The seed's test of everything at once.

use std::time::Duration;

use mainstay::infrastructure::InfraConfig;
use mainstay_actors::breaker::CircuitState;
use mainstay_actors::health::{HealthAggregator, HealthStatus};
use mainstay_actors::limiter::RateKey;
use mainstay_actors::memory::PressureLevel;
use mainstay_actors::metrics::{Aggregation, MetricType, TimeWindow};
use mainstay_supervisors::specs::{CircuitConfig, RateLimitConfig};

use super::support::{Bed, name, simulated};

/// Load that fails behind a breaker of 3 failures and a limiter of 5 calls a minute, under pressure on memory.
async fn simulate_load_with_failures(bed: &Bed) {
    let config = CircuitConfig::default().failure_threshold(3);
    let breakers = bed.infra.circuit_breakers();
    let breaker = breakers.register_circuit(name("test_service"), config);
    let breaker = breaker.unwrap();
    let config = RateLimitConfig::token_bucket(5, Duration::from_secs(60));
    let limiters = bed.infra.rate_limiters();
    let limiter = limiters.register(name("test_service"), config).unwrap();
    let monitor = bed.infra.performance_monitor();
    for call in 0..5 {
        let key = RateKey::user("test_key");
        limiter.check(key).await.unwrap();
        let answer = breaker.execute(|| async {
            let call = async { Err::<(), _>("no answer") };
            monitor.measure("test_service.call", call).unwrap().await
        });
        // The first three fail, and the others are not made.
        assert_eq!(answer.await.unwrap_err().failed().is_some(), call < 3);
    }
    let memory = bed.infra.memory_manager();
    let time = Duration::from_secs(60);
    memory.simulate_pressure(PressureLevel::High, time).unwrap();
}

#[tokio::test(start_paused = true)]
async fn all_infrastructure_components_work_together() {
    let bed = Bed::new(simulated(InfraConfig::new())).await;
    simulate_load_with_failures(&bed).await;

    // The circuit breaker has tripped.
    let breaker = bed
        .infra
        .circuit_breakers()
        .circuit("test_service")
        .unwrap();
    let refusal = breaker.check_state().unwrap_err();
    assert_eq!(breaker.state(), CircuitState::Open);
    assert_eq!(refusal.state(), CircuitState::Open);

    // The rate limiter is engaged.
    let limiters = bed.infra.rate_limiters();
    let key = RateKey::user("test_key");
    let limited = limiters
        .check(&name("test_service"), key)
        .await
        .unwrap_err();
    assert_eq!(limited.retry_after(), Some(Duration::from_secs(12)));

    // Memory is short.
    let memory = bed.infra.memory_manager();
    assert_eq!(memory.get_pressure_level(), PressureLevel::High);

    // What was called was measured: three calls, all of which have failed.
    let monitor = bed.infra.performance_monitor();
    let metrics = monitor.get_metrics("test_service", TimeWindow::Minute, Aggregation::Avg);
    let metrics = metrics.unwrap();
    let of = |kind| metrics.iter().find(|metric| metric.metric_type == kind);
    assert_eq!(
        of(MetricType::ErrorRate).map(|metric| metric.value),
        Some(1.0)
    );
    assert!(of(MetricType::Latency).is_some());

    // And all of it shows in how the namespace fares.
    let health = HealthAggregator::system_health(&bed.namespace)
        .await
        .unwrap();
    assert_eq!(health.status, HealthStatus::Degraded);
    let why = health.service("circuit_breakers");
    assert_eq!(
        why.map(|service| service.status),
        Some(HealthStatus::Degraded)
    );
    bed.end().await;
}
