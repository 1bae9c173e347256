//! What the sources say, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{PressureLevel, ServiceName};
use serde::Serialize;

use super::word::Word;

/// How scarce memory is, at a glance: of one sample, read with one load.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Glance {
    /// The level.
    pub level: PressureLevel,
    /// The share that it comes from, in millionths, up to 1.048575.
    pub ratio: f64,
    /// The number of the sample; 0 before the first.
    pub number: u64,
    /// The sample is known to be too old, or no source has said anything for it.
    pub stale: bool,
    /// The level is simulated.
    pub simulated: bool,
}

impl Glance {
    pub(crate) fn of(word: Word) -> Self {
        Self {
            level: word.level(),
            ratio: word.ratio(),
            number: word.number(),
            stale: word.is_stale(),
            simulated: word.is_simulated(),
        }
    }
}

/// How scarce memory is at one moment, and why. As JSON, times are in milliseconds, in fields that end in `_ms`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reading {
    /// The level.
    pub level: PressureLevel,
    /// The share that it comes from: the highest of all sources, or the simulated one.
    pub ratio: f64,
    /// The source with the highest share; `simulation` if it is simulated. `None` if no source has ever said anything.
    pub cause: Option<ServiceName>,
    /// The number of the sample; 0 before the first.
    pub number: u64,
    /// When the sample was taken, from when the manager was made on.
    #[serde(rename = "at_ms", serialize_with = "super::stats::milliseconds")]
    pub at: Duration,
    /// The sample is too old, or no source has said anything for it, as there is none or all have failed: the level is what it was, and may be
    /// another by now. So it is, too, once the memory manager was stopped.
    pub stale: bool,
    /// The level is simulated.
    pub simulated: bool,
    /// The level without any simulation.
    pub measured_level: PressureLevel,
    /// The share without any simulation.
    pub measured_ratio: f64,
    /// What was counted beside that.
    pub facts: Facts,
    /// What each source says.
    pub sources: Arc<[SourceReading]>,
}

impl Reading {
    /// Before the first sample.
    pub(crate) fn first() -> Self {
        Self {
            level: PressureLevel::Low,
            ratio: 0.0,
            cause: None,
            number: 0,
            at: Duration::ZERO,
            stale: true,
            simulated: false,
            measured_level: PressureLevel::Low,
            measured_ratio: 0.0,
            facts: Facts::default(),
            sources: Arc::default(),
        }
    }
}

impl Reading {
    /// How many bytes there are to the source that the level comes from.
    pub(crate) fn limit(&self) -> Option<u64> {
        let cause = self.cause.as_ref()?;
        let source = self.sources.iter().find(|source| source.name == *cause)?;
        source.limit
    }
}

/// What was counted when a sample was taken, in bytes; `None` for what is not measured here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// What this process has resident. It may be much more than what its heap has in use: allocators keep what was freed.
    pub resident: Option<u64>,
    /// What of the heap is in use, if an allocator that counts is given.
    pub heap: Option<u64>,
    /// What the machine has.
    pub host_total: Option<u64>,
    /// What of that is available.
    pub host_available: Option<u64>,
}

/// What one source says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SourceReading {
    /// The source: `container`, `address_space`, `host`, `budget`, `allocator`, `psi`, or what the application calls its own.
    pub name: ServiceName,
    /// Its share: of a source that has failed, the last one that it gave.
    pub ratio: Option<f64>,
    /// How many bytes are in use, of those that count bytes.
    pub used: Option<u64>,
    /// How many there are, headroom left out, of those that count bytes.
    pub limit: Option<u64>,
    /// Whether it can be relied on.
    pub state: SourceState,
}

/// Whether a source can be relied on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceState {
    /// It was asked for this sample, and has answered.
    Measured,
    /// There is nothing to measure here, which is normal: no container, no limit.
    Absent,
    /// It has failed, or does not answer: its last share counts until it is right again.
    Failed(String),
}
