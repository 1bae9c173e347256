//! The handle.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{MemoryManagerSpec, PressureLevel, ServiceName};
use mainstay_supervisors::{Child, Ledger, Namespace, ServiceRegistry};
use tokio::time::timeout;

use super::cell::{Kept, MemoryCell};
use super::error::MemoryError;
use super::level::Rules;
use super::pressure::Simulation;
use super::reading::{Glance, Reading};
use super::simulation::{Made, PressureSimulation};
use super::source::{MemoryGauge, MemorySource, SourceRegistration};
use super::start;
use super::stats::{MemoryStats, SamplerStats};
use super::stream::MemoryEvents;
use super::terms::MemorySetup;

/// The name under which the memory manager is registered in its namespace, and the id of its child.
pub const NAME: &str = "memory_manager";

/// The memory manager of a namespace: a handle, cheap to clone.
///
/// What it tells of the pressure is read from the cell, with one load and whether the service runs or not: before the first sample, and
/// where nobody measures, the level is [`PressureLevel::Low`], and [`Reading::stale`] says that this means nothing.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::memory::{Measure, MemoryEvent, MemoryManager, PressureLevel};
/// use mainstay_specs::{MemoryManagerSpec, NamespaceName, ServiceName};
/// use mainstay_supervisors::{NamespacePlan, Runtime};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let spec = MemoryManagerSpec::default().budget(8 << 30).simulation(true);
/// let plan = NamespacePlan::new().service(MemoryManager::child(spec));
/// let runtime = Runtime::new();
/// let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
/// let memory = MemoryManager::of(&app);
///
/// // A source of the application's own, beside the container, the machine and the budget.
/// let images = memory.register_gauge(ServiceName::new("images")?)?;
/// images.set(Measure::bytes(10_000_000, 64_000_000));
/// let reading = memory.check_now().await?;
/// assert!(reading.sources.iter().any(|source| source.name.as_str() == "images"));
///
/// let mut events = memory.subscribe()?;
/// memory.simulate_pressure(PressureLevel::Critical, Duration::from_secs(60))?;
/// assert_eq!(memory.check_pressure(), PressureLevel::Critical);
/// let event = events.next().await.expect("the namespace is there")?;
/// assert!(matches!(event, MemoryEvent::Pressure(change) if change.simulated));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryManager {
    pub(super) cell: Arc<MemoryCell>,
    pub(super) registry: ServiceRegistry,
    pub(super) ledger: Ledger,
}

impl MemoryManager {
    /// The memory manager as a child, to be started in a namespace: after telemetry, to which it tells what changes.
    ///
    /// The start fails with a [`MemoryStartError`](super::MemoryStartError) if the spec is wrong. At a restart the level and all else that
    /// it knows stays.
    #[must_use]
    #[track_caller]
    pub fn child(spec: MemoryManagerSpec) -> Child {
        start::child(MemorySetup::new(spec))
    }

    /// The memory manager as a child, with all that can be said of it.
    #[must_use]
    #[track_caller]
    pub fn child_with(setup: MemorySetup) -> Child {
        start::child(setup)
    }

    /// The memory manager of a namespace. Where none was started it measures nothing: see [`is_running`](Self::is_running).
    #[must_use]
    pub fn of(namespace: &Namespace) -> Self {
        let make = || Kept(Arc::new(MemoryCell::new(namespace)));
        Self {
            cell: Arc::clone(&namespace.cell(NAME, make).0),
            registry: namespace.registry().clone(),
            ledger: namespace.ledger().clone(),
        }
    }

    /// How scarce memory is: one load.
    #[inline]
    #[must_use]
    pub fn check_pressure(&self) -> PressureLevel {
        self.cell.word().level()
    }

    /// As [`check_pressure`](Self::check_pressure).
    #[inline]
    #[must_use]
    pub fn get_pressure_level(&self) -> PressureLevel {
        self.check_pressure()
    }

    /// All that one load gives: the level, the share, the number of the sample, and what is to be thought of them.
    #[inline]
    #[must_use]
    pub fn glance(&self) -> Glance {
        Glance::of(self.cell.word())
    }

