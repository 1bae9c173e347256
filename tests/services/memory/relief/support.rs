//! Namespaces with a memory manager that has something to clean.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_actors::memory::{
    CleanupAnswer, CleanupClass, CleanupEnd, CleanupOptions, CleanupReport, HeapMeter,
    MemoryCleanup, MemoryEvent, MemoryEvents, MemoryManager, MemorySetup, PressureLevel, RoundEnd,
    StrategyStats,
};
use mainstay_actors::{ConfigServer, EventStore, Telemetry};
use mainstay_supervisors::specs::{
    Args, CleanupSpec, ConfigServerSpec, EventStoreSpec, MemoryManagerSpec, NamespaceName,
    ServiceName, Strategy, SupervisorFlags, TelemetrySpec,
};
use mainstay_supervisors::{Namespace, NamespacePlan, Process, Runtime};
use tokio::time::Instant;

pub(super) use crate::memory::support::{name, seconds, settle};

/// An hour: longer than any of these tests.
pub(super) const LONG: Duration = Duration::from_secs(3600);

/// A heap that has as much in use as a test says.
#[derive(Debug, Default)]
pub(super) struct Heap(AtomicU64);

impl Heap {
    pub(super) fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn free(&self, bytes: u64) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl HeapMeter for Heap {
    fn live_bytes(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed))
    }
}

/// A runtime of a test's own with one namespace: telemetry, configuration, events in memory, and a memory manager that is sampled by hand.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) memory: MemoryManager,
}

impl Bed {
    pub(super) async fn new() -> Self {
        Self::with(CleanupSpec::default().strategies([])).await
    }

    pub(super) async fn with(cleanup: CleanupSpec) -> Self {
        Self::with_spec(spec().cleanup(cleanup)).await
    }

    pub(super) async fn with_spec(spec: MemoryManagerSpec) -> Self {
        Self::set_up(MemorySetup::new(spec).by_hand()).await
    }

    pub(super) async fn set_up(setup: MemorySetup) -> Self {
        let flags = SupervisorFlags::new(Strategy::OneForOne);
        let flags = flags.intensity(u32::MAX, Duration::from_secs(1));
        let config = Args::from_ron(r#"(hosts: ["a", "b"], limits: (a: 1, b: 2))"#);
        let week = Duration::from_secs(7 * 24 * 3600);
        let store = EventStoreSpec::memory().max_age(week);
        let config = ConfigServerSpec::default().initial(config.expect("arguments"));
        let plan = NamespacePlan::new()
            .children_flags(flags)
            .service(Telemetry::child(TelemetrySpec::default()))
            .service(ConfigServer::child(config))
            .service(EventStore::child(store))
            .child(MemoryManager::child_with(setup));
        let runtime = Runtime::new();
        let bed = NamespaceName::new("bed").expect("a name");
        let started = runtime.start_namespace(bed, plan).await;
        let namespace = started.expect("it starts");
        Self {
            memory: MemoryManager::of(&namespace),
            runtime,
            namespace,
        }
    }

    pub(super) fn config(&self) -> ConfigServer {
        ConfigServer::in_namespace(&self.namespace).expect("it was started")
    }

    pub(super) fn store(&self) -> EventStore {
        EventStore::in_namespace(&self.namespace).expect("it was started")
    }

    pub(super) fn simulate(&self, level: PressureLevel) {
        let simulated = self.memory.simulate_pressure(level, LONG);
        simulated.expect("it is allowed");
    }

    /// Registers a strategy for as long as the namespace is there.
    pub(super) fn strategy(&self, service: &str, strategy: impl MemoryCleanup) {
        let registered = self
            .memory
            .register_cleanup(name(service), Arc::new(strategy));
        registered.expect("there is room").keep();
    }

    /// What has come of the only strategy of a service.
    pub(super) fn stats(&self, service: &str) -> StrategyStats {
        let stats = self.memory.cleanup_stats().strategies;
        let mut of = stats
            .into_iter()
            .filter(|one| one.service.as_str() == service);
        of.next().expect("it is registered")
    }

    /// A process of the memory manager as it runs now: `keeper` or `cleanup`.
    pub(super) fn process(&self, id: &str) -> Process {
        let processes = self.namespace.processes();
        let mut found = processes
            .into_iter()
            .filter(|process| process.path().ends_with(&format!("memory_manager/{id}")));
        found.next().expect("it runs")
    }

    /// Stops all, which must leave nothing to be killed and nothing held.
    pub(super) async fn end(self) {
        let ledger = self.namespace.ledger().clone();
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(ledger.held().is_empty());
    }
}

/// With simulations.
pub(super) fn spec() -> MemoryManagerSpec {
    MemoryManagerSpec::default().simulation(true)
}

type Act = dyn Fn(CleanupOptions) -> CleanupAnswer<'static> + Send + Sync;

/// A strategy that does what a test says.
pub(super) struct Doing {
    class: CleanupClass,
    act: Box<Act>,
}

impl fmt::Debug for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doing").finish_non_exhaustive()
    }
}

