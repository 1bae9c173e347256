//! A node that goes by another spec is in the state of one that was booted with it.

use std::collections::BTreeMap;

use mainstay::actors::{
    Alerts, CircuitBreakerRegistry, ConfigServer, ConnectionPoolRegistry, EventStore,
    HealthAggregator, MemoryManager, MetricsStore, ProtectionRegistry, RateLimiterRegistry,
    TelemetryService,
};
use mainstay::prelude::*;
use mainstay::supervisors::{ChildStatus, SupervisorRef};

use crate::support::{boot, spec};

const SPEC: &str = r#"(name: "n",
    services: (
        telemetry: (
            metrics: (series_max: 100, bytes_max: 2000000),
            events: (handlers_max: 5, subscribers_max: 6, backlog_max: 7, queue_max: 8, emitters_max: 9, drain_max: "1s"),
            alerts: (every: "1s", rules_max: 10, watches_max: 11, history_max: 12, subscribers_max: 13,
                rules: [(name: "r", metric: "x.y", aspect: count, comparison: gt, threshold: 14, severity: warning)]),
            breaker: (failure_threshold: 15),
            processes: (enabled: true),
        ),
        config_server: (initial: (a: 16, b: (c: 17)), subscribers_max: 18, bytes_max: 19000, depth_max: 20, cache_max: 21,
            update_limit: (limit: 22, window: "60s"), breaker: (failure_threshold: 23)),
        memory_manager: (check_interval: "24s", samples: 25, sources_max: 26, subscribers_max: 27, events_backlog: 28,
            warning_threshold: 0.29, hysteresis: 0.03, dwell: "31s", stale_after: 32, simulation: true,
            cleanup: (strategies_max: 33), budgets: (check_interval: "34s", restart_interval: "60s")),
        circuit_breakers: (breakers_max: 35, keys_max: 36, events_backlog: 37, default: (failure_threshold: 38),
            breakers: [(name: "db", config: (failure_threshold: 39)), (name: "plain")]),
        rate_limiters: (limiters_max: 40, sweep_every: "41s", report_every: "42s",
            limiters: [(name: "api", config: (limit: 43, window: "44s"))]),
        connection_pools: (pools_max: 45, report_every: "46s",
            pools: [(name: "p", source: sqlite(path: ":memory:"), config: (min_size: 0, max_size: 47))]),
        event_store: (backend: memory, queue_max: 4800, subscribers_max: 49),
        protections: (operations_max: 50, operations: [(name: "o", config: (deadline: "51s"))]),
        health_aggregator: (checks: [(name: "h", config: (interval: "52s"))], groups: [(name: "g", checks: ["h"])],
            defaults: (interval: "53s"), foundation: true, tree: false, sweep_deadline: "54s", stale_after: "55s", checks_max: 56,
            parts_max: 57, text_max: 58, history_max: 59, subscribers_max: 60, backlog_max: 61),
    ),
    supervisor: (strategy: one_for_one, intensity: 62, period: "63s"),
    children: [
        (id: "a", kind: "k", args: (n: 64), restart: transient, shutdown: timeout("65s"), backoff: (min: "66ms")),
        (id: "s", supervisor: (strategy: rest_for_one, intensity: 67), children: [(id: "x", kind: "k", args: (n: 68)), (id: "y", kind: "k")]),
        (id: "b", kind: "k", depends_on: ["a"]),
    ])"#;

