//! From bad to good again.

use std::time::Duration;

use mainstay_actors::alerts::AlertPhase;
use mainstay_actors::metrics::{Tags, Unit};
use mainstay_actors::telemetry::PERFORMANCE_ALERT;
use mainstay_supervisors::specs::{Aspect, Comparison, NoData, Severity};

use super::support::{Bed, rule};

#[tokio::test(start_paused = true)]
async fn an_alert_waits_fires_once_and_is_resolved_at_the_clear_value() {
    let rule = rule("app.queue", Comparison::Gt, 10.0)
        .aspect(Aspect::Last)
        .clear(5.0);
    let rule = rule
        .lasting(Duration::from_secs(3))
        .severity(Severity::Critical);
    let mut bed = Bed::with([rule]).await;
    let queue = bed
        .metrics
        .gauge("app.queue", Unit::Count, Tags::new())
        .expect("a gauge");
    queue.set(10.0);
    assert_eq!(bed.seconds(2).await, [""; 0]);
    assert!(bed.alerts.active().is_empty());

    queue.set(11.0);
    assert_eq!(bed.seconds(3).await, [""; 0]);
    let active = bed.alerts.active();
    let pending = active.first().expect("it is pending");
    assert_eq!(
        (pending.phase, &*pending.metric, pending.value),
        (AlertPhase::Pending, "app.queue", Some(11.0))
    );
    assert_eq!(pending.since, Duration::from_millis(2500));

    assert_eq!(
        bed.seconds(1).await,
        ["r: firing, critical: last of app.queue is 11 > 10"]
    );
    queue.set(20.0);
    assert_eq!(bed.seconds(10).await, [""; 0]);
    queue.set(6.0);
    assert_eq!(bed.seconds(10).await, [""; 0]);
    assert_eq!(
        bed.alerts
            .active()
            .first()
            .map(|alert| (alert.phase, alert.value)),
        Some((AlertPhase::Firing, Some(6.0)))
    );
    queue.set(5.0);
    assert_eq!(
        bed.seconds(1).await,
        ["r: resolved, critical: last of app.queue is 5, good at 5"]
    );
    let status = bed.alerts.status();
    assert_eq!(
        (
            status.fired_count,
            status.resolved_count,
            status.firing_count
        ),
        (1, 1, 0)
    );
    assert_eq!(bed.alerts.history().len(), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_alert_is_an_event_as_the_catalogue_says() {
    let mut bed = Bed::with([rule("app.errors", Comparison::Gt, 2.0).aspect(Aspect::Count)]).await;
    let mut events = bed
        .telemetry()
        .subscribe("foundation.performance.*")
        .expect("a stream");
    bed.metrics
        .counter("app.errors", Tags::new())
        .expect("a counter")
        .increment(3);
    assert_eq!(bed.seconds(1).await.len(), 1);
    let event = events.next().await.expect("an event").expect("no lag");
    assert_eq!(
        event.to_string(),
        "foundation.performance.alert count=1 rule=r metric=app.errors severity=warning state=firing value=3 threshold=2"
    );
    assert_eq!(PERFORMANCE_ALERT.check(&event), Ok(()));
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn samples_that_leave_the_window_resolve_what_they_set_off() {
    let mut bed = Bed::with([rule("app.errors", Comparison::Gt, 2.0).aspect(Aspect::Count)]).await;
    bed.metrics
        .counter("app.errors", Tags::new())
        .expect("a counter")
        .increment(3);
    assert_eq!(
        bed.seconds(1).await,
        ["r: firing, warning: count of app.errors is 3 > 2"]
    );
    assert_eq!(bed.seconds(57).await, [""; 0]);
    assert_eq!(
        bed.seconds(30).await,
        ["r: resolved, warning: count of app.errors is 0, good at 2"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn no_data_fires_keeps_or_resolves_as_the_rule_says() {
    let about = |name: &str, policy| {
        let mut rule = rule("app.latency", Comparison::Gt, 1000.0)
            .aspect(Aspect::Max)
            .no_data(policy);
        rule.name = name.to_owned();
        rule
    };
    let rules = [
        about("fire", NoData::Fire),
        about("keep", NoData::Keep),
        about("resolve", NoData::Resolve),
    ];
    let mut bed = Bed::with(rules).await;
    assert_eq!(
        bed.seconds(1).await,
        ["fire: firing, warning: max of app.latency is not known"]
    );

    let latency = bed
        .metrics
        .histogram("app.latency", Unit::Microseconds, Tags::new())
        .expect("a histogram");
    latency.record(10);
    assert_eq!(
        bed.seconds(1).await,
        ["fire: resolved, warning: max of app.latency is 10, good at 1000"]
    );
    latency.record(5000);
    let bad = |name: &str, told: &str| {
        format!("{name}: firing, warning: max of app.latency is {told} > 1000")
    };
    let told = bed.seconds(1).await;
    let value = told
        .first()
        .and_then(|line| line.split(' ').nth(7))
        .expect("a value")
        .to_owned();
    assert_eq!(
        told,
        ["fire", "keep", "resolve"].map(|name| bad(name, &value))
    );

    // All samples leave the window: nothing is known any more.
    assert_eq!(
        bed.seconds(90).await,
        ["resolve: resolved, warning: max of app.latency is not known"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn too_few_samples_are_no_data() {
    let rule = rule("app.latency", Comparison::Gt, 100.0)
        .aspect(Aspect::P99)
        .min_count(3);
    let mut bed = Bed::with([rule]).await;
    let latency = bed
        .metrics
        .histogram("app.latency", Unit::Microseconds, Tags::new())
        .expect("a histogram");
    latency.record(500);
    latency.record(500);
    assert_eq!(bed.seconds(3).await, [""; 0]);
    latency.record(500);
    assert_eq!(bed.seconds(1).await.len(), 1);
    bed.end().await;
}
