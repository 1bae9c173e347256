//! The test of the design that this service follows.

use std::time::Duration;

use mainstay::testkit::TestContext;
use mainstay_actors::EventStore;
use mainstay_actors::memory::{
    CleanupClass, MemoryEvent, MemoryManager, MemorySetup, PressureLevel,
};
use mainstay_supervisors::specs::{CleanupSpec, EventStoreSpec, MemoryManagerSpec, NamespaceName};
use mainstay_supervisors::{NamespacePlan, Runtime};
use tokio::time::{Instant, timeout};

use super::support::seconds;

#[tokio::test(start_paused = true)]
async fn memory_pressure_triggers_cleanup() {
    let cleanup = CleanupSpec::default().class_max(CleanupClass::Destructive);
    let spec = MemoryManagerSpec::default()
        .warning_threshold(0.1)
        .critical_threshold(0.2)
        .simulation(true)
        .cleanup(cleanup);
    let plan = NamespacePlan::new()
        .service(EventStore::child(EventStoreSpec::memory()))
        .service(MemoryManager::child_with(MemorySetup::new(spec).by_hand()));
    let runtime = Runtime::new();
    let name = NamespaceName::new("seed").expect("a name");
    let started = runtime.start_namespace(name, plan).await;
    let namespace = started.expect("it starts");
    let memory = MemoryManager::of(&namespace);
    let mut events = memory.subscribe().expect("room");

    memory
        .simulate_pressure(PressureLevel::High, seconds(60))
        .expect("it is allowed");

    let began = Instant::now();
    let triggered = timeout(Duration::from_millis(1000), async {
        loop {
            let event = events.next().await.expect("it goes on");
            if let MemoryEvent::CleanupTriggered(start) = event.expect("nothing is lost")
                && start.service.as_str() == "event_store"
            {
                return start;
            }
        }
    });
    triggered.await.expect("it was triggered");
    assert_eq!(began.elapsed(), Duration::ZERO);
    drop(events);
    runtime.stop(seconds(60)).await;
}

#[mainstay::test(start_paused = true, services = [memory_manager])]
async fn in_the_test_kit_pressure_may_be_made_up(cx: TestContext) {
    let memory = MemoryManager::of(cx.namespace());
    memory
        .simulate_pressure(PressureLevel::Critical, seconds(1))
        .expect("it is allowed");
    assert_eq!(memory.check_pressure(), PressureLevel::Critical);
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(memory.check_pressure(), PressureLevel::Low);
}
