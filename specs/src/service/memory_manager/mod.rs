//! The memory manager of a namespace.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`MemoryManagerSpec`] |
//! | `level.rs` | [`PressureLevel`] |
//! | `sustained.rs` | [`Sustained`]: how long memory has to be scarce |
//! | `check.rs` | what makes a spec wrong |
//! | `cleanup.rs` | [`CleanupSpec`]: how memory is given back |
//! | `admission.rs` | [`AdmissionSpec`]: what may still be begun |
//! | `operation.rs` | [`OperationClass`], [`OperationPriority`] |
//! | `budgets.rs` | [`BudgetsSpec`], [`MemoryBudget`]: how much processes may hold |

mod admission;
mod budgets;
mod check;
mod cleanup;
mod level;
mod operation;
mod sustained;

pub use admission::{AdmissionAction, AdmissionRow, AdmissionSpec};
pub use budgets::{BudgetsSpec, MemoryBudget};
pub use cleanup::{CleanupClass, CleanupSpec, CleanupStrategySpec};
pub use level::PressureLevel;
pub use operation::{OperationClass, OperationPriority};
pub use sustained::Sustained;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Faults;
use crate::finding::Report;
use crate::path::At;

/// The memory manager: how often it looks, what it compares with what, and from when on memory is scarce.
///
/// Thresholds are shares of what there is, 0 to 1: each source of pressure has a whole of its own, such as the limit of the container.
///
/// In RON: `memory_manager: (warning_threshold: 0.6, budget: 536870912)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct MemoryManagerSpec {
    /// How often it looks, 10 ms to 60 s. Default: 250 ms.
    #[serde(with = "crate::duration")]
    pub check_interval: Duration,
    /// Whether it looks five times as often from `high_threshold` on, or when it would be there before the next look, and a quarter as
    /// often when it is more than 0.2 below `warning_threshold`. Default: true.
    pub adaptive: bool,
    /// The share from which on the level is medium: over 0, and less than `high_threshold`. Default: 0.70.
    pub warning_threshold: f64,
    /// The share from which on the level is high, between the two others. Default: none, which is half way between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high_threshold: Option<f64>,
    /// The share from which on the level is critical: over `high_threshold`, and at most 1. Default: 0.95.
    pub critical_threshold: f64,
    /// By how much the share has to be under a threshold for the level to fall, 0 to less than `warning_threshold`. Default: 0.05.
    pub hysteresis: f64,
    /// For how long it has to be there, up to 1 h. Default: 2 s.
    #[serde(with = "crate::duration")]
    pub dwell: Duration,
    /// How many samples in a row make the level medium, 1 to 1,000; one is enough for high and critical. Default: 2.
    pub samples: u32,
    /// Has a level reached only after memory was scarce for some time, and is not falling fast. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sustained: Option<Sustained>,
    /// The share of a hard limit (of the container, of the address space, of the host) that is left out of account, as memory is in
    /// pieces: 0 to 0.9. Default: 0.10.
    pub headroom: f64,
    /// How many bytes this process is to take at most, at least 1 MiB; compared with what it has resident, which is known on Linux.
    /// Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<u64>,
    /// How many bytes of the heap may be in use at most, at least 1 MiB; compared with what the allocator says, where one is given that
    /// counts. Default: none, which is the `budget`, or else the strictest hard limit there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heap_budget: Option<u64>,
    /// Whether to look at how long tasks have waited for memory (Linux: pressure stall information). Default: true; where there is none,
    /// nothing is missing.
    pub psi: bool,
    /// After how many intervals without a sample the last one is stale, 2 to 1,000. Default: 5.
    pub stale_after: u32,
    /// The most sources of the application's own, up to 256; each that is asked costs a thread. Default: 16.
    pub sources_max: u32,
    /// The most subscribers at a time, at least 1. Default: 256.
    pub subscribers_max: u32,
    /// How many events a subscriber may be behind before it loses the oldest, 1 to 65,536; the next power of two is taken. Default: 256.
    pub events_backlog: u32,
    /// Whether memory is given back at high and critical. Levels and events are there either way. Default: true.
    pub pressure_relief_enabled: bool,
    /// Whether pressure may be simulated. Default: false.
    pub simulation: bool,
    /// How memory is given back.
    #[serde(skip_serializing_if = "CleanupSpec::is_default")]
    pub cleanup: CleanupSpec,
    /// What may still be begun while memory is scarce.
    #[serde(skip_serializing_if = "AdmissionSpec::is_default")]
    pub admission: AdmissionSpec,
    /// How much memory processes may hold.
    #[serde(skip_serializing_if = "BudgetsSpec::is_default")]
    pub budgets: BudgetsSpec,
}

