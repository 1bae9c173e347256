//! Documents of 64 KiB each, one after the other, in memory: a gibibyte in all. And a service that is asked meanwhile.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay::alloc;
use mainstay_actors::EventStore;
use mainstay_actors::event_store::Event;
use mainstay_actors::memory::{
    Admission, CleanupAnswer, CleanupClass, CleanupOptions, CleanupReport, MemoryAwareEventStore,
    MemoryCleanup, MemoryManager, MemorySetup, OperationClass, OperationPriority, PressureLevel,
};
use mainstay_supervisors::specs::{
    CleanupSpec, EventStoreSpec, MemoryManagerSpec, NamespaceName, ServiceName,
};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};

const BYTES: usize = 64 << 10;
const DOCUMENTS: u64 = 16_384;

/// How often somebody is asked, by documents.
const ASK_EVERY: u64 = 256;

pub(crate) fn run(protected: bool) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mainstay = Runtime::new();
        let namespace = start(&mainstay).await;
        println!("begins");
        let outcome = keep(&namespace, protected).await;
        println!("survived: {outcome:?}");
        outcome.check();
        let report = mainstay.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
    });
}

async fn start(runtime: &Runtime) -> Namespace {
    let ms = Duration::from_millis;
    let cleanup = CleanupSpec::default()
        .min_interval(ms(10))
        .pause_max(ms(50));
    let memory = MemoryManagerSpec::default()
        .check_interval(ms(10))
        .dwell(ms(20))
        .cleanup(cleanup);
    let memory = MemorySetup::new(memory).trim(alloc::trim);
    let plan = NamespacePlan::new()
        .service(MemoryManager::child_with(memory))
        .service(EventStore::child(EventStoreSpec::memory()));
    let name = NamespaceName::new("loaded").expect("a name");
    let started = runtime.start_namespace(name, plan).await;
    started.expect("it starts")
}

/// The documents, oldest first: those that go are read from somewhere again when they are asked for.
#[derive(Debug, Default)]
struct Documents(Mutex<VecDeque<Vec<u8>>>);

impl Documents {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryCleanup for Documents {
    fn class(&self) -> CleanupClass {
        CleanupClass::Cache
    }

    fn cleanup<'a>(
        &'a self,
        _: &'a Namespace,
        _: &'a ServiceName,
        options: &'a CleanupOptions,
    ) -> CleanupAnswer<'a> {
        Box::pin(async move {
            let mut documents = self.lock();
            let share = options.aggressiveness.max(0.25);
            let go = (documents.len() as f64 * share).ceil() as usize;
            let gone = documents.drain(..go).count() as u64;
            Ok(CleanupReport::freed(gone, gone * BYTES as u64))
        })
    }
}

/// What came of the load.
#[derive(Debug, Default)]
struct Outcome {
    kept: u64,
    refused: u64,
    answered: u64,
    highest: PressureLevel,
}

impl Outcome {
    fn check(&self) {
        assert_eq!(self.kept + self.refused, DOCUMENTS);
        assert_eq!(self.answered, DOCUMENTS / ASK_EVERY);
        assert!(self.highest >= PressureLevel::High);
        // More than there is room for, so that something was freed for it.
        assert!(self.kept * BYTES as u64 > 320 << 20);
    }
}

async fn keep(namespace: &Namespace, protected: bool) -> Outcome {
    let memory = MemoryManager::of(namespace);
    let events = MemoryAwareEventStore::in_namespace(namespace).expect("it was started");
    let documents = Arc::new(Documents::default());
    let strategy: Arc<dyn MemoryCleanup> = Arc::<Documents>::clone(&documents);
    let name = ServiceName::new("documents").expect("a name");
    let _registered = protected.then(|| memory.register_cleanup(name, strategy).expect("room"));
    let mut outcome = Outcome::default();
    for nth in 0..DOCUMENTS {
        if !protected || is_let_in(&memory).await {
            documents.lock().push_back(vec![1; BYTES]);
            outcome.kept += 1;
        } else {
            outcome.refused += 1;
        }
        outcome.highest = outcome.highest.max(memory.check_pressure());
        if nth % ASK_EVERY == 0 {
            ask(&events).await;
            outcome.answered += 1;
        }
        // Not more than half a megabyte in a millisecond, about what a disk gives: so it does not matter how busy the machine is.
        if nth % 8 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    outcome
}

async fn is_let_in(memory: &MemoryManager) -> bool {
    let (class, normal) = (OperationClass::Write, OperationPriority::Normal);
    match memory.check_operation_allowed(class, BYTES as u64, normal) {
        Admission::Allow => true,
        Admission::Delay(delay) => {
            tokio::time::sleep(delay.min(Duration::from_millis(5))).await;
            true
        }
        Admission::Refuse(_) => {
            tokio::time::sleep(Duration::from_millis(1)).await;
            false
        }
    }
}

/// The event store takes what has to be on record, and gives it back.
async fn ask(events: &MemoryAwareEventStore) {
    let event = Event::builder("asked").build().expect("an event");
    let id = events.store_essential(event).await.expect("it is stored");
    let found = events.event_store().get(id).await.expect("an answer");
    assert_eq!(found.and_then(|event| event.id()), Some(id));
}
