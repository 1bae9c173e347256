//! Rules, in the spec and put while it runs.

use mainstay_actors::alerts::{AlertError, Alerts, check_alert_rules};
use mainstay_actors::metrics::{Aggregation, MetricType, Tags, TimeWindow, Unit};
use mainstay_supervisors::specs::{AlertsSpec, Aspect, Comparison, NamespaceName};
use mainstay_supervisors::{NamespacePlan, Runtime};

use super::support::{Bed, rule};

#[tokio::test(start_paused = true)]
async fn a_rule_can_be_put_replaced_and_taken_away_while_it_runs() {
    let mut bed = Bed::with([]).await;
    let queue = bed
        .metrics
        .gauge("app.queue", Unit::Count, Tags::new())
        .expect("a gauge");
    queue.set(5.0);
    let above = |threshold| rule("app.queue", Comparison::Gt, threshold).aspect(Aspect::Last);
    bed.alerts.put_rule(above(4.0)).expect("room");
    assert_eq!(
        bed.seconds(1).await,
        ["r: firing, warning: last of app.queue is 5 > 4"]
    );
    bed.alerts.put_rule(above(4.0)).expect("the same");
    assert_eq!(bed.seconds(1).await, [""; 0]);
    bed.alerts.put_rule(above(6.0)).expect("in its place");
    assert_eq!(
        bed.seconds(1).await,
        ["r: resolved, warning: last of app.queue is not known"]
    );
    bed.alerts.put_rule(above(3.0)).expect("in its place");
    assert_eq!(
        bed.seconds(1).await,
        ["r: firing, warning: last of app.queue is 5 > 3"]
    );
    assert!(bed.alerts.remove_rule("r"));
    assert_eq!(
        bed.seconds(1).await,
        ["r: resolved, warning: last of app.queue is not known"]
    );
    assert!(bed.alerts.rules().is_empty() && bed.alerts.active().is_empty());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn alerts_need_metrics_and_good_rules_to_start() {
    let start = async |spec| {
        let plan = NamespacePlan::new().service(Alerts::child(spec));
        let name = NamespaceName::new("bare").expect("a name");
        let started = Runtime::new().start_namespace(name, plan).await;
        started.map(drop).map_err(|error| error.to_string())
    };
    let around = "the namespace \"bare\" did not start: child alerts: ";
    assert_eq!(
        start(AlertsSpec::default()).await,
        Err(format!(
            "{around}alerts look at metrics, and no metrics store was started before them"
        ))
    );
    let unnamed = AlertsSpec::default().rule(rule("a", Comparison::Gt, f64::NAN));
    assert_eq!(
        start(unnamed).await,
        Err(format!(
            "{around}the spec of the telemetry is wrong: rules[0].threshold: expected a finite number, found NaN"
        ))
    );
}

#[tokio::test(start_paused = true)]
async fn there_are_so_many_subscribers_and_no_more() {
    let bed = Bed::with_spec(AlertsSpec::default().subscribers_max(1)).await;
    assert_eq!(
        bed.alerts.subscribe().map(drop),
        Err(AlertError::TooManySubscribers { max: 1 })
    );
    assert_eq!(
        bed.held(),
        [("alert subscription", "everything".to_owned())]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn rules_can_be_applied_to_a_metric_by_hand() {
    let bed = Bed::with([]).await;
    let latency = bed
        .metrics
        .histogram("app.pool.get", Unit::Nanoseconds, Tags::new());
    latency
        .expect("a histogram")
        .record_duration(std::time::Duration::from_millis(5));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let metrics = bed
        .metrics
        .get_metrics("app.pool", TimeWindow::Minute, Aggregation::Max);
    let metrics = metrics.expect("it is known");
    let latency = metrics
        .iter()
        .find(|metric| metric.metric_type == MetricType::Latency);
    let latency = latency.expect("it was recorded");
    let rules = [
        rule("app.*.get", Comparison::Gt, 4900.0),
        rule("app.*.get", Comparison::Gt, 5200.0),
        rule("app.*.put", Comparison::Gt, 0.0),
        rule("app.**", Comparison::Lt, 5200.0),
    ];
    let bad: Vec<f64> = check_alert_rules(latency, &rules)
        .iter()
        .map(|rule| rule.threshold)
        .collect();
    assert_eq!(bad, [4900.0, 5200.0], "in microseconds");
    bed.end().await;
}
