//! How scarce memory is.

use mainstay_specs::PressureLevel;
use mainstay_supervisors::Namespace;

use super::super::checkable::HealthCheckable;
use super::super::result::CheckResult;
use super::super::status::HealthStatus;
use super::{Home, look};
use crate::MemoryManager;
use crate::memory::{Reading, SourceReading, SourceState};

/// How the memory manager of a namespace fares, and how scarce memory is.
///
/// * `memory_manager_self_check` is degraded while the keeper is down: the level is there all the same, and nobody cleans up.
/// * `memory_pressure` is healthy at low and medium pressure, degraded at high, and unhealthy at critical, where only what frees memory is sure
///   to pass. It is degraded as well while nothing was measured for too long, as the level means nothing then, and while a source of it fails.
///   One that is simulated says so.
///
/// The check is important and not required: at critical pressure the namespace is degraded and goes on to serve what its admission lets
/// pass, rather than handing all of its load to others that may be short, too. Who wants it out of service then says
/// `(name: "memory_manager", config: (importance: required))`.
#[derive(Clone, Debug)]
pub struct MemoryManagerHealthCheck(Home);

impl MemoryManagerHealthCheck {
    /// The part that tells how scarce memory is.
    pub const PRESSURE: &'static str = "memory_pressure";

    /// Looks at the memory manager of this namespace, as it is each time. Keeps nothing up.
    #[must_use]
    pub fn new(namespace: &Namespace) -> Self {
        Self(Home::of(namespace))
    }

    fn pressure(&self) -> CheckResult {
        look(Self::PRESSURE, self.0.namespace(), |namespace| {
            judge(&MemoryManager::of(&namespace).reading())
        })
    }
}

fn judge(reading: &Reading) -> CheckResult {
    let failing = reading.sources.iter().filter(|source| has_failed(source));
    let failing: Vec<&str> = failing.map(|source| source.name.as_str()).collect();
    let by_level = match reading.level {
        PressureLevel::Low | PressureLevel::Medium => HealthStatus::Healthy,
        PressureLevel::High => HealthStatus::Degraded,
        PressureLevel::Critical => HealthStatus::Unhealthy,
    };
    let is_blind = reading.stale || !failing.is_empty();
    let status = by_level.max(if is_blind {
        HealthStatus::Degraded
    } else {
        HealthStatus::Healthy
    });
    let message = message(reading, &failing);
    CheckResult::new(MemoryManagerHealthCheck::PRESSURE, status, message)
        .with("level", reading.level.as_str())
        .with("ratio", reading.ratio)
        .with("cause", reading.cause.as_ref().map(|cause| cause.as_str()))
        .with("stale", reading.stale)
        .with("simulated", reading.simulated)
        .with("samples", reading.number)
        .with("failing", failing)
}

fn message(reading: &Reading, failing: &[&str]) -> String {
    if reading.number == 0 {
        return "Nothing was measured yet".to_owned();
    }
    let mut message = format!("Pressure is {}", reading.level);
    if let Some(cause) = &reading.cause {
        message += &format!(", by {cause} at {:.0} %", reading.ratio * 100.0);
    }
    if reading.stale {
        message += "; that was measured too long ago";
    }
    if !failing.is_empty() {
        message += &format!("; not answered by {}", failing.join(", "));
    }
    message
}

const fn has_failed(source: &SourceReading) -> bool {
    matches!(source.state, SourceState::Failed(_))
}

impl HealthCheckable for MemoryManagerHealthCheck {
    async fn self_diagnostic(&self) -> CheckResult {
        const PART: &str = "memory_manager_self_check";
        look(PART, self.0.namespace(), |namespace| {
            let manager = MemoryManager::of(&namespace);
            let result = if manager.is_running() {
                CheckResult::healthy(PART, "MemoryManager operational")
            } else {
                CheckResult::degraded(PART, "The keeper is down; nobody cleans up")
            };
            let stats = manager.stats();
            result
                .with("level_changes", stats.level_changes)
                .with("sampler_running", stats.sampler.running)
                .with("sampler_restarts", stats.sampler.restarts)
                .with("soft_budgets_exceeded", stats.budgets.soft_exceeded)
                .with("hard_budgets_exceeded", stats.budgets.hard_exceeded)
        })
    }

    async fn dependency_health_check(&self) -> Vec<CheckResult> {
        vec![self.pressure()]
    }
}
