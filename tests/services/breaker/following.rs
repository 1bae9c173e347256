//! Breakers that follow a supervised process.

use mainstay_actors::breaker::{Cause, CircuitState, NAME};
use mainstay_supervisors::{Child, Process};

use super::support::{Bed, fail, name, settle, succeed, touchy};

fn server() -> Child {
    Child::task("server", |stop| async move { stop.stopped().await }).name(name("server"))
}

async fn restarted(bed: &Bed, old: &Process) -> Process {
    old.kill();
    old.ended().await;
    let new = bed.namespace.registry().wait_for(&name("server")).await;
    settle().await;
    new
}

#[tokio::test(start_paused = true)]
async fn the_restart_of_what_it_follows_puts_an_open_breaker_to_the_test() {
    let bed = Bed::new().await;
    bed.namespace
        .start_child(server())
        .await
        .expect("it starts");
    let breaker = bed.breaker(touchy());
    breaker.follow(name("server"));
    settle().await;
    assert!(fail(&breaker).await.is_err());
    let old = bed.namespace.whereis("server").expect("it runs");
    let new = restarted(&bed, &old).await;
    assert_ne!(new, old);
    let stats = breaker.stats();
    assert_eq!(stats.state, CircuitState::HalfOpen);
    assert_eq!(stats.transitions[1].cause, Cause::Restarted);
    assert_eq!(stats.follows, Some(name("server")));
    let probe = breaker.try_acquire_owned().expect("it is half open");
    restarted(&bed, &new).await;
    probe.failure();
    assert_eq!(
        breaker.state(),
        CircuitState::HalfOpen,
        "it was of the one before"
    );
    assert!(succeed(&breaker).await.is_ok());
    assert_eq!(breaker.state(), CircuitState::Closed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_while_there_was_no_keeper_is_noticed_by_the_next_one() {
    let bed = Bed::new().await;
    bed.namespace
        .start_child(server())
        .await
        .expect("it starts");
    let breaker = bed.breaker(touchy());
    breaker.follow(name("server"));
    settle().await;
    assert!(fail(&breaker).await.is_err());
    let children = bed.namespace.children().expect("it runs");
    let keeper = mainstay_supervisors::specs::ChildId::new(NAME).expect("an id");
    children.terminate_child(&keeper).await.expect("it runs");
    let old = bed.namespace.whereis("server").expect("it runs");
    assert_ne!(restarted(&bed, &old).await, old);
    assert_eq!(breaker.state(), CircuitState::Open, "nobody has looked");
    children.restart_child(&keeper).await.expect("it starts");
    settle().await;
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_first_start_of_what_it_follows_puts_a_breaker_to_the_test_that_has_opened_meanwhile() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy());
    breaker.follow(name("server"));
    assert!(fail(&breaker).await.is_err());
    settle().await;
    assert_eq!(breaker.state(), CircuitState::Open);
    bed.namespace
        .start_child(server())
        .await
        .expect("it starts");
    settle().await;
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_counts_from_the_moment_it_follows() {
    let bed = Bed::new().await;
    bed.namespace
        .start_child(server())
        .await
        .expect("it starts");
    let breaker = bed.breaker(touchy());
    assert!(fail(&breaker).await.is_err());
    breaker.follow(name("server"));
    let old = bed.namespace.whereis("server").expect("it runs");
    // The keeper has not had a moment to look at it yet.
    restarted(&bed, &old).await;
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn to_follow_one_that_runs_already_is_no_restart() {
    let bed = Bed::new().await;
    bed.namespace
        .start_child(server())
        .await
        .expect("it starts");
    let breaker = bed.breaker(touchy());
    assert!(fail(&breaker).await.is_err());
    breaker.follow(name("server"));
    settle().await;
    bed.crash().await;
    assert_eq!(breaker.state(), CircuitState::Open);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_closed_or_forced_breaker_is_as_it_was() {
    let bed = Bed::new().await;
    bed.namespace
        .start_child(server())
        .await
        .expect("it starts");
    let breaker = bed.breaker(touchy());
    breaker.follow(name("server"));
    settle().await;
    let old = bed.namespace.whereis("server").expect("it runs");
    let new = restarted(&bed, &old).await;
    assert_eq!(breaker.state(), CircuitState::Closed);
    breaker.force_open();
    restarted(&bed, &new).await;
    assert_eq!(breaker.state(), CircuitState::ForcedOpen);
    bed.end().await;
}
