//! Breakers by name.

use mainstay_actors::breaker::{
    CircuitBreakerRegistry, CircuitError, CircuitState, OnMissing, RegisterCircuitError, execute_in,
};
use mainstay_supervisors::specs::{CircuitBreakersSpec, CircuitConfig, NamespaceName};

use super::support::{Bed, fail, name, touchy};

async fn call(
    bed: &Bed,
    service: &str,
    missing: OnMissing,
) -> Result<u8, CircuitError<&'static str>> {
    let operation = || async { Ok(1) };
    bed.breakers
        .execute(&name(service), missing, operation)
        .await
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_once_and_free_again_when_its_breaker_is_forgotten() {
    let bed = Bed::new().await;
    let first = bed.breaker(touchy());
    assert!(fail(&first).await.is_err());
    let taken = bed.breakers.register_default(name("db"));
    let taken = taken.expect_err("there is one").to_string();
    assert_eq!(taken, "there is a circuit breaker db already");
    let forgotten = bed.breakers.unregister("db").expect("it was there");
    assert_eq!(forgotten.state(), CircuitState::Open);
    assert!(bed.breakers.unregister("db").is_none());
    assert_eq!(bed.breaker(touchy()).state(), CircuitState::Closed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_breaker_checking_allows_and_calling_does_what_it_is_told() {
    let bed = Bed::new().await;
    assert!(bed.breakers.check_circuit("nobody").is_ok());
    let missing = call(&bed, "nobody", OnMissing::Error).await;
    let missing = missing.expect_err("there is none").to_string();
    assert_eq!(missing, "there is no circuit breaker nobody");
    assert_eq!(call(&bed, "nobody", OnMissing::Allow).await.ok(), Some(1));
    assert!(bed.breakers.circuit("nobody").is_none());
    let create = OnMissing::Create(touchy());
    assert_eq!(call(&bed, "nobody", create.clone()).await.ok(), Some(1));
    let made = bed.breakers.circuit("nobody").expect("it was made");
    assert_eq!(*made.config(), touchy());
    made.force_open();
    assert!(matches!(
        call(&bed, "nobody", create).await,
        Err(CircuitError::Open(_))
    ));
    assert!(bed.breakers.check_circuit("nobody").is_err());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_than_there_may_be() {
    let bed = Bed::with(CircuitBreakersSpec::default().breakers_max(2)).await;
    for nth in 0..2 {
        let made = bed.breakers.register_default(name(&nth.to_string()));
        made.expect("there is room");
    }
    let refused = bed.breakers.register_default(name("more")).err();
    assert_eq!(
        refused,
        Some(RegisterCircuitError::TooMany {
            name: name("more"),
            max: 2
        })
    );
    let create = OnMissing::Create(CircuitConfig::default());
    let refused = call(&bed, "more", create).await;
    assert!(matches!(refused, Err(CircuitError::Register(_))));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_namespaces_have_nothing_to_do_with_each_other() {
    let bed = Bed::new().await;
    let other = bed.runtime.namespace("other").await.expect("it starts");
    let breakers = CircuitBreakerRegistry::of(&other);
    bed.breaker(touchy()).force_open();
    assert!(breakers.circuit("db").is_none());
    let twin = breakers
        .register_circuit(name("db"), touchy())
        .expect("it is new");
    assert_eq!(twin.state(), CircuitState::Closed);
    let called = execute_in(&other, &name("db"), || async { Ok::<_, ()>(2) }).await;
    assert_eq!(called.ok(), Some(2), "it needs no keeper");
    assert_eq!(twin.stats().namespace, NamespaceName::new("other").ok());
    bed.end().await;
}