    /// The share that the level comes from, in millionths, up to 1.048575: one load.
    #[inline]
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.cell.word().ratio()
    }

    /// Whether the service runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.registry.whereis(NAME).is_some()
    }

    /// All that comes of the last sample: the level, why it is so, and what each source says.
    #[must_use]
    pub fn reading(&self) -> Arc<Reading> {
        self.cell.reading()
    }

    /// A stream of what happens from now on.
    ///
    /// # Errors
    ///
    /// [`MemoryError::TooManySubscribers`], [`MemoryError::Stopped`].
    #[track_caller]
    pub fn subscribe(&self) -> Result<MemoryEvents, MemoryError> {
        let hold = self.ledger.hold("memory subscription", "everything");
        self.cell.subscribe(hold)
    }

    /// Takes a sample now, and gives what comes of it.
    ///
    /// The sampler takes it, one for all who ask meanwhile, or, with [`MemorySetup::by_hand`], the caller, who waits for each of the
    /// application's own sources then and is not to be one of them.
    ///
    /// # Errors
    ///
    /// [`MemoryError::NotRunning`]; [`MemoryError::Timeout`] if the sampler has not answered for as long as makes a sample stale.
    ///
    /// Cancel safety: the sample is taken all the same when this is dropped.
    pub async fn check_now(&self) -> Result<Arc<Reading>, MemoryError> {
        let Some(target) = self.cell.ask_for_sample()? else {
            return Ok(self.reading());
        };
        let terms = self.cell.terms();
        let limit = terms.spec().check_interval * terms.spec().stale_after;
        let began = std::time::Instant::now();
        // By the sampler's clock, as that of tokio may run ahead in a test.
        while began.elapsed() < limit {
            let taken = self.cell.wait_for_sample(target);
            if timeout(limit.min(CHECK_SLICE), taken).await.is_ok() {
                return Ok(self.reading());
            }
        }
        Err(MemoryError::Timeout(limit))
    }

    /// Makes up a level for so long, in place of the measured one, and tells of it as of any other: see [`PressureSimulation`].
    ///
    /// # Errors
    ///
    /// Those of [`simulate`](Self::simulate).
    pub fn simulate_pressure(
        &self,
        level: PressureLevel,
        time: Duration,
    ) -> Result<(), MemoryError> {
        self.simulate(PressureSimulation::level(level).lasting(time))
    }

    /// Makes up pressure, in place of what was made up before.
    ///
    /// # Errors
    ///
    /// [`MemoryError::SimulationRefused`] unless the spec allows it; [`MemoryError::Invalid`] for a share or a time that is none.
    pub fn simulate(&self, simulation: PressureSimulation) -> Result<(), MemoryError> {
        let terms = self.cell.terms();
        if !terms.spec().simulation {
            let namespace = self.cell.namespace.as_str().to_owned();
            return Err(MemoryError::SimulationRefused(namespace));
        }
        simulation.check()?;
        let (level, ratio) = match simulation.what {
            Made::Level(level) => (level, terms.spec().threshold(level)),
            Made::Ratio(ratio) => (Rules::of(terms.spec()).plain(ratio), ratio),
        };
        self.cell.simulate(Some(Simulation {
            level,
            ratio,
            until: self.cell.clock.now() + simulation.time,
            hides_critical: simulation.hides_critical,
        }));
        Ok(())
    }

    /// Ends what was made up, if anything was.
    pub fn stop_simulation(&self) {
        self.cell.simulate(None);
    }

    /// Adds a source of pressure that tells by itself how much of its own whole is in use, such as a service that knows its size. It counts
    /// from when it has told, also if the memory manager is started later.
    ///
    /// # Errors
    ///
    /// [`MemoryError::SourceTaken`], also for the names of [`SourceReading`](super::SourceReading)s that are there by themselves;
    /// [`MemoryError::TooManySources`].
    pub fn register_gauge(&self, name: ServiceName) -> Result<MemoryGauge, MemoryError> {
        let max = self.cell.terms().spec().sources_max;
        self.cell.custom.tell(name, max)
    }

    /// Adds a source of pressure that is asked for each sample: see [`MemorySource`].
    ///
    /// # Errors
    ///
    /// Those of [`register_gauge`](Self::register_gauge).
    pub fn register_source(
        &self,
        name: ServiceName,
        source: impl MemorySource,
    ) -> Result<SourceRegistration, MemoryError> {
        let max = self.cell.terms().spec().sources_max;
        self.cell.custom.ask(name, Box::new(source), max)
    }

    /// The state of the service.
    #[must_use]
    pub fn stats(&self) -> MemoryStats {
        let reading = self.reading();
        let (running, restarts, last_took) = self.cell.sampler();
        MemoryStats {
            available: self.is_running(),
            pressure_level: reading.level,
            threshold_percentage: reading.ratio,
            total_memory: reading.limit(),
            process_memory: reading.facts.heap.or(reading.facts.resident),
            system_memory: reading.facts.host_total,
            level_changes: self.cell.changes.count(),
            changes_lost: self.cell.changes.lost(),
            subscribers: self.cell.subscribers() as u64,
            sampler: SamplerStats {
                running,
                samples: reading.number,
                restarts,
                last_took,
                age: self.cell.age(),
            },
            reading: (*reading).clone(),
            cleanup: self.cell.relief.stats(),
            admission: self.cell.admission.stats(),
        }
    }
}

/// How long is waited for a sample before it is looked how late it is.
const CHECK_SLICE: Duration = Duration::from_millis(10);

pub(crate) fn service_name() -> ServiceName {
    // A name is not empty, short, and without `/` and white space: this one is.
    ServiceName::new(NAME).expect("a name")
}
