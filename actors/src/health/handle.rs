//! The handle.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{
    CheckKind, HealthAggregatorSpec, HealthCheckConfig, HealthGroup, ServiceName,
};
use mainstay_supervisors::{Child, Ledger, Namespace, ServiceRegistry};

use super::audience::{HealthChanges, HealthWatch};
use super::book::{Entry, part};
use super::cell::{Cell, Kept, read};
use super::checkable::HealthCheckable;
use super::error::HealthError;
use super::simulate::Simulation;
use super::snapshot::{HealthAnswer, HealthChange, ServiceHealth, SystemHealth};
use super::start;
use super::stats::HealthStats;
use super::status::HealthStatus;

/// The name under which the health aggregator is registered in its namespace, and the id of its child.
pub const NAME: &str = "health_aggregator";

/// What looks after the health of a namespace: a handle, cheap to clone.
///
/// Checks are run in the background, each in a task of its own. Answers ([`current`](Self::current), [`group`](Self::group),
/// [`service`](Self::service)) are read off the last picture: they send no message, take no lock and wait for nobody, also while the
/// keeper is being restarted. [`sweep`](Self::sweep) runs all checks now.
///
/// Checks can be registered whether the service runs or not; they belong to the namespace, and outlive every crash of the keeper.
#[derive(Clone, Debug)]
pub struct HealthAggregator {
    pub(super) cell: Arc<Cell>,
    registry: ServiceRegistry,
    ledger: Ledger,
}

impl HealthAggregator {
    /// The health aggregator as a child, to be started in a namespace: after its other services, so that telemetry is told of changes.
    ///
    /// It reads the supervision tree without being told to, and for that has messages counted; those to actors that were started before it
    /// are not, so it comes before the application's children, as a service of the plan does.
    ///
    /// The start fails with a [`HealthStartError`](super::HealthStartError) if the spec is wrong, or does not fit with the checks that are
    /// registered already: they are too many, or depend on themselves.
    #[must_use]
    #[track_caller]
    pub fn child(spec: HealthAggregatorSpec) -> Child {
        start::child(spec)
    }

    /// That of a namespace, for registering checks before the service runs, and after.
    #[must_use]
    pub fn of(namespace: &Namespace) -> Self {
        Self::with(Cell::of(namespace), namespace)
    }

    /// That of a namespace; `None` if none has been started in it.
    #[must_use]
    pub fn in_namespace(namespace: &Namespace) -> Option<Self> {
        let kept = namespace.find_cell::<Kept>(NAME)?;
        let cell = Arc::clone(&kept.0);
        cell.is_started().then(|| Self::with(cell, namespace))
    }

    fn with(cell: Arc<Cell>, namespace: &Namespace) -> Self {
        Self {
            cell,
            registry: namespace.registry().clone(),
            ledger: namespace.ledger().clone(),
        }
    }

    /// How a namespace fares now: a [`sweep`](Self::sweep) of its health aggregator.
    ///
    /// # Errors
    ///
    /// [`HealthError::NotStarted`], [`HealthError::Stopped`].
    ///
    /// Cancel safety: it may be dropped at will; the sweep goes on.
    pub async fn system_health(namespace: &Namespace) -> Result<Arc<SystemHealth>, HealthError> {
        let health = Self::in_namespace(namespace);
        let health = health.ok_or_else(|| HealthError::NotStarted(namespace.name().clone()))?;
        health.sweep().await
    }

    /// Adds a check. It is run as the spec of the service says of this name, or else as `config` says, or else as the spec says of all.
    ///
    /// One that the service has found by itself, such as that of `config_server`, is replaced. Before the service was started for the first
    /// time there may be as many checks as the default spec lets there be.
    ///
    /// # Errors
    ///
    /// [`HealthError::AlreadyRegistered`], [`HealthError::TooMany`], [`HealthError::Config`], [`HealthError::Cycle`],
    /// [`HealthError::Stopped`]. Nothing has changed then.
    pub fn register(
        &self,
        name: ServiceName,
        check: impl HealthCheckable,
        config: impl Into<Option<HealthCheckConfig>>,
    ) -> Result<(), HealthError> {
        let config = checked(config.into())?;
        let (check, now) = (Arc::new(check), self.cell.now());
        self.cell.book(|book| {
            // With the lock: what is registered after the namespace has ended would stay.
            self.cell.check_open()?;
            book.register(name, check, config, now)
        })?;
        self.cell.look_again();
        Ok(())
    }

