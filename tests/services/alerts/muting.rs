//! Silence while things are meant to be bad.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_actors::alerts::{AlertError, AlertPhase};
use mainstay_actors::metrics::{Tags, Unit};
use mainstay_supervisors::Child;
use mainstay_supervisors::specs::{Aspect, Comparison, Shutdown};

use super::support::{Bed, rule};

#[tokio::test(start_paused = true)]
async fn what_would_fire_while_muted_waits_and_what_fires_can_be_resolved() {
    let mut loud = rule("app.queue", Comparison::Gt, 10.0).aspect(Aspect::Last);
    loud.name = "loud".to_owned();
    let quiet = rule("app.queue", Comparison::Gt, 10.0).aspect(Aspect::Last);
    let mut bed = Bed::with([quiet, loud.mute_while_draining(false)]).await;
    let queue = bed
        .metrics
        .gauge("app.queue", Unit::Count, Tags::new())
        .expect("a gauge");
    let (first, second) = (
        bed.alerts.mute("maintenance"),
        bed.alerts.mute("more of it"),
    );
    assert!(
        bed.held()
            .contains(&("alert mute", "maintenance".to_owned()))
    );
    queue.set(11.0);
    assert_eq!(
        bed.seconds(2).await,
        ["loud: firing, warning: last of app.queue is 11 > 10"]
    );
    drop(first);
    assert!(bed.alerts.status().muted);
    assert_eq!(bed.seconds(2).await, [""; 0]);
    drop(second);
    assert!(!bed.alerts.status().muted);
    assert_eq!(
        bed.seconds(1).await,
        ["r: firing, warning: last of app.queue is 11 > 10"]
    );
    let _muted = bed.alerts.mute("again");
    queue.set(1.0);
    assert_eq!(bed.seconds(1).await.len(), 2, "both are resolved");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_ends_begins_no_alert() {
    let mut bed = Bed::with([rule("app.queue", Comparison::Gt, 10.0).aspect(Aspect::Last)]).await;
    let queue = bed
        .metrics
        .gauge("app.queue", Unit::Count, Tags::new())
        .expect("a gauge");
    let alerts = bed.alerts.clone();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    // It takes its time to stop, over which the queue fills.
    let slow = Child::task("slow", move |stop| {
        let (queue, alerts, noted) = (queue.clone(), alerts.clone(), Arc::clone(&noted));
        async move {
            stop.stopped().await;
            queue.set(11.0);
            tokio::time::sleep(Duration::from_secs(5)).await;
            let active = alerts.active().into_iter().map(|alert| alert.phase);
            noted.lock().expect("nobody panics here").extend(active);
        }
    });
    bed.namespace
        .start_child(slow.shutdown(Shutdown::Infinity))
        .await
        .expect("it starts");
    assert!(!bed.namespace.is_stopping());
    let namespace = bed.namespace.clone();
    assert!(
        namespace
            .stop(Duration::from_secs(60))
            .await
            .killed
            .is_empty()
    );
    assert!(namespace.is_stopping());
    assert_eq!(
        *seen.lock().expect("nobody panics here"),
        [AlertPhase::Pending]
    );
    assert_eq!(bed.told(), [""; 0]);
    assert_eq!(bed.alerts.subscribe().map(drop), Err(AlertError::Stopped));
    assert_eq!(
        bed.alerts.put_rule(rule("a", Comparison::Gt, 1.0)),
        Err(AlertError::Stopped)
    );
}
