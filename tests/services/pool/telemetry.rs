//! What is told to the telemetry and the metrics of the namespace.

use mainstay::testkit::{Capture, Emitted, TestContext};
use mainstay_actors::metrics::{Tags, TimeWindow};
use mainstay_actors::pool::{ConnectionPoolRegistry, ConnectionSpec, PoolError};
use mainstay_actors::telemetry::{CATALOGUE, Event, EventDescriptor};
use mainstay_actors::{CircuitBreakerRegistry, MetricsStore};
use mainstay_supervisors::Child;
use mainstay_supervisors::specs::{
    CircuitConfig, ConnectionPoolsSpec, LeaseMax, OnSelfDeadlock, PoolConfig, PoolHealth, Restart,
};

use super::support::{
    Bed, Driver, Fate, Pool, Server, advance, counts, millis, name, plain, seconds, settle,
};

const ALL: &str = "foundation.connection_pool.*";

/// With a report every ten seconds, and a pool `db`.
async fn pool(cx: &TestContext, server: &Server, config: PoolConfig) -> Pool {
    let spec = ConnectionPoolsSpec::default().report_every(seconds(10));
    let child = ConnectionPoolRegistry::child(spec);
    cx.start_supervised(child).await.expect("it starts");
    let pools = ConnectionPoolRegistry::of(cx.namespace());
    let spec = ConnectionSpec::new(Driver(server.clone()), "first");
    let made = pools.register_pool(name("db"), config, spec).await;
    settle().await;
    made.expect("there is none yet")
}

/// No looks by themselves.
fn quiet(max: u32) -> PoolConfig {
    plain(max).health(PoolHealth::default().interval(seconds(36_000)))
}

/// The last segment of the path, what was measured, and what was said beside pool and namespace and places in the code; each checked
/// against the catalogue.
fn told(events: &Capture<Emitted>) -> Vec<String> {
    let line = |event: &Event| {
        let kind = |kind: &&EventDescriptor| event.path() == kind.path;
        let kind = CATALOGUE.iter().find(kind).expect("it is in the catalogue");
        kind.check(event).expect("it says what the catalogue says");
        assert_eq!(
            event.metadata().get("pool").expect("a pool").as_str(),
            Some("db")
        );
        let mut words = vec![event.path().segments().last().expect("a path").to_owned()];
        for (_, number) in event.measurements().iter() {
            words.push(number.as_f64().to_string());
        }
        for (name, value) in event.metadata().iter() {
            match name {
                "pool" | "namespace" => {}
                "taken_at" => assert!(value.as_str().is_some_and(|at| at.contains("telemetry.rs"))),
                _ => words.push(value.to_string()),
            }
        }
        words.join(" ")
    };
    events.all().iter().map(line).collect()
}