    /// Adds a check, or puts it in the place of the one of this name: for what is restarted. The status stays until the new one has a
    /// result.
    ///
    /// # Errors
    ///
    /// Those of [`register`](Self::register), but for [`HealthError::AlreadyRegistered`].
    pub fn replace(
        &self,
        name: ServiceName,
        check: impl HealthCheckable,
        config: impl Into<Option<HealthCheckConfig>>,
    ) -> Result<(), HealthError> {
        let config = checked(config.into())?;
        let (check, now) = (Arc::new(check), self.cell.now());
        self.cell.book(|book| {
            // With the lock: what is registered after the namespace has ended would stay.
            self.cell.check_open()?;
            book.replace(name, check, config, now)
        })?;
        self.cell.look_again();
        Ok(())
    }

    /// Forgets a check, and ends its run if there is one; whether there was one of this name. A check may do so itself. One that the spec
    /// names stays, and is unknown; one that the service finds by itself comes back as such, unless the spec has that off.
    pub fn unregister(&self, name: &str) -> bool {
        let now = self.cell.now();
        let was_there = self.cell.book(|book| book.unregister(name, now));
        self.cell.look_again();
        was_there
    }

    /// How the namespace was found to fare, and how long ago that was confirmed.
    #[must_use]
    pub fn current(&self) -> HealthAnswer {
        self.cell.answer()
    }

    /// The same, of those in a group of the spec.
    ///
    /// # Errors
    ///
    /// [`HealthError::NoGroup`].
    pub fn group(&self, name: &str) -> Result<HealthAnswer, HealthError> {
        self.group_of(&self.cell.answer(), name)
    }

    /// Those in a group of the spec, of an answer that is there already, such as that of a sweep.
    ///
    /// # Errors
    ///
    /// [`HealthError::NoGroup`].
    pub fn group_of(&self, answer: &HealthAnswer, name: &str) -> Result<HealthAnswer, HealthError> {
        let spec = self.cell.spec();
        let group = spec.groups.iter().find(|group| group.name.as_str() == name);
        let group = group.ok_or_else(|| HealthError::NoGroup(name.to_owned()))?;
        Ok(self.part(answer, |service| group.holds(&service.name, &service.tags)))
    }

    /// The same as [`current`](Self::current), of those that are asked for this.
    #[must_use]
    pub fn of_kind(&self, kind: CheckKind) -> HealthAnswer {
        self.part(&self.cell.answer(), |service| service.kind == kind)
    }

    fn part(&self, whole: &HealthAnswer, is_in: impl Fn(&ServiceHealth) -> bool) -> HealthAnswer {
        let thresholds = self.cell.spec().thresholds;
        HealthAnswer {
            health: Arc::new(part(&whole.health, thresholds, is_in)),
            age: whole.age,
            stale: whole.stale,
        }
    }

    /// Whether all that has to come up, checks of the kind [`CheckKind::Startup`], was found healthy; yes if there are none. One that only
    /// the spec names has not.
    #[must_use]
    pub fn has_come_up(&self) -> bool {
        self.cell
            .book(|book| book.entries().all(Entry::has_come_up))
    }

    /// How the service of this name was found to fare.
    ///
    /// # Errors
    ///
    /// [`HealthError::NoCheck`].
    pub fn service(&self, name: &str) -> Result<ServiceHealth, HealthError> {
        let health = self.cell.picture();
        let service = health.service(name).cloned();
        service.ok_or_else(|| HealthError::NoCheck(name.to_owned()))
    }

    /// The groups of the spec.
    #[must_use]
    pub fn groups(&self) -> Vec<HealthGroup> {
        self.cell.spec().groups.clone()
    }

