//! Telemetry behind its circuit breaker.

use std::time::Duration;

use mainstay::infrastructure::InfraConfig;
use mainstay_supervisors::specs::{CircuitConfig, TelemetrySpec};

use super::support::{Bed, simulated};

#[tokio::test]
async fn handlers_that_are_never_done_are_not_waited_for_again_and_again() {
    let breaker = CircuitConfig::default().failure_threshold(2);
    let spec = TelemetrySpec::default().breaker(breaker);
    let bed = Bed::new(simulated(InfraConfig::new().telemetry(spec))).await;
    let telemetry = bed.infra.telemetry();
    assert!(telemetry.flush(Duration::from_secs(10)).await);
    let breakers = bed.infra.circuit_breakers();
    let breaker = breakers.circuit("telemetry").unwrap();
    breaker.force_open();
    assert!(!telemetry.flush(Duration::from_secs(10)).await);
    // Events wait for nobody, and are not refused.
    let event = telemetry.event("shop.order").unwrap();
    let mut events = telemetry.subscribe("shop.**").unwrap();
    event.emit(|| {
        (
            [("cups", 1_u64)],
            mainstay_actors::telemetry::Metadata::new(),
        )
    });
    assert!(events.next().await.is_some());
    drop(events);
    breaker.force_closed();
    assert!(telemetry.flush(Duration::from_secs(10)).await);
    bed.end().await;
}
