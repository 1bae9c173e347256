//! Alerts as events.

use std::time::Duration;

use mainstay_actors::event_store::{ALERT_TYPE, BackendError, EventBackend};
use mainstay_actors::metrics::Tags;
use mainstay_actors::{Alerts, EventStore, Telemetry};
use mainstay_supervisors::Child;
use mainstay_supervisors::specs::{
    AlertRule, AlertsSpec, Aspect, Comparison, EventBackendSpec, EventStoreSpec, NoData,
    TelemetrySpec,
};

use super::support::{Bed, Gate, event, settle};

fn rule(name: &str, metric: &str) -> AlertRule {
    let metric = metric.parse().expect("a pattern");
    AlertRule::new(name, metric, Comparison::Gt, 0.0).aspect(Aspect::Count)
}

async fn bed(gate: &std::sync::Arc<Gate>, rules: impl IntoIterator<Item = AlertRule>) -> Bed {
    let backend: std::sync::Arc<dyn EventBackend> = gate.clone();
    let child = EventStore::child_with(EventStoreSpec::memory(), backend);
    bed_of(child, rules).await
}

async fn bed_of(child: Child, rules: impl IntoIterator<Item = AlertRule>) -> Bed {
    let alerts = rules
        .into_iter()
        .fold(AlertsSpec::default(), AlertsSpec::rule);
    let telemetry = Telemetry::child(TelemetrySpec::default().alerts(alerts));
    let bed = Bed::with_services("bed", [telemetry], child).await;
    let bed = bed.expect("it starts");
    // From here on the rules are looked at half a second before the test does.
    tokio::time::sleep(Duration::from_millis(500)).await;
    bed
}

fn count(bed: &Bed, name: &str) {
    let telemetry = Telemetry::in_namespace(&bed.namespace).expect("it was started");
    telemetry
        .emit_counter(name, 1, Tags::new())
        .expect("a counter");
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn an_alert_is_stored_as_an_event_and_so_is_its_resolution() {
    let gate = Gate::open();
    let bed = bed(
        &gate,
        [rule("errors", "app.errors").no_data(NoData::Resolve)],
    )
    .await;
    count(&bed, "app.errors");
    seconds(1).await;
    let found = bed.store.get_recent(10).await.expect("an answer").events;
    let [fired] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(fired.event_type().as_str(), ALERT_TYPE);
    assert_eq!(
        fired.correlation_id().map(|id| id.as_str()),
        Some("errors/app.errors")
    );
    let said = |name| fired.data().step(name).cloned().expect("it is said");
    assert_eq!(
        said("message"),
        "errors: firing, warning: count of app.errors is 1 > 0".into()
    );
    assert_eq!(
        (said("rule"), said("metric")),
        ("errors".into(), "app.errors".into())
    );
    assert_eq!(
        (said("state"), said("severity")),
        ("firing".into(), "warning".into())
    );
    assert_eq!((said("value"), said("threshold")), (1.0.into(), 0.0.into()));
    assert_eq!(
        (said("number"), said("comparison")),
        (1.into(), "gt".into())
    );
    assert_eq!(
        (said("reason"), said("aspect")),
        ("value".into(), "count".into())
    );
    let alerts = Alerts::in_namespace(&bed.namespace).expect("they were started");
    assert!(alerts.remove_rule("errors"));
    seconds(1).await;
    let found = bed
        .store
        .get_by_correlation(fired.correlation_id().expect("it has one"))
        .await;
    let found = found.expect("an answer").events;
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].data().step("state"), Some(&"resolved".into()));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn alerts_that_are_stored_lead_to_no_alert() {
    let gate = Gate::open();
    let everything = rule("everything", "**").no_data(NoData::Resolve);
    let bed = bed(&gate, [everything]).await;
    count(&bed, "app.errors");
    seconds(120).await;
    // That of the metric, and those of what telemetry and processes do themselves; none of the event store.
    let found = bed.store.get_recent(1000).await.expect("an answer").events;
    let metric = |event: &mainstay_actors::event_store::Event| event.data().step("metric").cloned();
    let metrics: Vec<String> = found
        .iter()
        .filter_map(metric)
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect();
    assert!(
        metrics.iter().any(|metric| metric == "app.errors"),
        "{metrics:?}"
    );
    assert!(
        !metrics.iter().any(|metric| metric.contains("event_store")),
        "{metrics:?}"
    );
    let stats = bed.store.stats();
    assert_eq!(stats.alerts_stored, stats.events_stored);
    // An event that is no alert does count.
    bed.store.store(event("e")).await.expect("it is stored");
    seconds(1).await;
    let found = bed.store.get_recent(1000).await.expect("an answer").events;
    let about = found.iter().filter_map(metric).filter(|metric| {
        metric
            .as_str()
            .is_some_and(|metric| metric.contains("event_store"))
    });
    assert_ne!(about.count(), 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn alerts_that_cannot_be_stored_are_stored_later_once_each() {
    let gate = Gate::open();
    let bed = bed(&gate, [rule("a", "app.a"), rule("b", "app.b")]).await;
    gate.fail(Some(BackendError::failed("as planned")));
    count(&bed, "app.a");
    seconds(3).await;
    count(&bed, "app.b");
    // Nor does the end of the keeper lose one.
    let keeper = bed.keeper();
    keeper.kill();
    bed.successor(&keeper).await;
    seconds(3).await;
    assert_eq!(bed.types().await, Vec::<String>::new());
    gate.fail(None);
    seconds(2).await;
    assert_eq!(bed.types().await, [ALERT_TYPE, ALERT_TYPE]);
    let keeper = bed.keeper();
    keeper.kill();
    bed.successor(&keeper).await;
    seconds(5).await;
    assert_eq!(bed.types().await, [ALERT_TYPE, ALERT_TYPE]);
    assert_eq!(bed.store.stats().alerts_stored, 2);
    bed.end().await;
}

// Each transaction in a database borrows a connection, which the metrics of the pool count.
#[tokio::test(start_paused = true)]
async fn alerts_of_the_pool_that_are_stored_lead_to_no_alert_of_the_pool() {
    let spec = EventStoreSpec::default().backend(EventBackendSpec::sqlite_in_memory());
    let child = EventStore::child(spec.prune_interval(Duration::from_secs(3600)));
    let of_pools = rule("pools", "foundation.connection_pool.checkouts").no_data(NoData::Resolve);
    let errors = rule("errors", "app.errors").no_data(NoData::Resolve);
    let bed = bed_of(child, [of_pools, errors]).await;
    let alerts = Alerts::in_namespace(&bed.namespace).expect("they were started");
    seconds(100).await;
    let at_rest = alerts.history().len();
    seconds(300).await;
    assert_eq!(
        alerts.history().len(),
        at_rest,
        "nothing happens, and nothing is told"
    );
    // One use leads to one alert of each metric and its end, which wait for the next use.
    bed.store.store(event("e")).await.expect("it is stored");
    seconds(300).await;
    let after_one = alerts.history().len();
    let of_one = after_one - at_rest;
    assert!(of_one > 0);
    assert_eq!(bed.store.stats().alerts_stored as usize, at_rest);
    bed.store.store(event("e")).await.expect("it is stored");
    seconds(300).await;
    assert_eq!(alerts.history().len(), after_one + of_one);
    assert_eq!(bed.store.stats().alerts_stored as usize, after_one);
    // Any other alert is stored at once, and takes along those that wait.
    count(&bed, "app.errors");
    seconds(1).await;
    assert_eq!(
        bed.store.stats().alerts_stored as usize,
        after_one + of_one + 1
    );
    bed.end().await;
}