    /// Runs all checks now, and gives what is there after `sweep_deadline` of the spec, at the latest; a quarter of that later if the node is
    /// too busy to begin at once.
    ///
    /// A check that has not answered by then is unknown in this answer, whatever its importance; its run goes on, and its status stays
    /// what it was until its own time limit. One that is stuck since an earlier run is not begun again. Who asks while a sweep is under
    /// way gets the answer of that one.
    ///
    /// # Errors
    ///
    /// [`HealthError::NotStarted`], [`HealthError::Stopped`].
    ///
    /// Cancel safety: it may be dropped at will; the sweep goes on.
    pub async fn sweep(&self) -> Result<Arc<SystemHealth>, HealthError> {
        self.cell.sweep().await
    }

    /// A stream of all changes from now on, of services and of the whole.
    ///
    /// # Errors
    ///
    /// [`HealthError::TooManySubscribers`], [`HealthError::Stopped`].
    #[track_caller]
    pub fn subscribe(&self) -> Result<HealthChanges, HealthError> {
        let hold = self.ledger.hold("health subscription", "everything");
        let max = self.cell.spec().subscribers_max;
        self.cell.audience.subscribe(max, hold)
    }

    /// The present picture, and whenever there is another.
    ///
    /// # Errors
    ///
    /// [`HealthError::TooManySubscribers`], [`HealthError::Stopped`].
    #[track_caller]
    pub fn watch(&self) -> Result<HealthWatch, HealthError> {
        let hold = self.ledger.hold("health watch", "everything");
        let max = self.cell.spec().subscribers_max;
        self.cell.audience.watch(max, hold)
    }

    /// The last changes, the first first; as many as `history_max` of the spec.
    #[must_use]
    pub fn history(&self) -> Vec<HealthChange> {
        self.cell.changes.history()
    }

    /// Makes a check look worse than it is, for so long at most (and a day), or until what this gives is dropped: as if a part of it, which
    /// may be one that it has or another, had this status. It is looked at anew at once, and rise, fall and hold apply as ever. What is really worse is not masked.
    ///
    /// # Errors
    ///
    /// [`HealthError::NoCheck`], [`HealthError::TooManySimulations`], [`HealthError::Stopped`].
    pub fn simulate(
        &self,
        name: &ServiceName,
        part: impl Into<Cow<'static, str>>,
        status: HealthStatus,
        message: impl Into<Cow<'static, str>>,
        time: Duration,
    ) -> Result<Simulation, HealthError> {
        self.cell
            .simulate(name, part.into(), status, message.into(), time)
    }

    /// The state of the service.
    #[must_use]
    pub fn stats(&self) -> HealthStats {
        let available = self.registry.whereis(NAME).is_some();
        let (cell, counts) = (&self.cell, &self.cell.counts);
        let of_book = |book: &mut super::book::Book| {
            let count = |status| book.count(status);
            HealthStats {
                available,
                checks: book.len(),
                checks_max: book.spec().checks_max,
                checks_left_out: book.left_out(),
                healthy: count(HealthStatus::Healthy),
                degraded: count(HealthStatus::Degraded),
                unknown: count(HealthStatus::Unknown),
                unhealthy: count(HealthStatus::Unhealthy),
                running: book.entries().filter(|entry| entry.run.is_some()).count(),
                stuck: book.entries().filter(|entry| entry.is_stuck()).count(),
                runs: read(&counts.runs),
                timeouts: read(&counts.timeouts),
                panics: read(&counts.panics),
                late: read(&counts.late),
                sweeps: read(&counts.sweeps),
                sweeps_joined: read(&counts.joined),
                last_sweep: Duration::from_nanos(read(&counts.last_sweep)),
                changes: read(&counts.changes),
                changes_lost: book.steps_lost,
                subscribers: cell.audience.len(),
                sequence: cell.picture().sequence,
                start_time: cell.made(),
                uptime: cell.uptime().filter(|_| available),
            }
        };
        cell.book(of_book)
    }
}

fn checked(config: Option<HealthCheckConfig>) -> Result<Option<HealthCheckConfig>, HealthError> {
    if let Some(config) = &config {
        config.validate().map_err(HealthError::Config)?;
    }
    Ok(config)
}

pub(crate) fn service_name() -> ServiceName {
    // A name is not empty, short, and without `/` and white space: this one is.
    ServiceName::new(NAME).expect("a name")
}
