//! What telemetry, metrics, subscribers and watchers are told.

use mainstay_actors::health::{HealthError, HealthStatus};
use mainstay_actors::metrics::Tags;
use mainstay_actors::telemetry::CATALOGUE;
use mainstay_actors::{MetricsStore, Telemetry};
use mainstay_supervisors::specs::TelemetrySpec;

use super::support::{Bed, Look, ms, plain, settle};

#[tokio::test(start_paused = true)]
async fn each_change_is_one_event_and_counts_and_the_score_are_metrics() {
    let telemetry = Telemetry::child(TelemetrySpec::default());
    let bed = Bed::with_services([telemetry], plain()).await;
    let telemetry = Telemetry::in_namespace(&bed.namespace).expect("it was started");
    let mut events = telemetry
        .subscribe("foundation.health.*")
        .expect("a stream");
    let look = Look::healthy();
    bed.add("db", &look);
    settle().await;
    look.set_status(HealthStatus::Unhealthy);
    bed.sweep().await;
    bed.sweep().await;
    settle().await;
    let mut told = Vec::new();
    while let Some(event) = events.try_next() {
        let event = event.expect("no lag");
        let kind = CATALOGUE.iter().find(|kind| event.path() == kind.path);
        assert_eq!(kind.expect("it is in the catalogue").check(&event), Ok(()));
        let path = event
            .path()
            .as_str()
            .rsplit('.')
            .next()
            .expect("a word")
            .to_owned();
        let to = event
            .metadata()
            .get("to")
            .and_then(|to| to.as_str().map(str::to_owned));
        told.push((path, to.expect("a status")));
    }
    let expected = [
        ("service_changed", "healthy"),
        ("changed", "healthy"),
        ("service_changed", "unhealthy"),
        ("changed", "unhealthy"),
    ];
    assert_eq!(
        told,
        expected.map(|(path, to)| (path.to_owned(), to.to_owned()))
    );
    let metrics = MetricsStore::in_namespace(&bed.namespace).expect("it was started");
    let runs = metrics
        .counter("foundation.health.runs", Tags::new())
        .expect("it is there");
    assert_eq!(runs.total(), 3);
    let unit = mainstay_actors::metrics::Unit::Ratio;
    let score = metrics.gauge("foundation.health.score", unit, Tags::new());
    assert_eq!(score.expect("it is there").value(), Some(0.0));
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_the_present_and_is_woken_only_when_something_is_otherwise() {
    let bed = Bed::new().await;
    let look = Look::healthy();
    bed.add("db", &look);
    settle().await;
    let mut watch = bed.health.watch().expect("a watch");
    assert_eq!(watch.current().status, HealthStatus::Healthy);
    for _ in 0..10 {
        bed.sweep().await;
    }
    settle().await;
    let waited = tokio::time::timeout(ms(500), watch.changed()).await;
    assert!(waited.is_err(), "nothing has changed");
    look.set_status(HealthStatus::Degraded);
    bed.sweep().await;
    let next = watch.changed().await.expect("another one");
    assert_eq!(next.status, HealthStatus::Degraded);
    // As many as before, but not the same.
    look.set_status(HealthStatus::Healthy);
    bed.sweep().await;
    assert!(watch.changed().await.is_some());
    bed.add("cache", &Look::healthy());
    settle().await;
    assert_eq!(watch.current().total_services, 2);
    assert!(bed.health.unregister("cache"));
    bed.add("disk", &Look::hangs());
    let next = watch.changed().await.expect("another one");
    assert!(next.service("disk").is_some());
    drop(watch);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn streams_are_bounded_and_end_with_the_namespace() {
    let bed = Bed::with(plain().subscribers_max(2).backlog_max(2)).await;
    let look = Look::healthy();
    bed.add("db", &look);
    settle().await;
    let mut changes = bed.health.subscribe().expect("a stream");
    let mut watch = bed.health.watch().expect("a watch");
    let refused = bed.health.subscribe();
    assert!(matches!(
        refused,
        Err(HealthError::TooManySubscribers { max: 2 })
    ));
    for nth in 0..4 {
        let bad = nth % 2 == 0;
        look.set_status(if bad {
            HealthStatus::Unhealthy
        } else {
            HealthStatus::Healthy
        });
        bed.sweep().await;
    }
    let lagged = changes
        .next()
        .await
        .expect("more")
        .expect_err("it was slow");
    assert_eq!(lagged.0, 6);
    assert_eq!(bed.health.history().len(), 10);
    bed.end().await;
    assert!(changes.next().await.is_some());
    assert!(changes.next().await.is_some());
    assert!(changes.next().await.is_none());
    assert!(watch.changed().await.is_some());
    assert!(watch.changed().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn no_more_changes_are_remembered_than_may_be() {
    let bed = Bed::with(plain().history_max(3)).await;
    let look = Look::healthy();
    bed.add("db", &look);
    for nth in 0..10 {
        look.set_status(if nth % 2 == 0 {
            HealthStatus::Unhealthy
        } else {
            HealthStatus::Healthy
        });
        bed.sweep().await;
    }
    let history = bed.health.history();
    assert_eq!(history.len(), 3);
    assert_eq!(history.last().expect("the last").to, HealthStatus::Healthy);
    bed.end().await;
}