fn counted(cx: &TestContext, what: &str, more: Option<(&'static str, &'static str)>) -> u64 {
    let store = MetricsStore::in_namespace(cx.namespace()).expect("it is part of telemetry");
    let name = format!("foundation.connection_pool.{what}");
    let tags = match more {
        Some(tag) => Tags::from([("pool", "db"), tag]),
        None => Tags::from([("pool", "db")]),
    };
    let view = store.view(name.as_str(), tags, TimeWindow::Hour);
    view.map_or(0, |view| view.count())
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn checkouts_are_told_in_sums_once_an_interval_and_none_is_left_out(cx: TestContext) {
    let events = cx.emitted(ALL);
    let server = Server::default();
    let pool = pool(&cx, &server, quiet(1)).await;
    for _ in 0..1000 {
        drop(pool.checkout().await.expect("there is room"));
    }
    let lease = pool.checkout().await.expect("there is one");
    assert!(pool.checkout_within(millis(200)).await.is_err());
    assert!(pool.checkout_within(millis(0)).await.is_err());
    assert_eq!(
        told(&events),
        ["pool_started 0 1"],
        "the rest is told later"
    );
    advance(millis(9800)).await;
    assert_eq!(
        told(&events)[1..],
        [
            "connected 1 1",
            "checkout 1001 1001 1 0",
            "timeout 1 1",
            "refused 1 1 exhausted",
        ]
    );
    assert_eq!(counted(&cx, "checkouts", None), 1001);
    assert_eq!(counted(&cx, "timeouts", None), 1);
    assert_eq!(counted(&cx, "refused", Some(("reason", "exhausted"))), 1);
    advance(seconds(10)).await;
    assert_eq!(
        told(&events).len(),
        5,
        "where nothing happens nothing is told"
    );
    drop(lease);
    drop(pool.checkout().await.expect("there is one"));
    // A crash of the keeper, and its end, tell nothing twice.
    let id = "connection_pools";
    cx.simulate_crash(id).await.expect("it comes back");
    settle().await;
    advance(seconds(10)).await;
    assert_eq!(told(&events)[5..], ["checkout 1 1002 0 0"]);
    drop(pool.checkout().await.expect("there is one"));
    cx.stop_supervised(id).await.expect("it stops");
    assert_eq!(told(&events)[6..], ["checkout 1 1003 0 0"]);
    assert_eq!(counted(&cx, "checkouts", None), 1003);
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn a_lease_that_cannot_be_taken_back_is_told_of_by_whom_it_was_given_to(cx: TestContext) {
    let events = cx.emitted("foundation.connection_pool.checkin_refused");
    let (server, other) = (Server::default(), Server::default());
    let max = LeaseMax::default().revoke(seconds(1));
    let pool = pool(&cx, &server, quiet(2).lease_max(max)).await;
    let elsewhere = Bed::new().await;
    let theirs = elsewhere.pool_of("cache", quiet(1), &other).await;
    let lease = pool.checkout().await.expect("there is room");
    advance(seconds(1)).await;
    let refused = pool.checkin(lease).unwrap_err();
    assert!(matches!(refused, PoolError::Revoked { .. }), "{refused}");
    let lease = theirs.checkout().await.expect("there is room");
    let refused = pool.checkin(lease).unwrap_err().to_string();
    let expected = format!(
        "a lease of the pool {}/db was expected, found one of bed/cache",
        cx.namespace().name()
    );
    assert_eq!(refused, expected);
    assert_eq!(counts(&theirs), [1, 0, 0, 0, 0, 0], "it went back");
    settle().await;
    assert_eq!(
        told(&events),
        [
            "checkin_refused 1 revoked ",
            "checkin_refused 1 foreign bed/cache"
        ]
    );
    elsewhere.end().await;
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn each_thing_that_happens_seldom_is_one_event(cx: TestContext) {
    let events = cx.emitted(ALL);
    let server = Server::default();
    server.connects(&[Fate::Fails, Fate::Panics]);
    let max = LeaseMax::default().warn(seconds(1)).revoke(seconds(2));
    let config = quiet(2).lease_max(max).max_retries(5);
    let pool = pool(&cx, &server, config.clone()).await;
    let lease = pool.checkout().await.expect("it works at last");
    advance(seconds(1)).await;
    advance(seconds(1)).await;
    assert!(lease.is_revoked());
    drop(lease);
    pool.resize(1, 3).expect("it is valid");
    settle().await;
    assert_eq!(pool.rotate("second", seconds(0)), 1);
    settle().await;
    pool.drain().await;
    settle().await;
    // In this test a borrower is a task of the test, which has a name of its own.
    let mut lines = told(&events);
    for line in &mut lines {
        if line.starts_with("lease_warned") || line.starts_with("revoked") {
            line.truncate(line.rfind(' ').unwrap_or(0));
        }
    }
    let lines: Vec<_> = lines
        .iter()
        .map(|line| line.split(" task").next().unwrap_or_default())
        .collect();
    assert_eq!(
        lines,
        [
            "pool_started 0 2",
            "connect_failed 1 the server says no",
            "connect_failed 2 a panic: out of order",
            "lease_warned 1000",
            "revoked 2000",
            "reconfigured 1 3",
            "rotated 1",
            "connected 3 3",
            "checkout 1 1 1 150",
            "evicted 1 1 age",
            "drained 0",
        ]
    );
    assert_eq!(counted(&cx, "connect_failures", None), 2);
    assert_eq!(counted(&cx, "revoked", None), 1);
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn the_end_of_a_borrower_is_one_event_with_all_it_had(cx: TestContext) {
    let events = cx.emitted("foundation.connection_pool.reclaimed");
    let server = Server::default();
    let pool = pool(&cx, &server, quiet(3)).await;
    let borrows = pool.clone();
    let child = Child::task("borrower", move |_stop| {
        let pool = borrows.clone();
        async move {
            for _ in 0..3 {
                std::mem::forget(pool.checkout().await);
            }
        }
    });
    let process = cx.start_supervised(child.restart(Restart::Temporary)).await;
    let process = process.expect("it starts");
    process.ended().await;
    settle().await;
    let borrower = format!("{} ({})", process.path(), process.pid());
    assert_eq!(told(&events), [format!("reclaimed 3 {borrower}")]);
    assert_eq!(counted(&cx, "reclaimed", None), 3);
    pool.drain().await;
}

/// At which look, counted from 1, which step is told of, where nothing answers at so many looks and something does after them.
async fn steps(cx: &TestContext, failures_max: u32, looks: u32) -> Vec<String> {
    let events = cx.emitted("foundation.connection_pool.*");
    let server = Server::default();
    let health = PoolHealth::default().interval(seconds(10));
    let health = health.failures_max(failures_max);
    let config = plain(1).min_size(1).health(health).idle_timeout(None);
    let pool = pool(cx, &server, config).await;
    server.pings(Fate::Fails);
    for _ in 0..looks {
        advance(seconds(10)).await;
        advance(millis(100)).await;
    }
    server.pings(Fate::Works);
    advance(seconds(10)).await;
    pool.drain().await;
    let reason = " none of the 1 idle connections of the pool db answers";
    let lines = told(&events).into_iter();
    let seldom = lines.filter(|line| line.starts_with("sick") || line.starts_with("recovered"));
    seldom.map(|line| line.replace(reason, "")).collect()
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn each_step_against_a_sick_pool_is_one_event_and_so_is_that_it_is_well(cx: TestContext) {
    assert_eq!(
        steps(&cx, 1, 4).await,
        [
            "sick 1 evict_idle",
            "sick 2 evict_all",
            "sick 3 recycle",
            "sick 4 restart",
            "recovered 4",
        ]
    );
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn a_step_is_taken_after_as_many_sick_looks_as_the_configuration_says(cx: TestContext) {
    assert_eq!(
        steps(&cx, 2, 9).await,
        [
            "sick 2 evict_idle",
            "sick 4 evict_all",
            "sick 6 recycle",
            "sick 8 restart",
            "recovered 9",
        ]
    );
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn a_breaker_that_opens_and_closes_is_one_event_each(cx: TestContext) {
    let events = cx.emitted("foundation.connection_pool.*");
    let breakers = CircuitBreakerRegistry::of(cx.namespace());
    let breaker = breakers.register_circuit(name("server"), CircuitConfig::default());
    let breaker = breaker.expect("there is none yet");
    let server = Server::default();
    let pool = pool(&cx, &server, quiet(1).breaker(name("server"))).await;
    breaker.force_open();
    settle().await;
    assert!(pool.checkout().await.is_err());
    assert!(pool.checkout().await.is_err());
    breaker.reset();
    settle().await;
    drop(pool.checkout().await.expect("it is closed"));
    pool.drain().await;
    settle().await;
    assert_eq!(
        told(&events),
        [
            "pool_started 0 1",
            "barred 1 server",
            "unbarred 1 server",
            "connected 1 1",
            "checkout 1 1 1 0",
            "refused 2 2 unconnected",
            "drained 0",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn without_telemetry_nothing_is_told_and_nobody_minds() {
    let spec = ConnectionPoolsSpec::default().report_every(millis(100));
    let bed = super::support::Bed::with(spec).await;
    bed.server.connects(&[Fate::Fails]);
    let pool = bed.pool(plain(1)).await;
    drop(pool.checkout().await.expect("it works at last"));
    advance(seconds(1)).await;
    assert_eq!(pool.stats().totals.failed, 1);
    bed.end().await;
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn one_who_waits_for_itself_is_told_of_and_counts_as_refused_only_if_it_was(cx: TestContext) {
    let events = cx.emitted("foundation.connection_pool.*");
    let server = Server::default();
    let pool = pool(&cx, &server, quiet(1)).await;
    let wait_for_oneself = |pool: Pool| {
        tokio::spawn(async move {
            let _lease = pool.checkout().await.expect("there is room");
            let error = pool.checkout_within(seconds(1)).await.unwrap_err();
            error.to_string()
        })
    };
    let waited = wait_for_oneself(pool.clone()).await.expect("no panic");
    assert!(waited.contains("within 1s"), "{waited}");
    settle().await;
    let refuse = quiet(1).on_self_deadlock(OnSelfDeadlock::Refuse);
    pool.reconfigure(refuse).expect("it is right");
    settle().await;
    let refused = wait_for_oneself(pool.clone()).await.expect("no panic");
    assert!(!refused.contains("within 1s"), "{refused}");
    pool.drain().await;
    settle().await;
    let lines = told(&events);
    let of = |what: &str| lines.iter().filter(|line| line.starts_with(what)).count();
    assert_eq!(of("self_deadlock 1 "), 2, "{lines:?}");
    // Reported ones are told of as they happen, and are not among the refused.
    let refusals: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("refused"))
        .collect();
    assert_eq!(refusals, ["refused 1 2 self_deadlock"]);
}
