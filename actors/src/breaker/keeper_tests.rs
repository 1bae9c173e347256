//! The keeper, on a clock that stands still, with breakers that rely on its timers all the same.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mainstay_specs::{
    CircuitBreakersSpec, CircuitConfig, NamespaceName, ServiceName, Strategy, SupervisorFlags,
    TripRules,
};
use mainstay_supervisors::{Fault, Namespace, NamespacePlan, Runtime};

use super::super::circuits::Circuits;
use super::super::handle::CircuitBreaker;
use super::super::registry::{CircuitBreakerRegistry, NAME};
use super::super::{CircuitState, OnMissing};

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

/// A namespace whose keeper minds times, and a breaker in it.
async fn minding(config: CircuitConfig) -> (Runtime, Namespace, CircuitBreaker) {
    let flags =
        SupervisorFlags::new(Strategy::OneForOne).intensity(u32::MAX, Duration::from_secs(1));
    let child = CircuitBreakerRegistry::child(CircuitBreakersSpec::default());
    let plan = NamespacePlan::new().children_flags(flags).child(child);
    let runtime = Runtime::new();
    let started = runtime.start_namespace(NamespaceName::new("minding").expect("a name"), plan);
    let namespace = started.await.expect("it starts");
    let post = Arc::clone(&Circuits::of(&namespace).post);
    post.relies.store(true, Ordering::Relaxed);
    let breakers = CircuitBreakerRegistry::of(&namespace);
    let made = breakers.register_circuit(name("db"), config);
    settle().await;
    (runtime, namespace, made.expect("it is new"))
}

fn touchy() -> CircuitConfig {
    CircuitConfig::default().failure_threshold(1)
}

async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

