//! Namespaces with a memory manager, whose samples are taken by hand unless a test says otherwise.

use std::time::Duration;

use mainstay_actors::MemoryManager;
use mainstay_actors::memory::{
    Measure, MemoryEvent, MemoryEvents, MemoryGauge, MemorySetup, NAME, PressureLevel, SourceState,
};
use mainstay_supervisors::specs::{
    MemoryManagerSpec, NamespaceName, ServiceName, Strategy, SupervisorFlags,
};
use mainstay_supervisors::{Child, Namespace, NamespacePlan, Process, Runtime};

/// A runtime of a test's own with one namespace, whose memory manager may crash as often as it likes.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) memory: MemoryManager,
}

impl Bed {
    /// By hand, with simulations.
    pub(super) async fn new() -> Self {
        Self::by_hand(MemoryManagerSpec::default().simulation(true)).await
    }

    /// As [`new`](Self::new), and nothing is given back: so nobody but the test asks for samples.
    pub(super) async fn measuring() -> Self {
        Self::by_hand(MemoryManagerSpec::default().pressure_relief_enabled(false)).await
    }

    pub(super) async fn by_hand(spec: MemoryManagerSpec) -> Self {
        Self::with(MemorySetup::new(spec).by_hand()).await
    }

    pub(super) async fn with(setup: MemorySetup) -> Self {
        match Self::try_with(MemoryManager::child_with(setup)).await {
            Ok(bed) => bed,
            Err(error) => panic!("{error}"),
        }
    }

    /// With this child, or the reason why it did not start.
    pub(super) async fn try_with(child: Child) -> Result<Self, String> {
        let flags = SupervisorFlags::new(Strategy::OneForOne);
        let flags = flags.intensity(u32::MAX, Duration::from_secs(1));
        let plan = NamespacePlan::new().children_flags(flags).child(child);
        let runtime = Runtime::new();
        let name = NamespaceName::new("bed").expect("a name");
        let started = runtime.start_namespace(name, plan).await;
        let namespace = started.map_err(|error| error.to_string())?;
        let memory = MemoryManager::of(&namespace);
        Ok(Self {
            runtime,
            namespace,
            memory,
        })
    }

    /// A gauge called `test`.
    pub(super) fn gauge(&self) -> MemoryGauge {
        let gauge = self.memory.register_gauge(name("test"));
        gauge.expect("there is none yet")
    }

    /// Has the gauge say this, takes a sample, and gives the level.
    pub(super) async fn sample(&self, gauge: &MemoryGauge, share: f64) -> PressureLevel {
        gauge.set(Measure::share(share));
        let reading = self.memory.check_now().await.expect("a sample");
        assert_eq!(reading.level, self.memory.check_pressure());
        reading.level
    }

    pub(super) fn keeper(&self) -> Process {
        self.namespace.whereis(NAME).expect("the keeper runs")
    }

    /// Kills the keeper and waits for its successor.
    pub(super) async fn crash(&self) {
        let old = self.keeper();
        old.kill();
        old.ended().await;
        let next = self.namespace.registry().wait_for(&name(NAME)).await;
        assert_ne!(next, old);
    }

    /// What a source is in now.
    pub(super) fn state(&self, source: &str) -> Option<SourceState> {
        let reading = self.memory.reading();
        let mut sources = reading.sources.iter();
        let source = sources.find(|one| one.name.as_str() == source)?;
        Some(source.state.clone())
    }

    /// Stops all, which must leave nothing to be killed and nothing held.
    pub(super) async fn end(self) {
        let ledger = self.namespace.ledger().clone();
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(ledger.held().is_empty());
    }
}

pub(super) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

pub(super) fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// Lets all that can go on, on this thread, go on.
pub(super) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// What was told of the level, as `from to cause`, and of samples that are stale or are not any more.
pub(super) fn all_told(events: &mut MemoryEvents) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(event) = events.try_next() {
        match event.expect("nothing is lost") {
            MemoryEvent::Pressure(change) => {
                let cause = change
                    .cause
                    .map_or_else(String::new, |cause| cause.to_string());
                let simulated = if change.simulated { " simulated" } else { "" };
                told.push(format!("{} {} {cause}{simulated}", change.from, change.to));
            }
            MemoryEvent::Stale(stale) => told.push(format!("stale {stale}")),
            // What is given back is not what these tests are about.
            _ => {}
        }
    }
    told
}

/// The changes of the level that were told.
pub(super) fn told(events: &mut MemoryEvents) -> Vec<String> {
    let mut told = all_told(events);
    told.retain(|one| !one.starts_with("stale"));
    told
}
