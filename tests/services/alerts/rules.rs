//! Rules, in the spec and put while it runs.

use mainstay_actors::alerts::{AlertError, Alerts};
use mainstay_actors::metrics::{Tags, Unit};
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
