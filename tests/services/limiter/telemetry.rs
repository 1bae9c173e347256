//! What is told to the telemetry and the metrics of the namespace.

use std::time::Duration;

use mainstay::testkit::{Capture, Emitted, TestContext};
use mainstay_actors::MetricsStore;
use mainstay_actors::limiter::{Limiter, NAME, RateKey, RateLimiterRegistry};
use mainstay_actors::metrics::{Tags, TimeWindow};
use mainstay_actors::telemetry::{CATALOGUE, Event, EventDescriptor};
use mainstay_supervisors::specs::{OnFull, RateLimitConfig, RateLimitersSpec};

use super::support::{admitted, local, name, seconds, settle};

const ALL: &str = "foundation.rate_limiter.*";

/// With a keeper that tells every ten seconds, and does nothing else meanwhile.
async fn limiters(cx: &TestContext) -> RateLimiterRegistry {
    let spec = RateLimitersSpec::default().report_every(seconds(10));
    let spec = spec.sweep_every(seconds(3600));
    let child = RateLimiterRegistry::child(spec);
    cx.start_supervised(child).await.expect("it starts");
    settle().await;
    RateLimiterRegistry::of(cx.namespace())
}

fn slow(limit: u32) -> RateLimitConfig {
    RateLimitConfig::token_bucket(limit, seconds(1_000_000))
}

fn register(limiters: &RateLimiterRegistry, called: &str, config: RateLimitConfig) -> Limiter {
    let made = limiters.register(name(called), config);
    local(&made.expect("it is new"))
}

/// To the next moment at which is told.
async fn interval() {
    tokio::time::advance(seconds(10)).await;
    settle().await;
}

/// The last segment of the path, the policy, and the two numbers.
fn told(events: &Capture<Emitted>) -> Vec<String> {
    let line = |event: &Event| {
        let kind = |kind: &&EventDescriptor| event.path() == kind.path;
        let kind = CATALOGUE.iter().find(kind).expect("it is in the catalogue");
        kind.check(event).expect("it says what the catalogue says");
        let kind = event.path().segments().last().expect("a path").to_owned();
        let policy = event.metadata().get("policy").expect("a policy");
        let number = |name| event.measurements().get(name).expect("a number").as_f64();
        format!("{kind} {policy} {} {}", number("count"), number("total"))
    };
    events.all().iter().map(line).collect()
}

