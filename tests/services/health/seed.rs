//! The test that the design began with.

use mainstay::testkit::{Degradation, SimulateDegradation};
use mainstay_actors::health::HealthStatus;
use mainstay_actors::{ConfigServer, HealthAggregator};
use mainstay_supervisors::specs::{ConfigServerSpec, HealthAggregatorSpec};

use super::support::Bed;

#[tokio::test(start_paused = true)]
async fn deep_health_check_detects_service_issues() {
    let config = ConfigServer::child(ConfigServerSpec::default());
    let bed = Bed::with_services([config], HealthAggregatorSpec::default()).await;

    let simulated =
        ConfigServer::simulate_degradation(&bed.namespace, Degradation::SubscriberTimeout);
    let _simulated = simulated.expect("it can be");

    let health = HealthAggregator::system_health(&bed.namespace).await;
    let health = health.expect("an answer");
    assert_eq!(health.status, HealthStatus::Degraded);
    let config = health.service("config_server").expect("it is checked");
    assert_eq!(config.status, HealthStatus::Degraded);
    assert_eq!(config.message, "Subscribers do not answer in time");
    assert!(config.simulated);
    bed.end().await;
}
