//! What all Foundation services have in common.

use mainstay::infrastructure::InfraConfig;
use mainstay_actors::breaker::CircuitState;
use mainstay_supervisors::specs::{ConfigServerSpec, EventStoreSpec, TelemetrySpec};

use super::support::{Bed, simulated};

const ALL: [&str; 4] = [
    "config_server",
    "event_store",
    "event_store.queries",
    "telemetry",
];

#[tokio::test(start_paused = true)]
async fn every_foundation_service_has_a_circuit_breaker_by_the_numbers_of_the_seed() {
    let bed = Bed::new(simulated(InfraConfig::new())).await;
    for name in ALL {
        let breaker = bed.infra.circuit_breakers().circuit(name).expect(name);
        assert_eq!(breaker.state(), CircuitState::Closed, "{name}");
        let config = breaker.config();
        assert_eq!(config.failure_threshold, 5, "{name}");
        assert_eq!(config.reset_timeout.as_secs(), 30, "{name}");
        assert_eq!(config.call_timeout, None, "{name}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_spec_may_do_without() {
    let config = InfraConfig::new()
        .config_server(ConfigServerSpec::default().breaker(None).update_limit(None))
        .event_store(EventStoreSpec::memory().breaker(None))
        .telemetry(TelemetrySpec::default().breaker(None));
    let bed = Bed::new(simulated(config)).await;
    assert!(bed.infra.circuit_breakers().circuits().is_empty());
    assert!(bed.infra.rate_limiters().limiters().is_empty());
    bed.end().await;
}