/// What each place is, and is to be.
const CHANGES: [(&str, &str); 78] = [
    ("series_max: 100", "series_max: 101"),
    ("bytes_max: 2000000", "bytes_max: 3000000"),
    ("handlers_max: 5", "handlers_max: 50"),
    ("subscribers_max: 6,", "subscribers_max: 7,"),
    ("backlog_max: 7", "backlog_max: 8"),
    ("queue_max: 8", "queue_max: 9"),
    ("emitters_max: 9", "emitters_max: 10"),
    ("drain_max: \"1s\"", "drain_max: \"2s\""),
    ("every: \"1s\"", "every: \"2s\""),
    ("rules_max: 10", "rules_max: 11"),
    ("watches_max: 11", "watches_max: 12"),
    ("history_max: 12", "history_max: 13"),
    ("subscribers_max: 13", "subscribers_max: 14"),
    ("threshold: 14", "threshold: 15"),
    ("name: \"r\"", "name: \"r2\""),
    ("breaker: (failure_threshold: 15)", "breaker: None"),
    ("enabled: true", "enabled: false"),
    ("a: 16", "a: 17"),
    ("b: (c: 17)", "b: (d: 17)"),
    ("subscribers_max: 18", "subscribers_max: 19"),
    ("bytes_max: 19000", "bytes_max: 20000"),
    ("depth_max: 20", "depth_max: 21"),
    ("cache_max: 21", "cache_max: 22"),
    ("limit: 22", "limit: 23"),
    ("failure_threshold: 23", "failure_threshold: 24"),
    ("check_interval: \"24s\"", "check_interval: \"25s\""),
    ("samples: 25", "samples: 26"),
    ("sources_max: 26", "sources_max: 27"),
    ("subscribers_max: 27", "subscribers_max: 28"),
    ("events_backlog: 28", "events_backlog: 29"),
    ("warning_threshold: 0.29", "warning_threshold: 0.3"),
    ("hysteresis: 0.03", "hysteresis: 0.04"),
    ("dwell: \"31s\"", "dwell: \"32s\""),
    ("stale_after: 32", "stale_after: 33"),
    ("simulation: true", "simulation: false"),
    ("strategies_max: 33", "strategies_max: 34"),
    ("check_interval: \"34s\"", "check_interval: \"35s\""),
    ("breakers_max: 35", "breakers_max: 36"),
    ("keys_max: 36", "keys_max: 37"),
    ("events_backlog: 37", "events_backlog: 38"),
    ("failure_threshold: 38", "failure_threshold: 39"),
    ("failure_threshold: 39", "failure_threshold: 40"),
    ("name: \"plain\"", "name: \"other\""),
    ("limiters_max: 40", "limiters_max: 41"),
    ("sweep_every: \"41s\"", "sweep_every: \"42s\""),
    ("limit: 43", "limit: 44"),
    ("window: \"44s\"", "window: \"45s\""),
    ("pools_max: 45", "pools_max: 46"),
    ("report_every: \"46s\"", "report_every: \"47s\""),
    ("max_size: 47", "max_size: 48"),
    (
        "path: \":memory:\"",
        "path: \":memory:\", busy_timeout: \"9s\"",
    ),
    ("queue_max: 4800", "queue_max: 4900"),
    ("subscribers_max: 49", "subscribers_max: 50"),
    ("operations_max: 50", "operations_max: 51"),
    ("deadline: \"51s\"", "deadline: \"52s\""),
    ("interval: \"52s\"", "interval: \"53s\""),
    ("interval: \"53s\"", "interval: \"54s\""),
    ("foundation: true", "foundation: false"),
    ("tree: false", "tree: true"),
    ("sweep_deadline: \"54s\"", "sweep_deadline: \"55s\""),
    ("stale_after: \"55s\"", "stale_after: \"56s\""),
    ("checks_max: 56", "checks_max: 57"),
    ("parts_max: 57", "parts_max: 58"),
    ("history_max: 59", "history_max: 60"),
    ("backlog_max: 61", "backlog_max: 62"),
    ("checks: [\"h\"]", "checks: [\"h2\"]"),
    ("strategy: one_for_one", "strategy: one_for_all"),
    ("intensity: 62", "intensity: 63"),
    ("period: \"63s\"", "period: \"64s\""),
    ("n: 64", "n: 65"),
    ("restart: transient", "restart: permanent"),
    ("timeout(\"65s\")", "brutal_kill"),
    ("min: \"66ms\"", "min: \"67ms\""),
    ("strategy: rest_for_one", "strategy: one_for_one"),
    ("intensity: 67", "intensity: 68"),
    ("n: 68", "n: 69"),
    ("id: \"y\"", "id: \"z\""),
    ("depends_on: [\"a\"]", "depends_on: [\"s\"]"),
];