fn counted(cx: &TestContext, what: &str, policy: &str) -> u64 {
    let store = MetricsStore::in_namespace(cx.namespace()).expect("it is part of telemetry");
    let name = format!("foundation.rate_limiter.{what}");
    let tags = Tags::from([("policy", policy)]);
    let view = store.view(name.as_str(), tags, TimeWindow::Hour);
    view.map_or(0, |view| view.count())
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn an_attack_is_one_event_an_interval_with_exact_counts(cx: TestContext) {
    let events = cx.emitted("**");
    let limiters = limiters(&cx).await;
    let api = register(&limiters, "api", slow(100));
    assert_eq!(admitted(&api, "a", 100_000), 100);
    assert_eq!(events.lines(), [""; 0], "nothing is told when it happens");
    interval().await;
    let namespace = cx.namespace().name();
    let line = |count: u64, total: u64| {
        format!(
            "foundation.rate_limiter.limited count={count} total={total} policy=api namespace={namespace}"
        )
    };
    assert_eq!(events.lines(), [line(99_900, 99_900)]);
    interval().await;
    assert_eq!(
        events.lines().len(),
        1,
        "where nothing happens nothing is told"
    );
    for _ in 0..3 {
        assert_eq!(admitted(&api, "a", 7), 0);
        interval().await;
    }
    let totals = [99_900, 99_907, 99_914, 99_921];
    let counts = [99_900, 7, 7, 7];
    let each = counts.into_iter().zip(totals);
    let lines: Vec<_> = each.map(|(count, total)| line(count, total)).collect();
    assert_eq!(events.lines(), lines);
    assert_eq!(counted(&cx, "allowed", "api"), 100);
    assert_eq!(counted(&cx, "limited", "api"), 99_921);
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn each_kind_is_told_of_each_limiter_by_name(cx: TestContext) {
    let events = cx.emitted(ALL);
    let limiters = limiters(&cx).await;
    let looks = register(&limiters, "looks", slow(2).shadow(true));
    let small = slow(1).keys_max(2).on_full(OnFull::Refuse);
    let small = register(&limiters, "small", small);
    let quick = RateLimitConfig::fixed_window(1, seconds(1)).keys_max(1);
    let quick = register(&limiters, "quick", quick);
    assert_eq!(admitted(&looks, "a", 5), 5);
    for key in ["a", "b", "c", "d", "e"] {
        small.check(RateKey::from(key)).ok();
    }
    for limit in [4, 5] {
        let config = slow(limit).keys_max(2);
        small.reconfigure(config).expect("it is valid");
    }
    assert!(quick.check(RateKey::from("a")).is_ok());
    tokio::time::advance(seconds(2)).await;
    assert!(quick.check(RateKey::from("b")).is_ok());
    tokio::time::advance(seconds(8)).await;
    settle().await;
    assert_eq!(
        told(&events),
        [
            "shadowed looks 3 3",
            "evicted quick 1 1",
            "reconfigured small 2 2",
            "limited small 3 3",
            "full small 3 3",
        ]
    );
    assert_eq!(counted(&cx, "allowed", "looks"), 5);
    assert_eq!(counted(&cx, "limited", "looks"), 0);
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn no_call_is_left_out_or_told_twice_when_the_keeper_crashes_or_stops(cx: TestContext) {
    let events = cx.emitted(ALL);
    let limiters = limiters(&cx).await;
    let api = register(&limiters, "api", slow(1));
    assert_eq!(admitted(&api, "a", 4), 1);
    interval().await;
    assert_eq!(admitted(&api, "a", 5), 0);
    cx.simulate_crash(NAME).await.expect("it comes back");
    settle().await;
    assert_eq!(told(&events), ["limited api 3 3"]);
    interval().await;
    assert_eq!(told(&events), ["limited api 3 3", "limited api 5 8"]);
    assert_eq!(admitted(&api, "a", 2), 0);
    cx.stop_supervised(NAME).await.expect("it stops");
    assert_eq!(told(&events)[2..], ["limited api 2 10"]);
    assert_eq!(counted(&cx, "limited", "api"), 10);
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn a_limiter_that_is_forgotten_is_told_of_for_the_last_time(cx: TestContext) {
    let events = cx.emitted(ALL);
    let limiters = limiters(&cx).await;
    let api = register(&limiters, "api", slow(1));
    assert_eq!(admitted(&api, "a", 4), 1);
    assert!(limiters.unregister("api").is_some());
    assert_eq!(told(&events), ["limited api 3 3"]);
    // Another of the same name begins anew, and is counted with it.
    let next = register(&limiters, "api", slow(1));
    assert_eq!(admitted(&next, "a", 3), 1);
    interval().await;
    assert_eq!(told(&events), ["limited api 3 3", "limited api 2 2"]);
    assert_eq!(counted(&cx, "limited", "api"), 5);
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn a_handler_may_do_anything_with_the_limiters_and_makes_no_storm(cx: TestContext) {
    let limiters = limiters(&cx).await;
    let api = register(&limiters, "api", slow(1));
    let (mine, all) = (api.clone(), limiters.clone());
    // It is refused itself, which is one event more in the next interval.
    let handler = move |_: &Event| {
        assert!(mine.check(RateKey::from("a")).is_err());
        drop(mine.stats());
        all.unregister("other");
        all.register(name("other"), slow(1)).expect("room");
    };
    let attached = cx.telemetry().attach("meddler", ALL, handler);
    let attached = attached.expect("it is the first");
    let events = cx.emitted(ALL);
    assert_eq!(admitted(&api, "a", 3), 1);
    for _ in 0..3 {
        interval().await;
    }
    assert_eq!(
        told(&events),
        ["limited api 2 2", "limited api 1 3", "limited api 1 4"]
    );
    attached.detach().await.expect("it is attached");
}

#[tokio::test(start_paused = true)]
async fn without_telemetry_nothing_is_told_and_nobody_minds() {
    let spec = RateLimitersSpec::default().report_every(Duration::from_millis(100));
    let bed = super::support::Bed::with(spec).await;
    let api = bed.limiter(slow(1));
    assert_eq!(admitted(&api, "a", 3), 1);
    interval().await;
    assert_eq!(api.stats().refused, 2);
    bed.end().await;
}
