//! What goes by another spec without a process being another.

use std::time::Duration;

use mainstay::actors::config::ConfigEvent;
use mainstay::actors::health::{CheckResult, HealthStatus, check_fn};
use mainstay::actors::{
    Alerts, ConfigServer, HealthAggregator, MemoryManager, MetricsStore, TelemetryService,
};
use mainstay::prelude::*;
use mainstay::specs::PressureLevel;

use crate::support::{boot, crash, one, pids, reload};

#[tokio::test(start_paused = true)]
async fn flags_of_supervisors_count_from_then_on_and_after_a_crash_of_theirs() {
    let of = |intensity: u32, inner: &str| {
        one(&format!(
            "supervisor: (intensity: {intensity}, period: \"9s\"),
             children: [(id: \"s\", supervisor: ({inner}), children: [(id: \"a\", kind: \"k\")])]"
        ))
    };
    let node = boot(&of(1, "")).await;
    let before = pids(&node);
    assert_eq!(
        reload(&node, &of(5, "strategy: rest_for_one, period: \"7s\"")).await,
        [
            "namespaces[0].supervisor.intensity: changed, in place",
            "namespaces[0].children[0].supervisor.strategy: changed, in place",
            "namespaces[0].children[0].supervisor.period: changed, in place",
        ]
    );
    assert_eq!(pids(&node), before);
    let namespace = node.namespace("n").unwrap();
    let children = namespace.children().unwrap();
    assert_eq!(children.budget().intensity, 5);
    let inner = async || {
        let children = namespace.children().unwrap().which_children().await;
        let child = children.unwrap().remove(0);
        let mainstay::supervisors::ChildStatus::Running(process) = child.status else {
            panic!("{child:?}");
        };
        process.supervisor().unwrap()
    };
    assert_eq!(inner().await.budget().period, Duration::from_secs(7));
    // Both successors go by it, too.
    children.process().kill();
    while namespace.children().is_none_or(|now| now == children) {
        tokio::task::yield_now().await;
    }
    assert_eq!(namespace.children().unwrap().budget().intensity, 5);
    assert_eq!(inner().await.budget().period, Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn the_root_of_a_namespace_may_restart_as_often_as_it_is_told_last() {
    let of = |limit: &str| {
        one(&format!(
            "{limit} services: (telemetry: ()), children: [(id: \"a\", kind: \"k\")]"
        ))
    };
    let node = boot(&of("root_limit: (intensity: 2),")).await;
    let root = node.namespace("n").unwrap().root().unwrap();
    assert_eq!(root.budget().intensity, 2);
    let before = pids(&node);
    assert_eq!(
        reload(&node, &of("root_limit: (intensity: 4, period: \"9s\"),")).await,
        [
            "namespaces[0].root_limit.intensity: changed, in place",
            "namespaces[0].root_limit.period: changed, in place",
        ]
    );
    assert_eq!(root.budget().intensity, 4);
    assert_eq!(root.budget().period, Duration::from_secs(9));
    assert_eq!(pids(&node), before);
    reload(&node, &of("")).await;
    assert_eq!(root.budget().intensity, 3);
}

#[tokio::test(start_paused = true)]
async fn flags_that_forbid_what_is_still_there_come_last_and_those_that_allow_it_first() {
    let never = one("children: [(id: \"a\", kind: \"k\")]");
    let any = one("supervisor: (auto_shutdown: any_significant),
         children: [(id: \"a\", kind: \"k\", restart: transient, significant: true)]");
    let node = boot(&never).await;
    let before = pids(&node);
    reload(&node, &any).await;
    let children = node.namespace("n").unwrap().children().unwrap();
    let spec = children
        .get_childspec(&crate::support::id("a"))
        .await
        .unwrap();
    assert!(spec.significant);
    reload(&node, &never).await;
    assert_eq!(pids(&node), before);
}

#[tokio::test(start_paused = true)]
async fn how_a_child_is_restarted_and_stopped_is_told_to_its_supervisor() {
    let of = |how: &str| one(&format!("children: [(id: \"a\", kind: \"k\"{how})]"));
    let node = boot(&of("")).await;
    let before = pids(&node);
    let told = reload(&node, &of(", restart: temporary, shutdown: brutal_kill")).await;
    assert_eq!(
        told,
        [
            "namespaces[0].children[0].restart: changed, in place",
            "namespaces[0].children[0].shutdown: changed, in place",
        ]
    );
    assert_eq!(pids(&node), before);
    let children = node.namespace("n").unwrap().children().unwrap();
    let spec = children
        .get_childspec(&crate::support::id("a"))
        .await
        .unwrap();
    assert_eq!(spec.restart, mainstay::specs::Restart::Temporary);
    // What is temporary and has ended is not there any more, and may be told otherwise.
    children.terminate_child(&spec.id).await.unwrap();
    reload(&node, &of("")).await;
}

#[tokio::test(start_paused = true)]
async fn the_memory_manager_judges_by_other_thresholds_and_pretends_no_more_if_it_may_not() {
    let of = |inner: &str| one(&format!("services: (memory_manager: ({inner}))"));
    let node = boot(&of("simulation: true")).await;
    let before = pids(&node);
    let namespace = node.namespace("n").unwrap();
    let memory = MemoryManager::of(&namespace);
    memory
        .simulate_pressure(PressureLevel::Critical, Duration::from_secs(3600))
        .unwrap();
    let new = of(
        "check_interval: \"7s\", warning_threshold: 0.5, budgets: (check_interval: \"3s\"),
         cleanup: (strategies_max: 9), samples: 5",
    );
    assert_eq!(
        reload(&node, &new).await,
        [
            "namespaces[0].services.memory_manager.check_interval: changed, in place",
            "namespaces[0].services.memory_manager.warning_threshold: changed, in place",
            "namespaces[0].services.memory_manager.samples: changed, in place",
            "namespaces[0].services.memory_manager.simulation: changed, in place",
            "namespaces[0].services.memory_manager.cleanup: changed, in place",
            "namespaces[0].services.memory_manager.budgets: changed, in place",
        ]
    );
    assert_eq!(pids(&node), before);
    assert_eq!(
        Some(memory.spec()),
        new.namespaces[0].services.memory_manager
    );
    assert!(!memory.reading().simulated);
    crash(&namespace, "memory_manager").await;
    assert_eq!(
        Some(memory.spec()),
        new.namespaces[0].services.memory_manager
    );
}

#[tokio::test(start_paused = true)]
async fn checks_keep_their_status_and_are_run_by_their_new_settings() {
    let of = |inner: &str| {
        one(&format!(
            "services: (health_aggregator: (foundation: false, tree: false, {inner}))"
        ))
    };
    let node = boot(&of(
        "checks: [(name: \"db\", config: (interval: \"1h\", fall: 1))]",
    ))
    .await;
    let before = pids(&node);
    let namespace = node.namespace("n").unwrap();
    let health = HealthAggregator::in_namespace(&namespace).unwrap();
    let name = ServiceName::new("db").unwrap();
    let check = check_fn(|| async { CheckResult::unhealthy("db", "no answer") });
    health.register(name, check, None).unwrap();
    health.sweep().await.unwrap();
    let runs = health.stats().runs;
    let new = of(
        "checks: [(name: \"db\", config: (interval: \"5s\", fall: 1)), (name: \"other\")],
         groups: [(name: \"g\", checks: [\"db\", \"other\"])], history_max: 7",
    );
    assert_eq!(
        reload(&node, &new).await,
        [
            "namespaces[0].services.health_aggregator.checks: changed, in place",
            "namespaces[0].services.health_aggregator.groups: changed, in place",
            "namespaces[0].services.health_aggregator.history_max: changed, in place",
        ]
    );
    assert_eq!(pids(&node), before);
    let status = |health: &HealthAggregator, name: &str| {
        let all = health.current().health;
        let found = all.services.iter().find(|one| one.name == *name);
        found.map(|one| one.status)
    };
    tokio::time::sleep(Duration::from_millis(1)).await;
    // It was not forgotten, and the one that is named has come.
    assert_eq!(status(&health, "db"), Some(HealthStatus::Unhealthy));
    assert_eq!(status(&health, "other"), Some(HealthStatus::Unknown));
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(health.stats().runs, runs + 2);
    crash(&namespace, "health_aggregator").await;
    assert_eq!(
        Some(health.spec()),
        new.namespaces[0].services.health_aggregator
    );
    assert_eq!(status(&health, "db"), Some(HealthStatus::Unhealthy));
}

#[tokio::test(start_paused = true)]
async fn configuration_follows_another_start_where_it_was_not_changed() {
    let of = |inner: &str| one(&format!("services: (config_server: ({inner}))"));
    let old = of("initial: (size: 10, host: \"a\", gone: 1, deep: (x: 1, y: 2))");
    let node = boot(&old).await;
    let before = pids(&node);
    let namespace = node.namespace("n").unwrap();
    let config = ConfigServer::in_namespace(&namespace).unwrap();
    config.update("size", 20).await.unwrap();
    config.update("deep.y", 5).await.unwrap();
    let mut events = config.subscribe().unwrap();
    let new = of(
        "initial: (size: 11, host: \"b\", deep: (x: 3, y: 4), come: true), subscribers_max: 1, update_limit: None",
    );
    assert_eq!(
        reload(&node, &new).await,
        [
            "namespaces[0].services.config_server.initial: changed, in place",
            "namespaces[0].services.config_server.subscribers_max: changed, in place",
            "namespaces[0].services.config_server.update_limit: changed, in place",
        ]
    );
    assert_eq!(pids(&node), before);
    let shown = |config: &ConfigServer| serde_json::to_value(config.snapshot().document()).unwrap();
    assert_eq!(
        shown(&config),
        serde_json::json!({"size": 20, "host": "b", "deep": {"x": 3, "y": 5}, "come": true})
    );
    let Ok(ConfigEvent::Reloaded(reload)) = events.next().await.unwrap() else {
        panic!("it is one change");
    };
    let paths: Vec<_> = reload
        .changes
        .iter()
        .map(|one| one.path.to_string())
        .collect();
    assert_eq!(
        (paths.join(" "), reload.version),
        ("come deep.x gone host".to_owned(), 3)
    );
    config.subscribe().unwrap_err();
    // Its successor goes by it, and so does a reset.
    crash(&namespace, "config_server").await;
    assert_eq!(config.get_as::<u32>("size").unwrap(), 20);
    config.reset().await.unwrap();
    assert_eq!(
        shown(&config),
        serde_json::json!({"size": 11, "host": "b", "deep": {"x": 3, "y": 4}, "come": true})
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_too_large_with_what_was_changed_is_refused_and_the_old_one_stays() {
    let of = |depth: u32, start: &str| {
        one(&format!(
            "services: (config_server: (depth_max: {depth}, initial: {start}))"
        ))
    };
    let old = of(5, "(a: 1)");
    let node = boot(&old).await;
    let config = ConfigServer::in_namespace(&node.namespace("n").unwrap()).unwrap();
    config.update("b.c.d", 1).await.unwrap();
    let error = node.reload(&of(2, "(a: 2)")).await.unwrap_err();
    assert!(
        error.to_string().starts_with("n/config_server: ")
            && error.to_string().ends_with("; it is as it was before"),
        "{error}"
    );
    assert_eq!(config.get_as::<u32>("a").unwrap(), 1);
    assert_eq!(
        Some(config.spec()),
        old.namespaces[0].services.config_server
    );
    config.update("b.c.e", 1).await.unwrap();
    assert_eq!(node.spec().await, old);
}

#[tokio::test(start_paused = true)]
async fn telemetry_goes_by_other_limits_and_rules_are_looked_at_in_another_rhythm() {
    let of = |inner: &str| one(&format!("services: (telemetry: ({inner}))"));
    let node = boot(&of("alerts: (every: \"1h\")")).await;
    let before = pids(&node);
    let namespace = node.namespace("n").unwrap();
    let new = of(
        "metrics: (series_max: 99), events: (subscribers_max: 1, drain_max: \"2s\"), breaker: None,
         alerts: (every: \"1s\", rules_max: 3)",
    );
    assert_eq!(
        reload(&node, &new).await,
        [
            "namespaces[0].services.telemetry.breaker: changed, in place",
            "namespaces[0].services.telemetry.metrics.series_max: changed, in place",
            "namespaces[0].services.telemetry.events.subscribers_max: changed, in place",
            "namespaces[0].services.telemetry.events.drain_max: changed, in place",
            "namespaces[0].services.telemetry.alerts.every: changed, in place",
            "namespaces[0].services.telemetry.alerts.rules_max: changed, in place",
        ]
    );
    assert_eq!(pids(&node), before);
    let metrics = MetricsStore::in_namespace(&namespace).unwrap();
    assert_eq!(metrics.status().series_max, 99);
    let telemetry = TelemetryService::in_namespace(&namespace).unwrap();
    let first = telemetry.subscribe("a.b").unwrap();
    telemetry.subscribe("a.b").unwrap_err();
    drop(first);
    let alerts = Alerts::in_namespace(&namespace).unwrap();
    tokio::time::sleep(Duration::from_millis(3500)).await;
    assert_eq!(alerts.status().rounds_count, 3);
    for name in ["telemetry", "alerts", "metrics_store"] {
        crash(&namespace, name).await;
    }
    assert_eq!(metrics.status().series_max, 99);
    assert_eq!(telemetry.events_spec().subscribers_max, 1);
    assert_eq!(alerts.spec().rules_max, 3);
}

#[tokio::test(start_paused = true)]
async fn arguments_that_say_the_same_are_no_change() {
    let of = |args: &str| {
        one(&format!(
            "children: [(id: \"a\", kind: \"k\", args: {args})]"
        ))
    };
    let node = boot(&of("(n: 1, fails: false)")).await;
    let before = pids(&node);
    let report = node
        .reload(&of("( fails: false, /* so */ n: 0x1, )"))
        .await
        .unwrap();
    assert_eq!(report.to_string(), "nothing has changed");
    assert_eq!(pids(&node), before);
}
