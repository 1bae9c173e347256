//! The handle.

use std::sync::Arc;

use mainstay_specs::{AlertRule, AlertsSpec, ServiceName};
use mainstay_supervisors::{Child, Ledger, Namespace, ServiceRegistry};
use tokio::time::Instant;

use super::alert::PerformanceAlert;
use super::cell::{Cell, Kept};
use super::error::AlertError;
use super::start;
use super::stats::{ActiveAlert, AlertPhase, AlertsStatus};
use super::stream::{AlertEvents, Muted};

/// The name under which the keeper of the alerts is registered in its namespace, and the id of its child.
pub const NAME: &str = "alerts";

/// The alerts of a namespace: a handle, cheap to clone.
///
/// Rules, what is pending and firing, and the history survive every crash of the keeper; only the end of the namespace ends them.
/// While the keeper is down nothing is looked at: what was bad all the while fires late, and what was bad meanwhile only, never.
#[derive(Clone, Debug)]
pub struct Alerts {
    cell: Arc<Cell>,
    registry: ServiceRegistry,
    ledger: Ledger,
}

impl Alerts {
    /// The keeper of the alerts as a child, to be started in a namespace after its metrics store. It is part of
    /// [`TelemetryService::child`](crate::TelemetryService::child).
    ///
    /// A wrong spec, and a namespace without metrics, fail the start with a
    /// [`TelemetryStartError`](crate::telemetry::TelemetryStartError). A restart goes on with the rules that are there; another keeper,
    /// started later in the same namespace, goes by its own spec.
    #[must_use]
    #[track_caller]
    pub fn child(spec: AlertsSpec) -> Child {
        start::child(spec)
    }

    /// The alerts of a namespace; `None` if none have been started in it.
    #[must_use]
    pub fn in_namespace(namespace: &Namespace) -> Option<Self> {
        let kept = namespace.find_cell::<Kept>(NAME)?;
        Some(Self {
            cell: Arc::clone(&kept.0),
            registry: namespace.registry().clone(),
            ledger: namespace.ledger().clone(),
        })
    }

    /// The rules, in the order in which they are looked at.
    #[must_use]
    pub fn rules(&self) -> Vec<Arc<AlertRule>> {
        self.cell.rules()
    }

    /// Adds a rule, or puts it in the place of the one of the same name. What that one has firing is resolved, unless it is the same
    /// rule.
    ///
    /// # Errors
    ///
    /// [`AlertError::Invalid`], [`AlertError::TooManyRules`], [`AlertError::Stopped`].
    pub fn put_rule(&self, rule: AlertRule) -> Result<(), AlertError> {
        self.cell.check_open()?;
        self.cell.board().put(rule)
    }

    /// Takes a rule away; false if there is none of this name. What it has firing is resolved when the rules are looked at next.
    #[must_use]
    pub fn remove_rule(&self, name: &str) -> bool {
        self.cell.board().remove(name)
    }

    /// What they go by now: the spec of the start, or of the last time that telemetry was [renewed](crate::TelemetryService::renew). Rules that were
    /// put or taken away since are not in it: see [`rules`](Self::rules).
    #[must_use]
    pub fn spec(&self) -> AlertsSpec {
        (**self.cell.board().spec()).clone()
    }

    /// Goes by another spec from now on, but for rules that were put or taken away since, if it says the same of them as the one before.
    pub(crate) fn renew(&self, spec: &AlertsSpec) -> Result<(), AlertError> {
        self.cell.check_open()?;
        self.cell.renew(&Arc::new(spec.clone()))
    }

    /// What is pending and firing, by rule and metric.
    #[must_use]
    pub fn active(&self) -> Vec<ActiveAlert> {
        let now = Instant::now();
        let board = self.cell.board();
        board
            .watches()
            .map(|watch| ActiveAlert::of(watch, now))
            .collect()
    }

    /// What has fired and was resolved, the oldest first, as far as the spec's `history_max` reaches.
    #[must_use]
    pub fn history(&self) -> Vec<PerformanceAlert> {
        self.cell.board().history()
    }

    /// A stream of all alerts from now on.
    ///
    /// # Errors
    ///
    /// [`AlertError::TooManySubscribers`], [`AlertError::Stopped`].
    #[track_caller]
    pub fn subscribe(&self) -> Result<AlertEvents, AlertError> {
        self.cell
            .subscribe(self.ledger.hold("alert subscription", "everything"))
    }

    /// Mutes the alerts until what is returned is dropped; `why` is for the ledger. They need not be muted for the end of the namespace.
    #[track_caller]
    pub fn mute(&self, why: impl Into<String>) -> Muted {
        Muted::new(Arc::clone(&self.cell), self.ledger.hold("alert mute", why))
    }

    /// The state of the service.
    #[must_use]
    pub fn status(&self) -> AlertsStatus {
        let available = self.registry.whereis(NAME).is_some();
        let active = self.active();
        let count = |phase| active.iter().filter(|alert| alert.phase == phase).count();
        let board = self.cell.board();
        AlertsStatus {
            available,
            uptime: self.cell.uptime().filter(|_| available),
            rules_count: board.rules().len(),
            pending_count: count(AlertPhase::Pending),
            firing_count: count(AlertPhase::Firing),
            fired_count: board.fired,
            resolved_count: board.resolved,
            left_out_count: board.left_out,
            rounds_count: self.cell.rounds(),
            subscribers_count: self.cell.subscribers(),
            muted: self.cell.is_muted(),
        }
    }
}

pub(crate) fn service_name() -> ServiceName {
    // A name is not empty, short, and without `/` and white space: this one is.
    ServiceName::new(NAME).expect("a name")
}
