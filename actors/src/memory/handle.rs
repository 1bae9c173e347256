//! The handle.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{MemoryManagerSpec, PressureLevel, ServiceName};
use mainstay_supervisors::{Child, Ledger, Namespace, ServiceRegistry};

use super::cell::{Kept, MemoryCell};
use super::error::MemoryError;
use super::pressure::Simulation;
use super::reading::Reading;
use super::start;
use super::stats::MemoryStats;
use super::stream::MemoryEvents;
use super::terms::MemorySetup;

/// The name under which the memory manager is registered in its namespace, and the id of its child.
pub const NAME: &str = "memory_manager";

/// The memory manager of a namespace: a handle, cheap to clone.
///
/// What it tells of the pressure is read from the cell, with one load and whether the service runs or not: before the first sample, and
/// where nobody measures, the level is [`PressureLevel::Low`], and [`Reading::stale`] says that this means nothing.
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
        let make = || Kept(Arc::new(MemoryCell::new(namespace, MemorySetup::default())));
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

    /// Takes a sample now.
    ///
    /// # Errors
    ///
    /// [`MemoryError::NotRunning`].
    pub async fn check_now(&self) -> Result<Arc<Reading>, MemoryError> {
        std::future::ready(()).await;
        self.cell.sample(Vec::new());
        Ok(self.reading())
    }

    /// Makes up a level for so long, in place of the measured one, and tells of it as of any other. It shows in every reading and event,
    /// and does not hide that memory is critical.
    ///
    /// # Errors
    ///
    /// [`MemoryError::SimulationRefused`] unless the spec allows it; [`MemoryError::Invalid`] for no time at all.
    pub fn simulate_pressure(
        &self,
        level: PressureLevel,
        time: Duration,
    ) -> Result<(), MemoryError> {
        let terms = self.cell.terms();
        if !terms.spec().simulation {
            let namespace = self.cell.namespace.as_str().to_owned();
            return Err(MemoryError::SimulationRefused(namespace));
        }
        self.cell.simulate(Some(Simulation {
            level,
            ratio: terms.spec().threshold(level),
            until: self.cell.clock.now() + time,
            hides_critical: false,
        }));
        Ok(())
    }

    /// The state of the service.
    #[must_use]
    pub fn stats(&self) -> MemoryStats {
        let reading = self.reading();
        MemoryStats {
            available: self.is_running(),
            pressure_level: reading.level,
            age: self.cell.age(),
            reading: (*reading).clone(),
        }
    }
}

pub(crate) fn service_name() -> ServiceName {
    // A name is not empty, short, and without `/` and white space: this one is.
    ServiceName::new(NAME).expect("a name")
}
