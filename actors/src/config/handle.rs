//! The handle.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{ConfigServerSpec, ServiceName};
use mainstay_supervisors::{CallError, Child, Ledger, Namespace, ServiceRef, ServiceRegistry};
use ractor::RpcReplyPort;
use serde::de::DeserializeOwned;

use super::ConfigError;
use super::actor::{Message, Ticket};
use super::audience::ConfigEvents;
use super::cell::{Cell, Kept};
use super::claim::Request;
use super::event::{Change, Reset};
use super::path::{ConfigPath, IntoConfigPath, PathError};
use super::recording::{Lookup, Recording, Subscribing, Updating};
use super::rules::ConfigRules;
use super::snapshot::{Snapshot, Update};
use super::start;
use super::stats::{ConfigStatus, PathStatus};
use super::value::ConfigValue;
use crate::metrics::Outcome;

/// The name under which the config server is registered in its namespace, and the id of its child.
pub const NAME: &str = "config_server";

/// How long a change waits for the actor, unless the handle says otherwise.
const LIMIT: Duration = Duration::from_secs(5);

/// The config server of a namespace: a handle, cheap to clone.
///
/// Reading sends no message, takes no lock and waits for nobody: it looks at the present version, whole, also while the actor
/// is down or being restarted, and at the last one after the namespace has ended.
///
/// Changing goes through the actor, one change after the other. If the actor is down, a change waits for its successor, within
/// the limit of the handle (5 seconds, see [`with_limit`](Self::with_limit)). The content, its version and the subscriptions
/// survive every crash of the actor; only the end of the namespace ends them.
#[derive(Clone, Debug)]
pub struct ConfigServer {
    pub(super) cell: Arc<Cell>,
    keeper: ServiceRef<Message>,
    registry: ServiceRegistry,
    ledger: Ledger,
    recording: Option<Arc<Recording>>,
    limit: Duration,
}

impl ConfigServer {
    /// The config server as a child, to be started in a namespace: first of its services, so that the others can read it.
    ///
    /// The content to start with is read once, at the first start; a file that cannot be read or says something wrong, and
    /// content over the limits of the spec, fail the start with a [`LoadError`](super::LoadError). A restart reads nothing: it
    /// takes over what is there. Another config server, started later in the same namespace, takes it over too, and goes by its
    /// own spec from there on.
    ///
    /// Up to 1,024 requests may wait; what goes beyond is refused. Change the child for another limit.
    #[must_use]
    #[track_caller]
    pub fn child(spec: ConfigServerSpec) -> Child {
        Self::child_with(spec, ConfigRules::new())
    }

    /// The config server as a child, with rules of the application's own.
    #[must_use]
    #[track_caller]
    pub fn child_with(spec: ConfigServerSpec, rules: ConfigRules) -> Child {
        start::child(spec, rules)
    }

    /// The config server of a namespace; `None` if none has been started in it.
    #[must_use]
    pub fn in_namespace(namespace: &Namespace) -> Option<Self> {
        let kept = namespace.find_cell::<Kept>(NAME)?;
        Some(Self {
            cell: Arc::clone(&kept.0),
            keeper: namespace.service(service_name()),
            registry: namespace.registry().clone(),
            ledger: namespace.ledger().clone(),
            recording: Recording::in_namespace(namespace),
            limit: LIMIT,
        })
    }

    /// This handle with another limit for the time that a change may take, waiting for a restart included.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The value at a path.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`], [`ConfigError::NotFound`].
    pub fn get(&self, path: impl IntoConfigPath) -> Result<ConfigValue, ConfigError> {
        self.look(|| self.cell.read(|now| now.get(path)))
    }

    /// The value at a path, as a `T`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`], [`ConfigError::NotFound`]; [`ConfigError::Decode`] names the part that does not fit.
    pub fn get_as<T: DeserializeOwned>(&self, path: impl IntoConfigPath) -> Result<T, ConfigError> {
        self.look(|| self.cell.current().get_as(path))
    }

    /// The value at a path, as a `T`, or `default` if there is no value or it is null.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`]; [`ConfigError::Decode`]: a value that is there and does not fit is no reason for the default.
    pub fn get_with_default<T: DeserializeOwned>(
        &self,
        path: impl IntoConfigPath,
        default: T,
    ) -> Result<T, ConfigError> {
        match self.look(|| self.cell.current().get_as(path)) {
            Ok(value) => Ok(Option::unwrap_or(value, default)),
            Err(ConfigError::NotFound { .. }) => Ok(default),
            Err(error) => Err(error),
        }
    }

