//! What telemetry and metrics are told.

use std::time::Duration;

use mainstay_actors::event_store::BackendError;
use mainstay_actors::metrics::Tags;
use mainstay_actors::telemetry::{CATALOGUE, Event as Told};
use mainstay_actors::{EventStore, MetricsStore, Telemetry};
use mainstay_supervisors::specs::{EventStoreSpec, TelemetrySpec};

use super::support::{Bed, Gate, event, settle};

fn short(told: &Told) -> String {
    let kind = CATALOGUE.iter().find(|kind| told.path() == kind.path);
    assert_eq!(kind.expect("it is in the catalogue").check(told), Ok(()));
    let count = told.measurements().get("count").expect("a count").as_f64();
    let reason = told
        .metadata()
        .get("reason")
        .and_then(|reason| reason.as_str());
    let path = told.path().as_str().rsplit('.').next().expect("a word");
    format!(
        "{path} {count}{}",
        reason
            .map(|reason| format!(" {reason}"))
            .unwrap_or_default()
    )
}

#[tokio::test(start_paused = true)]
async fn each_transaction_is_told_and_counted_and_so_is_all_that_goes_wrong() {
    let gate = Gate::open();
    let spec = EventStoreSpec::memory()
        .max_events(3)
        .batch_max(3)
        .queue_max(3);
    let backend: std::sync::Arc<dyn mainstay_actors::event_store::EventBackend> = gate.clone();
    let telemetry = Telemetry::child(TelemetrySpec::default());
    let child = EventStore::child_with(spec, backend);
    let bed = Bed::with_services("bed", [telemetry], child)
        .await
        .expect("it starts");
    let telemetry = Telemetry::in_namespace(&bed.namespace).expect("it was started");
    let mut told = telemetry
        .subscribe("foundation.event_store.*")
        .expect("a stream");
    let mut next = async || short(&told.next().await.expect("an event").expect("no lag"));

    bed.store
        .store_batch(["a", "b", "c"].map(event))
        .await
        .expect("they are stored");
    assert_eq!(next().await, "stored 3");
    bed.store.store(event("x")).await.expect("it is stored");
    assert_eq!(next().await, "stored 1");
    assert_eq!(next().await, "pruned 1 room");
    bed.store
        .cleanup_events_before(std::time::SystemTime::now())
        .await
        .expect("an answer");
    assert_eq!(next().await, "pruned 3 request");
    gate.fail(Some(BackendError::failed("as planned")));
    bed.store.store(event("d")).await.expect_err("it fails");
    assert_eq!(next().await, "failed 1");
    gate.fail(None);
    let mut waiting: Vec<_> = (0..6)
        .map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move { store.store(event("e")).await.is_ok() })
        })
        .collect();
    settle().await;
    let mut stored = 0;
    for task in waiting.drain(..) {
        stored += u64::from(task.await.expect("no panic"));
    }
    assert_eq!(stored, 3, "as many as may wait");
    assert_eq!(next().await, "stored 3");
    assert_eq!(next().await, "refused 3");

    let metrics = MetricsStore::in_namespace(&bed.namespace).expect("it was started");
    let count = |name: &str| {
        let name = format!("foundation.event_store.{name}");
        metrics
            .counter(name.as_str(), Tags::new())
            .expect("a counter")
            .total()
    };
    assert_eq!(
        [count("stored"), count("failed"), count("refused")],
        [7, 1, 3]
    );
    drop(told);
    tokio::time::sleep(Duration::from_millis(1)).await;
    bed.end().await;
}
