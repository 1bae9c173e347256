//! Services that go by another spec in place.

use mainstay::actors::limiter::RateKey;
use mainstay::actors::telemetry::SPEC_RELOADED;
use mainstay::actors::{
    Alerts, CircuitBreakerRegistry, ConnectionPoolRegistry, ProtectionRegistry, RateLimiterRegistry,
};
use mainstay::prelude::*;
use mainstay::specs::RateLimitConfig;

use crate::support::{boot, crash, one, pids, reload};

#[tokio::test(start_paused = true)]
async fn limiters_go_by_another_limit_and_keep_what_was_counted() {
    let of = |limit: u32, max: u32| {
        one(&format!(
            "services: (rate_limiters: (limiters_max: {max}, limiters: [
                (name: \"api\", config: (algorithm: fixed_window, limit: {limit}, window: \"1h\"))]))"
        ))
    };
    let node = boot(&of(2, 5)).await;
    let before = pids(&node);
    let namespace = node.namespace("n").unwrap();
    let limiters = RateLimiterRegistry::of(&namespace);
    let api = limiters.limiter("api").unwrap();
    let ada = RateKey::ip([10, 0, 0, 1]);
    api.check(ada).await.unwrap();
    api.check(ada).await.unwrap();
    api.check(ada).await.unwrap_err();
    assert_eq!(
        reload(&node, &of(3, 1)).await,
        [
            "namespaces[0].services.rate_limiters.limiters_max: changed, in place",
            "namespaces[0].services.rate_limiters.limiters[0].config: changed, in place",
        ]
    );
    assert_eq!(pids(&node), before);
    api.check(ada).await.unwrap();
    api.check(ada).await.unwrap_err();
    // The successor of the keeper goes by the new spec, too.
    crash(&namespace, "rate_limiters").await;
    let config = RateLimitConfig::clone(&api.config());
    assert_eq!(config.limit, 3);
    let another = ServiceName::new("another").unwrap();
    assert_eq!(
        limiters.register(another, config).unwrap_err().to_string(),
        "there are 1 rate limiters, as many as there may be"
    );
}

#[tokio::test(start_paused = true)]
async fn breakers_come_and_go_and_change_and_an_open_one_stays_open() {
    let of = |breakers: &str| {
        one(&format!(
            "services: (circuit_breakers: (breakers: [{breakers}]))"
        ))
    };
    let node = boot(&of("(name: \"a\"), (name: \"b\")")).await;
    let before = pids(&node);
    let namespace = node.namespace("n").unwrap();
    let breakers = CircuitBreakerRegistry::of(&namespace);
    let (a, b) = (
        breakers.circuit("a").unwrap(),
        breakers.circuit("b").unwrap(),
    );
    b.force_open();
    let new = of("(name: \"b\"), (name: \"c\", config: (failure_threshold: 9))");
    assert_eq!(
        reload(&node, &new).await,
        [
            "namespaces[0].services.circuit_breakers.breakers[0]: removed, in place",
            "namespaces[0].services.circuit_breakers.breakers[1]: added, in place",
        ]
    );
    assert_eq!(pids(&node), before);
    let names = |breakers: &CircuitBreakerRegistry| -> Vec<String> {
        let all = breakers.circuits();
        all.iter().map(|one| one.name().to_string()).collect()
    };
    assert_eq!(names(&breakers), ["b", "c"]);
    b.check_state().unwrap_err();
    // It works on for whoever holds it.
    a.check_state().unwrap();
    assert_eq!(breakers.circuit("c").unwrap().config().failure_threshold, 9);
    crash(&namespace, "circuit_breakers").await;
    assert_eq!(names(&breakers), ["b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn protections_come_and_go_and_change() {
    let of = |operations: &str| {
        one(&format!(
            "services: (protections: (operations: [{operations}]))"
        ))
    };
    let node = boot(&of("(name: \"a\"), (name: \"b\")")).await;
    let before = pids(&node);
    let protections = ProtectionRegistry::of(&node.namespace("n").unwrap());
    let new = of("(name: \"b\", config: (deadline: \"1s\")), (name: \"c\")");
    assert_eq!(reload(&node, &new).await.len(), 3);
    assert_eq!(pids(&node), before);
    let stats: Vec<_> = protections
        .stats()
        .into_iter()
        .map(|one| {
            (
                one.name.to_string(),
                one.config.deadline.map(|time| time.as_secs()),
            )
        })
        .collect();
    assert_eq!(stats, [("b".to_owned(), Some(1)), ("c".to_owned(), None)]);
}

#[tokio::test(start_paused = true)]
async fn pools_come_and_go_and_are_resized() {
    let of = |pools: &str| one(&format!("services: (connection_pools: (pools: [{pools}]))"));
    let pool = |name: &str, max: u32| {
        format!(
            "(name: \"{name}\", source: sqlite(path: \":memory:\"), config: (min_size: 0, max_size: {max}))"
        )
    };
    let node = boot(&of(&[pool("a", 1), pool("b", 1)].join(", "))).await;
    let before = pids(&node);
    let pools = ConnectionPoolRegistry::of(&node.namespace("n").unwrap());
    let new = of(&[pool("b", 3), pool("c", 2)].join(", "));
    assert_eq!(
        reload(&node, &new).await,
        [
            "namespaces[0].services.connection_pools.pools[0]: removed, in place",
            "namespaces[0].services.connection_pools.pools[0].config: changed, in place",
            "namespaces[0].services.connection_pools.pools[1]: added, in place",
        ]
    );
    let stats: Vec<_> = pools
        .stats()
        .into_iter()
        .map(|one| one.name.to_string())
        .collect();
    assert_eq!(stats, ["b", "c"]);
    let after = pids(&node);
    for same in [
        "n",
        "n/connection_pools",
        "n/connection_pools/b",
        "n/connection_pools/b/keeper",
    ] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert!(after.contains_key("n/connection_pools/c/keeper"));
    assert!(!after.contains_key("n/connection_pools/a"));
}

#[tokio::test(start_paused = true)]
async fn rules_of_alerts_come_and_go_and_change() {
    let of = |rules: &str| {
        one(&format!(
            "services: (telemetry: (alerts: (rules: [{rules}])))"
        ))
    };
    let rule = |name: &str, threshold: u32| {
        format!(
            "(name: \"{name}\", metric: \"x.y\", aspect: count, comparison: gt, threshold: {threshold}, severity: warning)"
        )
    };
    let node = boot(&of(&[rule("a", 1), rule("b", 1)].join(", "))).await;
    let before = pids(&node);
    let namespace = node.namespace("n").unwrap();
    let alerts = Alerts::in_namespace(&namespace).unwrap();
    let telemetry = TelemetryService::in_namespace(&namespace).unwrap();
    let mut told = telemetry.subscribe(SPEC_RELOADED.path).unwrap();
    reload(&node, &of(&[rule("b", 2), rule("c", 1)].join(", "))).await;
    assert_eq!(pids(&node), before);
    let rules = alerts.rules();
    let rules: Vec<_> = rules
        .iter()
        .map(|rule| (rule.name.as_str(), rule.threshold))
        .collect();
    assert_eq!(rules, [("b", 2.0), ("c", 1.0)]);
    let event = told.next().await.unwrap().unwrap();
    let number = event.measurements().get("changes").map(ToString::to_string);
    assert_eq!(number.as_deref(), Some("3"));
    let result = event.metadata().get("result").map(ToString::to_string);
    assert_eq!(result.as_deref(), Some("done"));
    SPEC_RELOADED.check(&event).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_goes_by_the_old_spec_again() {
    let of = |limit: u32, window: &str| {
        one(&format!(
            "services: (rate_limiters: (limiters: [(name: \"api\", config: (limit: {limit}, window: \"1s\"{window}))]))"
        ))
    };
    let old = of(2, "");
    let node = boot(&old).await;
    let limiters = RateLimiterRegistry::of(&node.namespace("n").unwrap());
    // Others have taken the room.
    let config = RateLimitConfig::clone(&limiters.limiter("api").unwrap().config());
    for nth in 0..3 {
        let name = ServiceName::new(format!("other {nth}")).unwrap();
        limiters.register(name, config.clone()).unwrap();
    }
    let new = one(
        "services: (rate_limiters: (limiters_max: 4, limiters: [
            (name: \"api\", config: (limit: 9, window: \"1s\")), (name: \"more\", config: (limit: 1, window: \"1s\"))]))",
    );
    let error = node.reload(&new).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "n/rate_limiters: there are 4 rate limiters, as many as there may be; it is as it was before"
    );
    assert_eq!(limiters.limiter("api").unwrap().config().limit, 2);
    assert_eq!(node.spec().await, old);
}