impl Default for MemoryManagerSpec {
    fn default() -> Self {
        Self {
            check_interval: Duration::from_millis(250),
            adaptive: true,
            warning_threshold: 0.70,
            high_threshold: None,
            critical_threshold: 0.95,
            hysteresis: 0.05,
            dwell: Duration::from_secs(2),
            samples: 2,
            sustained: None,
            headroom: 0.10,
            budget: None,
            heap_budget: None,
            psi: true,
            stale_after: 5,
            sources_max: 16,
            subscribers_max: 256,
            events_backlog: 256,
            pressure_relief_enabled: true,
            simulation: false,
            cleanup: CleanupSpec::default(),
            admission: AdmissionSpec::default(),
            budgets: BudgetsSpec::default(),
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $kind:ty),* $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub const fn $field(mut self, $field: $kind) -> Self {
            self.$field = $field;
            self
        }
    )*};
}

impl MemoryManagerSpec {
    /// From which share on a level is reached; 0 for [`PressureLevel::Low`].
    #[must_use]
    pub fn threshold(&self, level: PressureLevel) -> f64 {
        match level {
            PressureLevel::Low => 0.0,
            PressureLevel::Medium => self.warning_threshold,
            PressureLevel::High => self
                .high_threshold
                .unwrap_or_else(|| f64::midpoint(self.warning_threshold, self.critical_threshold)),
            PressureLevel::Critical => self.critical_threshold,
        }
    }

    /// Sets from which share on the level is high.
    #[must_use]
    pub const fn high_threshold(mut self, share: f64) -> Self {
        self.high_threshold = Some(share);
        self
    }

    /// Has a level reached only after memory was scarce for some time.
    #[must_use]
    pub const fn sustained(mut self, rule: Sustained) -> Self {
        self.sustained = Some(rule);
        self
    }

    /// Sets how many bytes this process is to take at most.
    #[must_use]
    pub const fn budget(mut self, bytes: u64) -> Self {
        self.budget = Some(bytes);
        self
    }

    /// Sets how many bytes of the heap may be in use at most.
    #[must_use]
    pub const fn heap_budget(mut self, bytes: u64) -> Self {
        self.heap_budget = Some(bytes);
        self
    }

    /// Sets how memory is given back.
    #[must_use]
    pub fn cleanup(mut self, cleanup: CleanupSpec) -> Self {
        self.cleanup = cleanup;
        self
    }

    /// Sets what may still be begun while memory is scarce.
    #[must_use]
    pub fn admission(mut self, admission: AdmissionSpec) -> Self {
        self.admission = admission;
        self
    }

    /// Sets how much memory processes may hold.
    #[must_use]
    pub fn budgets(mut self, budgets: BudgetsSpec) -> Self {
        self.budgets = budgets;
        self
    }

    setters! {
        /// Sets how often it looks.
        check_interval: Duration,
        /// Sets whether it looks more often the scarcer memory is.
        adaptive: bool,
        /// Sets from which share on the level is medium.
        warning_threshold: f64,
        /// Sets from which share on the level is critical.
        critical_threshold: f64,
        /// Sets by how much the share has to be under a threshold for the level to fall.
        hysteresis: f64,
        /// Sets for how long it has to be there.
        dwell: Duration,
        /// Sets how many samples in a row make the level medium.
        samples: u32,
        /// Sets the share of a hard limit that is left out of account.
        headroom: f64,
        /// Sets whether to look at how long tasks have waited for memory.
        psi: bool,
        /// Sets after how many intervals without a sample the last one is stale.
        stale_after: u32,
        /// Sets the most sources of the application's own.
        sources_max: u32,
        /// Sets the most subscribers at a time.
        subscribers_max: u32,
        /// Sets how many events a subscriber may be behind.
        events_backlog: u32,
        /// Sets whether memory is given back at high and critical.
        pressure_relief_enabled: bool,
        /// Sets whether pressure may be simulated.
        simulation: bool,
    }

    /// Checks it as a whole.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }
}
