//! Old events are deleted, where the spec allows it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay_actors::event_store::Event;
use mainstay_actors::memory::{
    CleanupClass, CleanupError, CleanupOptions, CleanupPriority, CleanupRequest,
    ConfigCacheCleanup, EventStoreCleanup, MemoryCleanup, PressureLevel, Requested,
};
use mainstay_supervisors::specs::{CleanupSpec, CleanupStrategySpec, NamespaceName};
use mainstay_supervisors::{NamespacePlan, Runtime};
use tokio::time::{Instant, sleep};

use super::support::{Bed, LONG, name, seconds, settle};

const HOUR: Duration = Duration::from_secs(3600);

/// With events that are 0, 2, 23, 25 and 50 hours old.
async fn bed(class_max: CleanupClass) -> Bed {
    let cleanup = CleanupSpec::default().class_max(class_max);
    let bed = Bed::with(cleanup.strategies([CleanupStrategySpec::event_store()])).await;
    for hours in [0, 2, 23, 25, 50] {
        let time = SystemTime::now() - hours * HOUR;
        let event = Event::builder("old").wall_time(time).build();
        let stored = bed.store().store(event.expect("an event")).await;
        stored.expect("it is stored");
    }
    bed
}

async fn left(bed: &Bed) -> usize {
    settle().await;
    bed.store()
        .get_recent(10)
        .await
        .expect("an answer")
        .events
        .len()
}

#[tokio::test(start_paused = true)]
async fn by_default_pressure_deletes_no_event_and_a_request_is_told_why_not() {
    let bed = bed(CleanupClass::Rebuildable).await;
    bed.simulate(PressureLevel::Critical);
    sleep(seconds(100)).await;
    let asked = bed
        .memory
        .request_cleanup(&name("event_store"), CleanupPriority::Emergency);
    let (class, class_max) = (CleanupClass::Destructive, CleanupClass::Rebuildable);
    assert_eq!(asked, Requested::NotAllowed { class, class_max });
    assert_eq!(left(&bed).await, 5);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn events_older_than_a_day_go_in_the_background_and_all_but_the_last_hour_in_an_emergency() {
    let bed = bed(CleanupClass::Destructive).await;
    bed.simulate(PressureLevel::Medium);
    bed.memory
        .request_cleanup(&name("event_store"), PressureLevel::Medium);
    assert_eq!(left(&bed).await, 3);
    assert_eq!(bed.stats("event_store").entries, 2);
    sleep(seconds(11)).await;
    bed.simulate(PressureLevel::Critical);
    assert_eq!(left(&bed).await, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_may_say_how_long_they_are_kept() {
    let bed = bed(CleanupClass::Destructive).await;
    let request = CleanupRequest::of(name("event_store")).retention(24 * HOUR + 2 * HOUR);
    bed.memory.request(request);
    assert_eq!(left(&bed).await, 4);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn strategies_of_ours_refuse_other_services_and_miss_those_that_are_not_there() {
    let runtime = Runtime::new();
    let empty = NamespaceName::new("empty").expect("a name");
    let empty = runtime.start_namespace(empty, NamespacePlan::new()).await;
    let empty = empty.expect("it starts");
    let options = CleanupOptions::all(Instant::now() + LONG);
    let ours: [(&str, Arc<dyn MemoryCleanup>); 2] = [
        ("event_store", Arc::new(EventStoreCleanup::default())),
        ("config_server", Arc::new(ConfigCacheCleanup::new())),
    ];
    for (service, strategy) in ours {
        let service = name(service);
        let missing = strategy.cleanup(&empty, &service, &options).await;
        assert!(matches!(missing, Err(CleanupError::NoService(missed)) if missed == service));
        let other = strategy.cleanup(&empty, &name("other"), &options).await;
        let text = other.unwrap_err().to_string();
        assert_eq!(
            text,
            format!("expected the service `{service}`, found `other`")
        );
    }
    runtime.stop(LONG).await;
}
