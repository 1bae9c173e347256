//! What guards refuse, told to the telemetry and the metrics of the namespace.
//!
//! Under attack millions of calls a second are refused: to tell of each would help the attacker. So nothing is told when it happens:
//! what came of calls is counted anyway, and the keeper tells now and then how much has been added, for each operation and
//! guard one event of an interval at most. No refusal is lost or told twice.

use std::sync::{Mutex, OnceLock, PoisonError};

use mainstay_supervisors::{Namespace, WeakNamespace};

use super::guard::Guard;
use super::stats::{ProtectionCounts, ProtectionStats};
use crate::MetricsStore;
use crate::telemetry::{Emitter, Metadata, PROTECTION_REFUSED, TelemetryService};

/// The calls that were refused, by `operation` and `guard`: by a guard of the operation itself, or by one further in.
const REFUSED: &str = "foundation.protection.refused";

/// The way to the telemetry of a namespace.
#[derive(Debug)]
pub(crate) struct Signals {
    namespace: WeakNamespace,
    /// From when there is telemetry.
    emitter: OnceLock<Emitter>,
}

/// Up to where an operation has been told of, by the place in [`Guard::ALL`]. It outlives the keeper, so that none of them tells what
/// another has told.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<[u64; Guard::ALL.len()]>);

impl Told {
    /// What each guard has refused, and what of it has not been told yet; it is taken to be told from now on.
    fn catch_up(&self, counts: &ProtectionCounts) -> [(Guard, u64, u64); Guard::ALL.len()] {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Guard::ALL.map(|guard| {
            let told = &mut told[guard as usize];
            // Two who tell at once may have looked in another order than they come here.
            let refused = counts.refused(guard) + counts.refused_within(guard);
            let total = refused.max(*told);
            let added = total - *told;
            *told = total;
            (guard, added, total)
        })
    }
}

impl Signals {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self {
            namespace: namespace.downgrade(),
            emitter: OnceLock::new(),
        }
    }

    /// Tells what was refused since it was told last. Handlers of telemetry are called by this, here and now; no lock is held
    /// meanwhile. What nobody listens to counts as told.
    pub(crate) fn tell(&self, stats: &ProtectionStats, told: &Told) {
        let Some(namespace) = self.namespace.upgrade() else {
            return;
        };
        for (guard, count, total) in told.catch_up(&stats.counts) {
            if count == 0 {
                continue;
            }
            let (name, operation) = (&stats.name, stats.name.as_str());
            if let Some(store) = MetricsStore::in_namespace(&namespace) {
                let tags = [("operation", operation), ("guard", guard.as_str())];
                match store.counter(REFUSED, tags) {
                    Ok(counter) => counter.increment(count),
                    Err(error) => {
                        tracing::warn!(operation, %error, "refusals are not measured");
                    }
                }
            }
            tracing::debug!(operation, %guard, count, total, "refused");
            if let Some(emitter) = self.emitter(&namespace) {
                emitter.emit(|| {
                    let metadata = Metadata::new()
                        .with("operation", name)
                        .with("guard", guard.as_str())
                        .with("namespace", namespace.name());
                    ([("count", count), ("total", total)], metadata)
                });
            }
        }
    }

    fn emitter(&self, namespace: &Namespace) -> Option<&Emitter> {
        if let Some(emitter) = self.emitter.get() {
            return Some(emitter);
        }
        let telemetry = TelemetryService::in_namespace(namespace)?;
        let emitter = telemetry.event(PROTECTION_REFUSED.event_path()).ok()?;
        Some(self.emitter.get_or_init(|| emitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_not_told_again_and_nothing_is_left_out() {
        let told = Told::default();
        let counts = |late, rate_limited| ProtectionCounts {
            late,
            rate_limited,
            ..ProtectionCounts::default()
        };
        let added = |counts: &ProtectionCounts| told.catch_up(counts).map(|(_, added, _)| added);
        assert_eq!(added(&counts(1, 5)), [1, 0, 0, 5, 0]);
        // One that has looked before comes after.
        assert_eq!(added(&counts(1, 3)), [0; 5]);
        assert_eq!(added(&counts(2, 6)), [1, 0, 0, 1, 0]);
    }
}
