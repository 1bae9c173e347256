//! Events of 64 KiB each, one after the other, in memory: half a gibibyte in all.

use std::sync::Arc;
use std::time::Duration;

use mainstay::alloc;
use mainstay_actors::EventStore;
use mainstay_actors::event_store::{Event, EventId, NAME};
use mainstay_actors::memory::{
    EventStoreCleanup, MemoryAwareEventStore, MemoryAwareStoreError, MemoryManager, MemorySetup,
    PressureLevel,
};
use mainstay_supervisors::specs::{
    CleanupClass, CleanupSpec, CleanupStrategySpec, EventStoreSpec, MemoryManagerSpec,
    NamespaceName, ServiceName,
};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};

const EVENT_BYTES: usize = 64 << 10;
const EVENTS: u64 = 8192;

/// How often it is asked for something that was stored, by events.
const ASK_EVERY: u64 = 64;

pub(crate) fn run(protected: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mainstay = Runtime::new();
        let namespace = start(&mainstay).await;
        println!("begins");
        let outcome = store(&namespace, protected).await;
        println!("survived: {outcome:?}");
        outcome.check();
        let report = mainstay.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
    });
}

async fn start(runtime: &Runtime) -> Namespace {
    let events = EventStoreSpec::memory();
    let events = events
        .bytes_max(16 << 30)
        .max_age(Duration::from_secs(3600));
    let cleanup = CleanupSpec::default()
        .class_max(CleanupClass::Destructive)
        .strategies([CleanupStrategySpec::Trim])
        .min_interval(Duration::from_millis(10));
    let memory = MemoryManagerSpec::default()
        .check_interval(Duration::from_millis(10))
        .dwell(Duration::from_millis(20))
        .cleanup(cleanup);
    let memory = MemorySetup::new(memory).trim(alloc::trim);
    let plan = NamespacePlan::new()
        .service(MemoryManager::child_with(memory))
        .service(EventStore::child(events));
    let name = NamespaceName::new("loaded").expect("a name");
    let started = runtime.start_namespace(name, plan).await;
    let namespace = started.expect("it starts");
    // All events may go, where memory is all but gone.
    let events = EventStoreCleanup::new(Duration::from_secs(1), Duration::ZERO);
    let service = ServiceName::new(NAME).expect("a name");
    let registered = MemoryManager::of(&namespace).register_cleanup(service, Arc::new(events));
    registered.expect("room").keep();
    namespace
}

/// What came of the load.
#[derive(Debug, Default)]
struct Outcome {
    stored: u64,
    refused: u64,
    answered: u64,
    /// Answers while memory was critical.
    answered_critical: u64,
    highest: PressureLevel,
}

impl Outcome {
    fn check(&self) {
        assert_eq!(self.stored + self.refused, EVENTS);
        assert_eq!(self.answered, EVENTS / ASK_EVERY);
        assert_eq!(self.highest, PressureLevel::Critical);
        assert!(self.refused > 0);
        // More than there is room for, so that something was freed for it.
        assert!(self.stored * EVENT_BYTES as u64 > 320 << 20);
    }
}

async fn store(namespace: &Namespace, protected: bool) -> Outcome {
    let aware = MemoryAwareEventStore::in_namespace(namespace).expect("it was started");
    let memory = MemoryManager::of(namespace);
    let mut outcome = Outcome::default();
    let mut last = None;
    for nth in 0..EVENTS {
        let event = event(nth);
        let stored = if protected {
            aware.store(event).await
        } else {
            let stored = aware.event_store().store(event).await;
            stored.map_err(MemoryAwareStoreError::from)
        };
        match stored {
            Ok(id) => {
                outcome.stored += 1;
                last = Some(id);
            }
            Err(MemoryAwareStoreError::MemoryPressureCritical(refusal)) => {
                outcome.refused += 1;
                tokio::time::sleep(refusal.retry_after.min(Duration::from_millis(5))).await;
            }
            Err(error) => panic!("{error}"),
        }
        outcome.highest = outcome.highest.max(memory.check_pressure());
        if nth % ASK_EVERY == 0 {
            ask(aware.event_store(), last).await;
            outcome.answered += 1;
            outcome.answered_critical +=
                u64::from(memory.check_pressure() == PressureLevel::Critical);
        }
    }
    outcome
}

fn event(nth: u64) -> Event {
    let text = "x".repeat(EVENT_BYTES) + &nth.to_string();
    let event = Event::builder("load").data(text);
    event.build().expect("an event")
}

/// The store answers, whatever has become of the event.
async fn ask(store: &EventStore, id: Option<EventId>) {
    let Some(id) = id else { return };
    match store.get(id).await {
        Ok(Some(event)) => assert_eq!(event.id(), Some(id)),
        // It was freed.
        Ok(None) => {}
        Err(error) => panic!("{error}"),
    }
}