impl Doing {
    pub(super) fn new<F, A>(class: CleanupClass, act: F) -> Self
    where
        F: Fn(CleanupOptions) -> A + Send + Sync + 'static,
        A: Future<Output = CleanupReport> + Send + 'static,
    {
        let act = move |options| -> CleanupAnswer<'static> {
            let report = act(options);
            Box::pin(async move { Ok(report.await) })
        };
        Self {
            class,
            act: Box::new(act),
        }
    }

    /// One that frees nothing, and says so at once.
    pub(super) fn nothing(class: CleanupClass) -> Self {
        Self::new(class, |_| async { CleanupReport::default() })
    }

    /// One that notes when it was run, in seconds.
    pub(super) fn noting(class: CleanupClass, runs: &Arc<Mutex<Vec<u64>>>) -> Self {
        let (runs, began) = (Arc::clone(runs), Instant::now());
        Self::new(class, move |_| {
            runs.lock().expect("whole").push(began.elapsed().as_secs());
            async { CleanupReport::default() }
        })
    }

    /// One that frees so many bytes of a heap at most, each time.
    pub(super) fn freeing(class: CleanupClass, heap: &Arc<Heap>, bytes: u64) -> Self {
        let heap = Arc::clone(heap);
        Self::new(class, move |_| {
            heap.free(bytes);
            async move { CleanupReport::freed(1, bytes) }
        })
    }
}

impl MemoryCleanup for Doing {
    fn class(&self) -> CleanupClass {
        self.class
    }

    fn cleanup<'a>(
        &'a self,
        _namespace: &'a Namespace,
        _service: &'a ServiceName,
        options: &'a CleanupOptions,
    ) -> CleanupAnswer<'a> {
        (self.act)(options.clone())
    }
}

/// The next run that is over.
pub(super) async fn next_end(events: &mut MemoryEvents) -> CleanupEnd {
    loop {
        let event = events.next().await.expect("it goes on");
        if let MemoryEvent::CleanupFinished(end) = event.expect("nothing is lost") {
            return end;
        }
    }
}

/// The next round that is over.
pub(super) async fn next_round(events: &mut MemoryEvents) -> RoundEnd {
    loop {
        let event = events.next().await.expect("it goes on");
        if let MemoryEvent::RoundEnded(end) = event.expect("nothing is lost") {
            return end;
        }
    }
}

/// What was told of cleanups, one line for each event.
pub(super) fn told(events: &mut MemoryEvents) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(event) = events.try_next() {
        match event.expect("nothing is lost") {
            MemoryEvent::CleanupTriggered(start) => {
                told.push(format!(
                    "{} {} {}",
                    start.service, start.class, start.priority
                ));
            }
            MemoryEvent::CleanupFinished(end) => {
                told.push(format!("{} {}", end.service, end.result.as_str()));
            }
            MemoryEvent::RoundEnded(end) => told.push(format!("round {}", end.outcome.as_str())),
            _ => {}
        }
    }
    told
}