/// Everything that can be seen of what it goes by.
async fn state(node: &Node) -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    let namespace = node.namespace("n").unwrap();
    let mut see = |what: &str, value: String| {
        state.insert(what.to_owned(), value);
    };
    see("spec", format!("{:?}", node.spec().await));
    let memory = MemoryManager::of(&namespace);
    see("memory", format!("{:?}", memory.spec()));
    let health = HealthAggregator::in_namespace(&namespace).unwrap();
    see("health", format!("{:?}", health.spec()));
    see("checks", format!("{:?}", checks(&health)));
    let config = ConfigServer::in_namespace(&namespace).unwrap();
    see(
        "config",
        format!("{:?} {:?}", config.spec(), config.snapshot().document()),
    );
    let telemetry = TelemetryService::in_namespace(&namespace).unwrap();
    see("events", format!("{:?}", telemetry.events_spec()));
    let metrics = MetricsStore::in_namespace(&namespace).unwrap().status();
    see(
        "metrics",
        format!("{} {}", metrics.series_max, metrics.bytes_max),
    );
    let alerts = Alerts::in_namespace(&namespace).unwrap();
    see(
        "alerts",
        format!("{:?} {:?}", alerts.spec(), alerts.rules()),
    );
    let store = EventStore::in_namespace(&namespace).unwrap();
    see("store", format!("{:?}", store.spec()));
    let breakers = CircuitBreakerRegistry::of(&namespace).circuits();
    let breakers = breakers
        .iter()
        .map(|one| (one.name().to_string(), one.config()));
    see("breakers", format!("{:?}", breakers.collect::<Vec<_>>()));
    let registry = RateLimiterRegistry::of(&namespace);
    let limiters =
        ["api", "config_server.update"].map(|name| registry.limiter(name).map(|one| one.config()));
    see("limiters", format!("{limiters:?}"));
    let pools = ConnectionPoolRegistry::of(&namespace).stats();
    let pools = pools.iter().map(|one| (one.name.to_string(), one.max));
    see("pools", format!("{:?}", pools.collect::<Vec<_>>()));
    let protections = ProtectionRegistry::of(&namespace).stats();
    let protections = protections
        .iter()
        .map(|one| (one.name.to_string(), one.config.clone()));
    see(
        "protections",
        format!("{:?}", protections.collect::<Vec<_>>()),
    );
    let mut supervisors = vec![namespace.root().unwrap()];
    while let Some(supervisor) = supervisors.pop() {
        let (seen, below) = children(&supervisor).await;
        see(&supervisor.process().path(), seen);
        supervisors.extend(below);
    }
    state
}

fn checks(health: &HealthAggregator) -> Vec<String> {
    let all = health.current().health;
    all.services
        .iter()
        .map(|one| one.name.to_string())
        .collect()
}

/// How it behaves, and its children in order, with their specs.
async fn children(supervisor: &SupervisorRef) -> (String, Vec<SupervisorRef>) {
    let budget = supervisor.budget();
    let tree = mainstay::supervisors::TreeNode::of(supervisor.process());
    let mut seen = format!(
        "{:?} {} {:?}",
        tree.strategy, budget.intensity, budget.period
    );
    let mut below = Vec::new();
    for child in supervisor.which_children().await.unwrap() {
        // Of tasks that come and go there is nothing to compare.
        if tree.strategy.as_deref() != Some("dynamic") {
            let spec = supervisor.get_childspec(&child.id).await.unwrap();
            seen.push_str(&format!(" {spec:?}"));
        }
        if let ChildStatus::Running(process) = child.status {
            below.extend(process.supervisor());
        }
    }
    (seen, below)
}

#[tokio::test(start_paused = true)]
async fn each_place_that_changes_is_told_and_makes_what_a_boot_would_have_made() {
    let old = spec(SPEC);
    for (was, is) in CHANGES {
        assert_eq!(SPEC.matches(was).count(), 1, "{was}");
        let new = spec(&SPEC.replace(was, is));
        let node = boot(&old).await;
        let report = node
            .reload(&new)
            .await
            .unwrap_or_else(|error| panic!("{is}: {error}"));
        let renamed = was.starts_with("name") || was.starts_with("id");
        let told = if renamed { 2 } else { 1 };
        assert_eq!(report.applied.len(), told, "{was}: {report}");
        let (seen, expected) = (state(&node).await, state(&boot(&new).await).await);
        assert_eq!(
            seen.keys().collect::<Vec<_>>(),
            expected.keys().collect::<Vec<_>>(),
            "{was}"
        );
        for (what, seen) in seen {
            assert_eq!(seen, expected[&what], "{was}: {what}");
        }
    }
}
