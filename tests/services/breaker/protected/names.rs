//! Breakers that are found by name, or by an expression.

use mainstay::protected;
use mainstay_actors::breaker::{CircuitState, KeyedBreakers, RegisterCircuitError, Unanswered};
use mainstay_supervisors::specs::{CircuitBreakersSpec, CircuitConfig, ServiceName};

use super::Wrong;
use crate::breaker::support::{Bed, name, touchy};

#[protected(breaker = "db")]
fn query(answer: Result<u8, Wrong>) -> Result<u8, Wrong> {
    answer
}

#[protected(breaker = "db", on_missing = allow)]
async fn query_anyway(answer: Result<u8, Wrong>) -> Result<u8, Wrong> {
    answer
}

#[protected(breaker = "made", on_missing = create)]
async fn made(answer: Result<u8, Wrong>) -> Result<u8, Wrong> {
    answer
}

#[protected(breaker = "strict", on_missing = create(touchy()), fallback = |_| Ok(0))]
fn strict(answer: Result<u8, Wrong>) -> Result<u8, Wrong> {
    answer
}

#[protected(breaker = "wrong", on_missing = create(touchy().failure_threshold(0)), fallback = |_| Ok(0))]
fn wrong(answer: Result<u8, Wrong>) -> Result<u8, Wrong> {
    answer
}

#[protected(breaker = service)]
async fn of_service(service: &ServiceName) -> Result<u8, Wrong> {
    Ok(7)
}

#[protected(breaker = shards.breaker(key), fallback = |_| Ok("refused"))]
async fn of_shard(shards: &KeyedBreakers, key: &str, fails: bool) -> Result<&'static str, Wrong> {
    if fails {
        return Err(Wrong::Failed);
    }
    Ok("answered")
}

fn unanswered(unanswered: Unanswered) -> Result<u8, Wrong> {
    Err(Wrong::Unanswered(unanswered))
}

#[tokio::test(start_paused = true)]
async fn a_name_is_looked_for_in_the_namespace_of_the_current_process() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy());
    let calls = async {
        assert_eq!(query(Ok(7)), Ok(7));
        assert_eq!(query(Err(Wrong::Failed)), Err(Wrong::Failed));
        assert!(query(Ok(7)).expect_err("it is open").is_refusal());
        let refused = query_anyway(Ok(7)).await;
        assert!(refused.expect_err("it is open").is_refusal());
        let refused = of_service(&name("db")).await;
        assert!(refused.expect_err("it is open").is_refusal());
    };
    bed.keeper().scope(calls).await;
    assert_eq!(breaker.stats().rejected, 3);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_has_is_an_error_unless_it_is_said_what_else() {
    let bed = Bed::with(CircuitBreakersSpec::default().breakers_max(2)).await;
    let calls = async {
        let missing = || unanswered(Unanswered::Missing(name("db")));
        assert_eq!(query(Ok(7)), missing());
        assert_eq!(of_service(&name("db")).await, missing());
        assert_eq!(query_anyway(Ok(7)).await, Ok(7));
        assert_eq!(query_anyway(Err(Wrong::Failed)).await, Err(Wrong::Failed));
        assert_eq!(made(Ok(7)).await, Ok(7));
        assert_eq!(strict(Err(Wrong::Failed)), Err(Wrong::Failed));
        assert_eq!(strict(Ok(7)), Ok(0));
        // A fallback is for what is refused, and not for what is amiss.
        let invalid = touchy().failure_threshold(0).validate();
        let faults = invalid.expect_err("it is wrong");
        let error = RegisterCircuitError::Config(faults);
        assert_eq!(wrong(Ok(7)), unanswered(Unanswered::Register(error)));
    };
    bed.keeper().scope(calls).await;
    let made = bed.breakers.circuit("made").expect("it was made");
    assert_eq!(*made.config(), CircuitConfig::default());
    let strict = bed.breakers.circuit("strict").expect("it was made");
    assert_eq!(strict.state(), CircuitState::Open);
    assert_eq!(bed.breakers.circuits().len(), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn outside_of_processes_there_is_no_name_to_be_found() {
    let nowhere = |text| unanswered(Unanswered::NoNamespace(name(text)));
    assert_eq!(query(Ok(7)), nowhere("db"));
    assert_eq!(made(Ok(7)).await, nowhere("made"));
    assert_eq!(query_anyway(Ok(7)).await, Ok(7));
    let error = query(Ok(7)).expect_err("no process");
    assert_eq!(
        error.to_string(),
        "there is no namespace to look for the circuit breaker db in: no process of one runs here"
    );
}

#[tokio::test(start_paused = true)]
async fn each_key_has_a_breaker_of_its_own_as_far_as_there_is_room() {
    let bed = Bed::with(CircuitBreakersSpec::default().keys_max(2)).await;
    let shards = bed.breakers.keyed(name("shards"), touchy());
    let shards = shards.expect("it is valid");
    for key in ["a", "b"] {
        assert_eq!(of_shard(&shards, key, true).await, Err(Wrong::Failed));
        assert_eq!(of_shard(&shards, key, false).await, Ok("refused"));
    }
    let full = RegisterCircuitError::TooManyKeys {
        family: name("shards"),
        max: 2,
    };
    assert_eq!(
        of_shard(&shards, "c", false).await,
        Err(Wrong::Unanswered(Unanswered::Register(full)))
    );
    shards.find("a").expect("it is there").reset();
    assert_eq!(of_shard(&shards, "a", false).await, Ok("answered"));
    bed.end().await;
}