async fn advance(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

async fn kill(namespace: &Namespace) {
    let old = namespace.whereis(NAME).expect("it runs");
    old.kill();
    old.ended().await;
    settle().await;
    assert_ne!(namespace.whereis(NAME), Some(old));
}

#[tokio::test(start_paused = true)]
async fn while_it_minds_the_time_refusals_need_no_clock_and_the_first_call_after_it_is_the_probe() {
    let (_runtime, _namespace, breaker) = minding(touchy()).await;
    breaker.try_acquire().expect("it is closed").failure();
    assert!(!breaker.cell().word().refuses(), "it has not come yet");
    settle().await;
    for _ in 0..1000 {
        assert!(breaker.cell().word().refuses());
        breaker.try_acquire().expect_err("it is open");
    }
    assert_eq!(breaker.stats().rejected, 1000);
    advance(30).await;
    settle().await;
    assert!(!breaker.cell().word().refuses(), "it took its word back");
    breaker.try_acquire().expect("the probe").success();
    assert_eq!(breaker.state(), CircuitState::Closed);
    assert_eq!(breaker.stats().rejected, 1000);
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_callers_at_the_reset_of_one_that_is_minded_exactly_the_permits_run() {
    let half_open = mainstay_specs::HalfOpen::new(3, 3);
    let (_runtime, _namespace, breaker) = minding(touchy().half_open(half_open)).await;
    breaker.try_acquire().expect("it is closed").failure();
    settle().await;
    advance(30).await;
    settle().await;
    let probes: Vec<_> = (0..1000)
        .filter_map(|_| breaker.try_acquire().ok())
        .collect();
    assert_eq!(probes.len(), 3);
    settle().await;
    assert!(breaker.cell().word().refuses(), "until one of them is due");
    probes.into_iter().for_each(super::super::Permit::success);
    assert_eq!(breaker.state(), CircuitState::Closed);
    assert_eq!(breaker.stats().rejected, 997);
}

#[tokio::test(start_paused = true)]
async fn nobody_relies_on_a_keeper_that_is_gone() {
    for forgotten in [false, true] {
        let (_runtime, namespace, breaker) = minding(touchy()).await;
        breaker.try_acquire().expect("it is closed").failure();
        settle().await;
        assert!(breaker.cell().word().refuses());
        if forgotten {
            let breakers = CircuitBreakerRegistry::of(&namespace);
            assert!(breakers.unregister("db").is_some());
        }
        let keeper = namespace.whereis(NAME).expect("it runs");
        let children = namespace.children().expect("it runs");
        children
            .terminate_child(keeper.id())
            .await
            .expect("it runs");
        assert!(!breaker.cell().word().refuses());
        advance(30).await;
        breaker.try_acquire().expect("the probe").failure();
        children
            .restart_child(keeper.id())
            .await
            .expect("it starts");
        settle().await;
        assert!(breaker.cell().word().refuses(), "the next one minds it");
        kill(&namespace).await;
        assert!(breaker.cell().word().refuses());
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_not_called_for_calls_that_come_and_go() {
    let trip = TripRules::default().in_flight(2, Duration::from_secs(60));
    let (_runtime, _namespace, breaker) = minding(CircuitConfig::default().trip(trip)).await;
    let post = &breaker.cell().post;
    let mut called = 0;
    let _first = breaker.try_acquire_owned().expect("it is closed");
    for _ in 0..100 {
        let permit = breaker.try_acquire().expect("it is closed");
        called += post.take_waiting().len();
        permit.success();
        called += post.take_waiting().len();
        advance(1).await;
    }
    assert_eq!(called, 1);
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_comes_too_early_asks_for_the_next() {
    let trip = TripRules::default().in_flight(1, Duration::from_secs(60));
    let (_runtime, _namespace, breaker) = minding(CircuitConfig::default().trip(trip)).await;
    breaker.try_acquire().expect("it is closed").success();
    settle().await;
    advance(40).await;
    let _out = breaker.try_acquire_owned().expect("it is closed");
    settle().await;
    let mut events = breaker.subscribe();
    advance(20).await;
    settle().await;
    assert_eq!(events.try_next(), None);
    advance(40).await;
    settle().await;
    let event = events.try_next().expect("an event").expect("no lag");
    let step = *event.transition().expect("a transition");
    assert_eq!(
        (step.to, step.at),
        (CircuitState::Open, Duration::from_secs(100))
    );
}

#[tokio::test(start_paused = true)]
async fn many_that_are_gone_do_not_wait_for_it() {
    let runtime = Runtime::new();
    let namespace = runtime.namespace("unkept").await.expect("it starts");
    let breakers = CircuitBreakerRegistry::of(&namespace);
    for _ in 0..10_000 {
        let create = OnMissing::Create(touchy());
        let db = name("db");
        let call = breakers.execute(&db, create, || async { Err::<(), _>(()) });
        assert!(call.await.is_err());
        assert!(breakers.unregister("db").is_some());
    }
    assert!(Circuits::of(&namespace).post.take_waiting().len() <= 4);
}

/// Calls until one is let through, after each of which so much time passes; how many were refused.
async fn refused_until_probe(breaker: &CircuitBreaker, pause: Duration) -> u64 {
    let mut refused = 0;
    loop {
        match breaker.try_acquire() {
            Ok(probe) => {
                probe.success();
                return refused;
            }
            Err(_) => refused += 1,
        }
        tokio::time::advance(pause).await;
    }
}

/// A breaker that has opened, and whose keeper has come and will not come again.
async fn left_by_its_keeper() -> (Runtime, Namespace, CircuitBreaker) {
    let (runtime, namespace, breaker) = minding(touchy()).await;
    breaker.try_acquire().expect("it is closed").failure();
    settle().await;
    let keeper = namespace.whereis(NAME).expect("it runs");
    assert!(keeper.inject(Fault::Hang));
    settle().await;
    assert!(breaker.cell().word().refuses());
    (runtime, namespace, breaker)
}

#[tokio::test(start_paused = true)]
async fn who_calls_rarely_relies_on_no_keeper() {
    let (_runtime, _namespace, breaker) = left_by_its_keeper().await;
    let pause = Duration::from_secs(10);
    // At 0, 10 and 20 s; at 30 s the time is up.
    assert_eq!(refused_until_probe(&breaker, pause).await, 3);
    assert_eq!(breaker.stats().rejected, 3, "the probe is none of them");
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn who_calls_often_looks_at_the_clock_at_every_256th_call_and_more_often_at_first() {
    let (_runtime, _namespace, breaker) = left_by_its_keeper().await;
    for _ in 0..1000 {
        breaker.try_acquire().expect_err("it is open");
    }
    advance(30).await;
    // Of the first 1,024, it has looked at the 1st, 2nd, 4th and so on; the next is the last.
    assert_eq!(refused_until_probe(&breaker, Duration::ZERO).await, 23);
    assert_eq!(breaker.stats().rejected, 1023);
}

#[tokio::test(start_paused = true)]
async fn each_time_it_opens_the_first_refusal_looks_at_the_clock() {
    let (_runtime, namespace, breaker) = minding(touchy()).await;
    for _ in 0..2 {
        breaker.try_acquire().expect("it is closed").failure();
        settle().await;
        for _ in 0..300 {
            breaker.try_acquire().expect_err("it is open");
        }
        advance(30).await;
        settle().await;
        breaker.try_acquire().expect("the probe").success();
    }
    breaker.try_acquire().expect("it is closed").failure();
    settle().await;
    let keeper = namespace.whereis(NAME).expect("it runs");
    assert!(keeper.inject(Fault::Hang));
    advance(30).await;
    assert!(breaker.cell().word().refuses(), "nobody has come");
    assert_eq!(refused_until_probe(&breaker, Duration::ZERO).await, 0);
}

#[tokio::test(start_paused = true)]
async fn on_a_clock_that_stands_still_nobody_relies_on_timers() {
    assert!(!super::time_flows());
}

#[tokio::test]
async fn on_a_clock_that_runs_the_keeper_is_relied_on() {
    assert!(super::time_flows());
}
