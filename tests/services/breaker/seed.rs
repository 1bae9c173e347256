//! The test that the design began with.

use std::time::Duration;

use mainstay_actors::breaker::{CircuitError, execute_in};
use mainstay_supervisors::specs::CircuitConfig;

use super::support::{Bed, name};

#[tokio::test(start_paused = true)]
async fn circuit_opens_after_failure_threshold() {
    let bed = Bed::new().await;
    let config = CircuitConfig::default()
        .failure_threshold(3)
        .reset_timeout(Duration::from_secs(1));
    let service = name("test_service");
    let made = bed.breakers.register_circuit(service.clone(), config);
    made.expect("there is none yet");

    for _ in 0..3 {
        let failed = execute_in(&bed.namespace, &service, || async { Err::<(), _>("test") }).await;
        assert!(matches!(failed, Err(CircuitError::Failed("test"))));
    }

    let run = std::cell::Cell::new(false);
    let refused = execute_in(&bed.namespace, &service, || async {
        run.set(true);
        Ok::<_, &str>("test")
    });
    let Err(CircuitError::Open(refusal)) = refused.await else {
        panic!("the circuit is open")
    };
    assert_eq!(refusal.retry_after(), Some(Duration::from_secs(1)));
    assert!(!run.get());
    bed.end().await;
}
