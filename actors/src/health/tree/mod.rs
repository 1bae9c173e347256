//! Health that is read off the supervision tree.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the check `supervision` |
//! | `judge.rs` | what is not as it should be, from what was seen: pure |
//!
//! Nobody has to write a check for it, and nothing is asked: see [`Namespace::vitals`]. What is told of a process is told under its path.

mod judge;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mainstay_specs::{HealthCheckConfig, Importance, ServiceName, TreeLimits};
use mainstay_supervisors::{Namespace, ProgressWatch, WeakNamespace};
use tokio::time::Instant;

use super::book::Found;
use super::checkable::HealthCheckable;
use super::result::{CheckResult, HealthResult};

/// The name of the check.
const NAME: &str = "supervision";

/// What there is to check in the tree of a namespace.
pub(crate) fn discover(namespace: &Namespace, limits: &TreeLimits) -> Vec<Found> {
    // A name is not empty, short, and without `/` and white space: this one is.
    let name = ServiceName::new(NAME).expect("a name");
    // Looked at often enough for what is told to be no later than by a second or so. One process of many that is stuck does not
    // make the whole unfit for work; who thinks that one does says so in the spec.
    let config = HealthCheckConfig::default()
        .importance(Importance::Important)
        .interval(INTERVAL)
        .time_limit(TIME_LIMIT);
    vec![Found {
        name,
        check: Arc::new(Supervision::new(namespace, limits.clone())),
        config,
    }]
}

/// Has the messages to the processes counted that are started from now on.
pub(crate) fn begin(namespace: &Namespace) {
    namespace.count_messages(true);
}

/// How the processes of a namespace are doing.
struct Supervision {
    namespace: WeakNamespace,
    limits: TreeLimits,
    watch: Mutex<ProgressWatch>,
}

impl Supervision {
    fn new(namespace: &Namespace, limits: TreeLimits) -> Self {
        Self {
            namespace: namespace.downgrade(),
            limits,
            watch: Mutex::default(),
        }
    }

    fn look(&self) -> Vec<CheckResult> {
        let max = usize::try_from(self.limits.processes_max).unwrap_or(usize::MAX);
        let seen = self
            .namespace
            .upgrade()
            .map(|namespace| namespace.vitals(max));
        let (vitals, all) = seen.unwrap_or_default();
        if vitals.is_empty() {
            return vec![CheckResult::unhealthy(NAME, "the namespace has ended")];
        }
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = watch.look(Instant::now(), &vitals);
        drop(watch);
        judge::judge(&self.limits, &vitals, &progress, all)
    }
}

impl HealthCheckable for Supervision {
    async fn self_diagnostic(&self) -> CheckResult {
        let mut parts = self.look();
        // The worst, or else the first, which is of the whole.
        let worst = parts.iter().map(|part| part.status).max();
        let nth = parts.iter().position(|part| Some(part.status) == worst);
        parts.swap_remove(nth.unwrap_or_default())
    }

    async fn deep_health_check(&self) -> HealthResult {
        let begun = Instant::now();
        let parts = self.look();
        HealthResult::of(parts, begun.elapsed())
    }
}

impl fmt::Debug for Supervision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervision")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

const INTERVAL: Duration = Duration::from_secs(1);
const TIME_LIMIT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
