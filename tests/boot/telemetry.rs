//! Telemetry in a node.

use std::time::Duration;

use mainstay::actors::alerts::Alerts;
use mainstay::actors::telemetry::TelemetryService;
use mainstay::prelude::*;

const TEXT: &str = r#"(
    namespaces: [(name: "app", services: (
        config_server: (initial: (a: 1)),
        telemetry: (
            metrics: (series_max: 500),
            events: (handlers_max: 1),
            alerts: (rules: [
                (name: "deep", metric: "app.depth", aspect: last, comparison: gt, threshold: 5, for: "10s"),
            ]),
        ),
    ))],
    http: (enabled: false),
)"#;

#[tokio::test(start_paused = true)]
async fn telemetry_is_started_first_with_what_the_file_says_and_stopped_last() {
    let spec = NodeSpec::from_ron(TEXT, &Node::builder()).unwrap();
    let node = Node::builder().boot(&spec).await.unwrap();
    let app = node.namespace("app").unwrap();
    let mut started = app.processes();
    started.sort_by_key(Process::pid);
    let paths: Vec<String> = started.iter().map(Process::path).collect();
    assert_eq!(
        paths,
        [
            "app",
            "app/telemetry",
            "app/telemetry/metrics_store",
            "app/telemetry/process_metrics",
            "app/telemetry/events",
            "app/telemetry/alerts",
            "app/config_server",
            "app/children",
        ]
    );
    let rules = Alerts::in_namespace(&app).unwrap().rules();
    assert_eq!(rules[0].lasting, Duration::from_secs(10));
    let telemetry = TelemetryService::in_namespace(&app).unwrap();
    telemetry.attach("first", "**", |_| {}).unwrap().keep();
    let second = telemetry.attach("second", "**", |_| {}).map(drop);
    assert_eq!(
        second.unwrap_err().to_string(),
        "there are 1 handlers, as many as there may be"
    );
    assert_eq!(
        node.stop(Duration::from_secs(30)).await,
        StopReport::default()
    );
}

#[tokio::test(start_paused = true)]
async fn a_keeper_that_crashes_restarts_what_comes_after_it_and_nothing_else() {
    let spec = NodeSpec::from_ron(TEXT, &Node::builder()).unwrap();
    let node = Node::builder().boot(&spec).await.unwrap();
    let app = node.namespace("app").unwrap();
    let holder = |name: &str| app.whereis(name).unwrap();
    let before = ["metrics_store", "telemetry", "alerts", "config_server"].map(holder);
    before[1].kill();
    before[2].ended().await;
    let alerts = ServiceName::new("alerts").unwrap();
    app.wait_for(&alerts, Duration::from_secs(1)).await.unwrap();
    let after = ["metrics_store", "telemetry", "alerts", "config_server"].map(holder);
    let same: Vec<bool> = before
        .iter()
        .zip(&after)
        .map(|(old, new)| old == new)
        .collect();
    assert_eq!(same, [true, false, false, true]);
    assert_eq!(
        node.stop(Duration::from_secs(30)).await,
        StopReport::default()
    );
}