    /// A lookup, recorded.
    #[inline]
    pub(super) fn look<T>(
        &self,
        look: impl FnOnce() -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        let lookup = Lookup::begin(self.recording.as_deref());
        let result = look();
        match &result {
            Ok(_) => lookup.end(true, Outcome::Success),
            // There is a value, of another kind.
            Err(ConfigError::Decode { .. }) => lookup.end(true, Outcome::Error),
            Err(_) => lookup.end(false, Outcome::Error),
        }
        result
    }

    /// The configuration as it is now, to read several values of one version.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.cell.current()
    }

    /// The state of the service.
    #[must_use]
    pub fn status(&self) -> ConfigStatus {
        let subscribers_count = self.cell.audience().len();
        let now = self.cell.current();
        let available = self.keeper.process().is_some();
        ConfigStatus {
            available,
            version: now.version(),
            updates_count: now.updates_count(),
            resets_count: now.resets_count(),
            last_update: now.last_update(),
            subscribers_count,
            bytes: now.document().bytes(),
            cached: self.cell.cache.len() as u64,
            uptime: self.cell.uptime().filter(|_| available),
        }
    }

    /// How many subscribers have lost events, or lose the next; and how many events wait for the one that is furthest behind.
    pub(crate) fn lag(&self) -> (usize, usize) {
        self.cell.audience().lag()
    }

    /// Whether the present content keeps to the limits and the rules. Validators of the application are asked; one that panics says no.
    pub(crate) fn check_content(&self) -> Result<(), ConfigError> {
        let now = self.cell.current();
        now.plan().check(now.document())
    }

    /// What is known of a path, whether there is something or not.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`].
    pub fn status_of(&self, path: impl IntoConfigPath) -> Result<PathStatus, ConfigError> {
        Ok(self.cell.current().status_of(&path.into_path()?))
    }

    /// A stream of all changes from now on.
    ///
    /// # Errors
    ///
    /// [`ConfigError::TooManySubscribers`], [`ConfigError::Stopped`].
    #[track_caller]
    pub fn subscribe(&self) -> Result<ConfigEvents, ConfigError> {
        self.subscribe_to(ConfigPath::root())
    }

    /// A stream of the changes from now on of what lies at `prefix`, be it there already or not: updates there and further
    /// in, and those of updates further out, and resets, that make it different.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`], [`ConfigError::TooManySubscribers`], [`ConfigError::Stopped`].
    #[track_caller]
    pub fn subscribe_to(&self, prefix: impl IntoConfigPath) -> Result<ConfigEvents, ConfigError> {
        let subscribing = Subscribing::begin(self.recording.as_deref());
        let subscribed = self.try_subscribe(prefix.into_path());
        subscribing.end(&subscribed);
        subscribed
    }

    #[track_caller]
    fn try_subscribe(
        &self,
        prefix: Result<ConfigPath, PathError>,
    ) -> Result<ConfigEvents, ConfigError> {
        let prefix = prefix?;
        let name = if prefix.is_root() {
            "everything".to_owned()
        } else {
            prefix.to_string()
        };
        let hold = self.ledger.hold("config subscription", name);
        self.cell.subscribe(prefix, hold)
    }

    /// Puts `value` to `path`, whole and at once.
    ///
    /// * The value keeps the kind of the one that is there: a number stays a number. Null may be put anywhere, and be replaced
    ///   by anything; an integer in place of a float becomes one. This holds for the entries of a map that replaces a map as
    ///   well; lists are replaced as wholes. [`force_update`](Self::force_update) is not bound by it.
    /// * Where nothing is, the value is added: as an entry, with the maps missing on the way to it, or as the next element of a
    ///   list, if the last segment is its length.
    /// * Setting what is there already is an update too, with a version and an event.
    ///
    /// # Errors
    ///
    /// A refusal changes nothing: see [`ConfigError`]; that of a guard says [when to come back](ConfigError::retry_after). Only after [`ConfigError::Timeout`] and [`ConfigError::Interrupted`]
    /// the update may have been carried out.
    ///
    /// Cancel safety: when this is dropped, the update is carried out whole or not at all; it is not, unless the actor is at it
    /// by then. Nobody else waits for this to be polled to its end.
    pub async fn update(
        &self,
        path: impl IntoConfigPath,
        value: impl Into<ConfigValue>,
    ) -> Result<Change, ConfigError> {
        self.put(path.into_path()?, value.into(), None, false).await
    }

    /// Updates as [`update`](Self::update) does, if the configuration is still of this version: what was read from a snapshot can
    /// be changed without overwriting what somebody else has changed meanwhile.
    ///
    /// # Errors
    ///
    /// Those of [`update`](Self::update); [`ConfigError::VersionMismatch`].
    ///
    /// Cancel safety: as that of [`update`](Self::update).
    pub async fn update_if(
        &self,
        version: u64,
        path: impl IntoConfigPath,
        value: impl Into<ConfigValue>,
    ) -> Result<Change, ConfigError> {
        self.put(path.into_path()?, value.into(), Some(version), false)
            .await
    }

    /// Updates as [`update`](Self::update) does, but the value may be of any kind, and the limit of updates is not asked. The whole stays a
    /// map in any case.
    ///
    /// # Errors
    ///
    /// Those of [`update`](Self::update).
    ///
    /// Cancel safety: as that of [`update`](Self::update).
    pub async fn force_update(
        &self,
        path: impl IntoConfigPath,
        value: impl Into<ConfigValue>,
    ) -> Result<Change, ConfigError> {
        self.put(path.into_path()?, value.into(), None, true).await
    }

    /// Puts the content back to what it was at the start. The file it came from is not read again.
    ///
    /// # Errors
    ///
    /// Only that there is no actor to do it, or too much for it to do; or that the circuit breaker says so.
    ///
    /// Cancel safety: as that of [`update`](Self::update).
    pub async fn reset(&self) -> Result<Reset, ConfigError> {
        let guards = self.cell.guards();
        guards.change(|| self.request(Message::Reset)).await
    }

    async fn put(
        &self,
        path: ConfigPath,
        value: ConfigValue,
        expected: Option<u64>,
        any_kind: bool,
    ) -> Result<Change, ConfigError> {
        let updating = Updating::begin(self.recording.as_deref());
        let result = self.try_put(path, value, expected, any_kind).await;
        updating.end(&result);
        result
    }

    async fn try_put(
        &self,
        path: ConfigPath,
        value: ConfigValue,
        expected: Option<u64>,
        any_kind: bool,
    ) -> Result<Change, ConfigError> {
        // A request that can be refused here does not occupy the actor.
        self.cell
            .read(|now| now.plan().check_request(&path, &value))?;
        let update = Update {
            path,
            value,
            expected,
            any_kind,
        };
        let guards = self.cell.guards();
        let request = || self.request(|ticket| Message::Update(update.clone(), ticket));
        if any_kind {
            guards.change(request).await
        } else {
            guards.update(request).await
        }
    }

    pub(super) async fn request<T: Send + 'static>(
        &self,
        message: impl Fn(Ticket<T>) -> Message,
    ) -> Result<T, ConfigError> {
        tokio::select! {
            biased;
            outcome = tokio::time::timeout(self.limit, self.attempts(message)) => {
                outcome.unwrap_or_else(|_| Err(self.late()))
            }
            () = self.cell.closed() => Err(ConfigError::Stopped),
        }
    }

    fn late(&self) -> ConfigError {
        match self.keeper.process() {
            Some(_) => ConfigError::Timeout(self.limit),
            None => ConfigError::Unavailable(self.limit),
        }
    }

    /// Makes the request of one incarnation of the actor after the other, until one takes it in hand.
    async fn attempts<T: Send + 'static>(
        &self,
        message: impl Fn(Ticket<T>) -> Message,
    ) -> Result<T, ConfigError> {
        let name = service_name();
        loop {
            let keeper = self.registry.wait_for(&name).await;
            let request = Request::default();
            let ticket = |reply: RpcReplyPort<_>| {
                let claim = request.claim();
                message(Ticket { reply, claim })
            };
            let outcome = tokio::select! {
                biased;
                outcome = self.keeper.call(ticket, self.limit) => outcome,
                () = request.lost_with(&keeper) => continue,
            };
            match outcome {
                Ok(outcome) => return outcome,
                Err(CallError::Exited(reason)) if !request.withdraw() => {
                    return Err(ConfigError::Interrupted(reason));
                }
                Err(CallError::NoProcess | CallError::Exited(_)) => drop(keeper.ended().await),
                Err(CallError::Timeout(limit)) => return Err(ConfigError::Timeout(limit)),
                Err(CallError::Refused(waiting)) => {
                    return Err(ConfigError::Overloaded { waiting });
                }
                Err(other) => return Err(ConfigError::Call(other)),
            }
        }
    }
}

pub(crate) fn service_name() -> ServiceName {
    // A name is not empty, short, and without `/` and white space: this one is.
    ServiceName::new(NAME).expect("a name")
}
