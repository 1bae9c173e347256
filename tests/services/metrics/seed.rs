//! The test of the system this one follows, by its name.

use std::time::Duration;

use mainstay_actors::metrics::{Aggregation, MetricType, STATUS, TimeWindow};
use mainstay_actors::{ConfigServer, PerformanceMonitor, TelemetryService};
use mainstay_supervisors::specs::{ConfigServerSpec, NamespaceName, TelemetrySpec};
use mainstay_supervisors::{Fault, NamespacePlan, Runtime};

#[tokio::test(start_paused = true)]
async fn performance_metrics_are_recorded_and_aggregated() {
    let runtime = Runtime::new();
    let plan = NamespacePlan::new()
        .service(TelemetryService::child(TelemetrySpec::default()))
        .service(ConfigServer::child(ConfigServerSpec::default()));
    let name = NamespaceName::new("test").expect("a name");
    let namespace = runtime.start_namespace(name, plan).await;
    let namespace = namespace.expect("it starts");

    // Generate load: the key is not there, and so these are errors, which are measured as well.
    let config = ConfigServer::in_namespace(&namespace).expect("it was started");
    for _ in 0..100 {
        config.get("test_key").expect_err("it is not there");
    }
    // A change that nobody answers takes as long as there is.
    let keeper = namespace.whereis("config_server").expect("it runs");
    assert!(keeper.inject(Fault::Hang));
    let hasty = config.clone().with_limit(Duration::from_millis(20));
    let update = hasty.update("test_key", 1).await;
    update.expect_err("its keeper hangs");
    keeper.kill();

    // Check metrics were recorded.
    let monitor = PerformanceMonitor::in_namespace(&namespace).expect("it was started");
    let metrics = monitor.get_metrics("config_server", TimeWindow::Minute, Aggregation::Avg);
    let metrics = metrics.expect("a service");
    let of = |metric_type: MetricType, name: &str| {
        let mut found = metrics.iter().filter(|metric| {
            metric.metric_type == metric_type && metric.name.as_str().ends_with(name)
        });
        let metric = found.next().expect("it was recorded");
        assert!(found.next().is_none(), "one of each: {metrics:?}");
        metric.value
    };
    assert!(!metrics.is_empty());
    // In microseconds, by a clock that stands still while something is looked up.
    assert_eq!(of(MetricType::Latency, ".get"), 0.0);
    assert_eq!(of(MetricType::Latency, ".update"), 20_000.0);
    assert_eq!(of(MetricType::ErrorRate, ".get"), 1.0);
    assert_eq!(of(MetricType::ErrorRate, ".update"), 1.0);
    let gets = monitor.store().view(
        "foundation.config_server.get",
        [(STATUS, "error")],
        TimeWindow::Minute,
    );
    assert_eq!(gets.expect("it was recorded").count(), 100);
    let misses = monitor.get_metrics("config_server", TimeWindow::Minute, Aggregation::Max);
    assert!(misses.is_ok());

    drop(namespace);
    let report = runtime.stop(Duration::from_secs(60)).await;
    assert_eq!(report.killed, Vec::<String>::new());
}
