//! Which guards an operation goes through.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Report};
use crate::path::At;
use crate::{Faults, OperationClass, OperationPriority, ServiceName};

/// Which guards an operation goes through, in this order: the deadline, the circuit breaker, the memory manager, the rate limiter, the
/// connection pool.
/// Those that are not given are not asked.
///
/// Guards are named, and looked for when the operation is run: a call whose guard is not there is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ProtectionConfig {
    /// How long all of it may take, waiting for guards included, 1 ms to 24 h. Default: for as long as it takes.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "crate::duration::optional"
    )]
    pub deadline: Option<Duration>,
    /// The circuit breaker. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuit: Option<ServiceName>,
    /// What it needs of memory, for the memory manager of the namespace. Default: it is not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryDemand>,
    /// The rate limiter, and what a call costs there. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateDemand>,
    /// The connection pool that the operation takes a connection of. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<ServiceName>,
}

/// What a call needs of memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MemoryDemand {
    /// What it does to memory.
    pub class: OperationClass,
    /// How many bytes it takes, about, unless the call says. Default: 0.
    #[serde(default)]
    pub bytes: u64,
    /// How much it matters among others of its class. Default: `normal`.
    #[serde(default)]
    pub priority: OperationPriority,
}

impl MemoryDemand {
    /// A call of this class that takes next to nothing.
    #[must_use]
    pub const fn new(class: OperationClass) -> Self {
        Self {
            class,
            bytes: 0,
            priority: OperationPriority::Normal,
        }
    }

    /// Sets how many bytes it takes.
    #[must_use]
    pub const fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets how much it matters.
    #[must_use]
    pub const fn priority(mut self, priority: OperationPriority) -> Self {
        self.priority = priority;
        self
    }
}

/// A rate limiter, and what a call costs there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RateDemand {
    /// The limiter.
    pub limiter: ServiceName,
    /// What one call costs, at least 1, unless the call says. Default: 1.
    #[serde(default = "one")]
    pub cost: u32,
}

const fn one() -> u32 {
    1
}

impl RateDemand {
    /// A call that costs 1.
    #[must_use]
    pub const fn new(limiter: ServiceName) -> Self {
        Self { limiter, cost: 1 }
    }

    /// Sets what one call costs.
    #[must_use]
    pub const fn cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }
}

impl ProtectionConfig {
    /// Sets how long all of it may take.
    #[must_use]
    pub const fn deadline(mut self, within: Duration) -> Self {
        self.deadline = Some(within);
        self
    }

    /// Sets the circuit breaker.
    #[must_use]
    pub fn circuit(mut self, name: ServiceName) -> Self {
        self.circuit = Some(name);
        self
    }

    /// Sets what it needs of memory.
    #[must_use]
    pub const fn memory(mut self, demand: MemoryDemand) -> Self {
        self.memory = Some(demand);
        self
    }

    /// Sets the rate limiter.
    #[must_use]
    pub fn rate_limit(mut self, demand: RateDemand) -> Self {
        self.rate_limit = Some(demand);
        self
    }

    /// Sets the connection pool.
    #[must_use]
    pub fn pool(mut self, name: ServiceName) -> Self {
        self.pool = Some(name);
        self
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

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        if let Some(deadline) = self.deadline
            && !(DEADLINE_MIN..=DEADLINE_MAX).contains(&deadline)
        {
            let found = humantime::format_duration(deadline);
            let message = format!("expected 1ms to 24h, found {found}");
            report.add(Finding::new(at.field("deadline"), message));
        }
        if let Some(demand) = &self.rate_limit
            && demand.cost == 0
        {
            let path = At::Field(at, "rate_limit").field("cost");
            report.add(Finding::new(path, "expected at least 1, found 0"));
        }
    }
}

const DEADLINE_MIN: Duration = Duration::from_millis(1);
const DEADLINE_MAX: Duration = Duration::from_secs(24 * 3600);
