//! The handle of a protection.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use mainstay_specs::{MemoryDemand, ProtectionConfig, ServiceName};
use mainstay_supervisors::{Namespace, WeakNamespace};

use super::call::Call;
use super::counts::Counts;
use super::error::{ConfigureProtectionError, ProtectionError};
use super::guard::Guard;
use super::guards::{Given, Guards, Home, Limit, Memory};
use super::stats::ProtectionStats;
use crate::MetricsStore;
use crate::breaker::CircuitBreaker;
use crate::limiter::{AnyLimiter, RateKey};
use crate::memory::MemoryManager;
use crate::metrics::{Operation, Outcome, Tags};

/// An operation and the guards that its calls go through: a handle, cheap to clone.
///
/// The guards are asked in this order: deadline, circuit breaker, memory manager, rate limiter, connection pool; then the operation is run, measured,
/// and every guard is told what became of it. What costs nothing comes first, so that who is refused has used up nothing.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::breaker::CircuitBreaker;
/// use mainstay_actors::limiter::{AnyLimiter, RateKey};
/// use mainstay_actors::protection::{Guard, Protection};
/// use mainstay_specs::{CircuitConfig, RateLimitConfig, ServiceName};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let breaker = CircuitBreaker::new(ServiceName::new("db")?, CircuitConfig::default())?;
/// let limit = RateLimitConfig::token_bucket(1, Duration::from_secs(60));
/// let limiter = AnyLimiter::new(ServiceName::new("orders")?, limit)?;
///
/// let orders = Protection::new(ServiceName::new("orders")?)
///     .deadline(Duration::from_secs(2))
///     .circuit(breaker)
///     .rate_limit(limiter, 1);
///
/// let find = || async { Ok::<_, std::io::Error>("an order") };
/// assert_eq!(orders.call().key(RateKey::user("ada")).run(find).await?, "an order");
///
/// let refused = orders.call().key(RateKey::user("ada")).run(find).await.unwrap_err();
/// assert_eq!(refused.guard(), Some(Guard::RateLimit));
/// assert!(refused.retry_after().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Protection(Arc<Inner>);

struct Inner {
    name: ServiceName,
    guards: ArcSwap<Guards>,
    home: Option<Place>,
    counts: Counts,
    /// From when there is a store, in the namespace it belongs to.
    measured: OnceLock<Option<Operation>>,
}

struct Place {
    namespace: WeakNamespace,
    home: Home,
}

/// What comes after the name of an operation in the name of the metric of its calls.
const METRIC: &str = "call";

impl Protection {
    /// Of an operation outside of any namespace, which goes through no guard yet. It is not measured.
    #[must_use]
    pub fn new(name: ServiceName) -> Self {
        Self::of(name, Guards::default(), None)
    }

    /// Of an operation in a namespace, by a configuration; the guards it names are those of the namespace, each looked for at each
    /// call. Its calls are measured in the metrics store of the namespace, if there is one, as `<name>.call`.
    ///
    /// # Errors
    ///
    /// [`ConfigureProtectionError::Config`].
    pub fn in_namespace(
        namespace: &Namespace,
        name: ServiceName,
        config: &ProtectionConfig,
    ) -> Result<Self, ConfigureProtectionError> {
        config
            .validate()
            .map_err(ConfigureProtectionError::Config)?;
        Ok(Self::born(namespace, name, config))
    }

    /// Its configuration was found valid.
    pub(super) fn born(
        namespace: &Namespace,
        name: ServiceName,
        config: &ProtectionConfig,
    ) -> Self {
        let place = Place {
            namespace: namespace.downgrade(),
            home: Home::of(namespace),
        };
        Self::of(name, Guards::of(config), Some(place))
    }

    fn of(name: ServiceName, guards: Guards, home: Option<Place>) -> Self {
        Self(Arc::new(Inner {
            name,
            guards: ArcSwap::from_pointee(guards),
            home,
            counts: Counts::default(),
            measured: OnceLock::new(),
        }))
    }

    /// Sets how long all of it may take, waiting for guards included. For all who have a handle of it, as the other setters.
    #[must_use]
    pub fn deadline(self, within: Duration) -> Self {
        self.change(|guards| guards.deadline = Some(within))
    }

    /// Sets the circuit breaker.
    #[must_use]
    pub fn circuit(self, breaker: CircuitBreaker) -> Self {
        let circuit = Given::Here(breaker);
        self.change(|guards| guards.circuit = Some(circuit.clone()))
    }

    /// Sets the memory manager, and what a call needs that does not say.
    #[must_use]
    pub fn memory(self, manager: MemoryManager, demand: MemoryDemand) -> Self {
        let manager = Some(manager);
        let memory = Memory { manager, demand };
        self.change(|guards| guards.memory = Some(memory.clone()))
    }

    /// Sets the rate limiter, and what a call costs there that does not say.
    #[must_use]
    pub fn rate_limit(self, limiter: AnyLimiter, cost: u32) -> Self {
        let limiter = Given::Here(limiter);
        let limit = Limit { limiter, cost };
        self.change(|guards| guards.limit = Some(limit.clone()))
    }

    /// Others may change it at the same time: what each has set stays.
    fn change(self, change: impl Fn(&mut Guards)) -> Self {
        self.0.guards.rcu(|guards| {
            let mut guards = Guards::clone(guards);
            change(&mut guards);
            guards
        });
        self
    }

    /// Its calls go by another configuration from now on; those that are under way go by the one they began with. Guards that were given as
    /// such are replaced.
    ///
    /// # Errors
    ///
    /// [`ConfigureProtectionError::Config`]; nothing has changed then.
    pub fn reconfigure(&self, config: &ProtectionConfig) -> Result<(), ConfigureProtectionError> {
        config
            .validate()
            .map_err(ConfigureProtectionError::Config)?;
        self.0.guards.store(Arc::new(Guards::of(config)));
        Ok(())
    }

    /// The name of the operation.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.0.name
    }

    /// A call of it.
    #[track_caller]
    pub fn call(&self) -> Call<'_> {
        Call::new(self, Location::caller())
    }

    /// Runs the operation without a key, unless a guard refuses it: see [`Call::run`].
    ///
    /// # Errors
    ///
    /// [`ProtectionError`].
    ///
    /// # Panics
    ///
    /// As [`Call::run`].
    ///
    /// Cancel safety: as that of [`Call::run`].
    #[track_caller]
    pub fn run<T, E, F>(
        &self,
        operation: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<T, ProtectionError<E>>>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.call().run(operation)
    }

    /// A call of it with this key, for the rate limiter.
    #[track_caller]
    pub fn key<'a>(&'a self, key: impl Into<Option<RateKey<'a>>>) -> Call<'a> {
        self.call().key(key)
    }

    /// Whether a call would be let through by the guards that take nothing to be asked, which is the circuit breaker. It promises nothing.
    ///
    /// # Errors
    ///
    /// The refusal that the call would get; it is not counted.
    pub fn check(&self) -> Result<(), ProtectionError<std::convert::Infallible>> {
        let guards = self.guards();
        let Some(breaker) = &guards.circuit else {
            return Ok(());
        };
        let breaker = breaker.get(self.home());
        let breaker = breaker.map_err(|name| self.missing(Guard::Circuit, name))?;
        breaker.check_state().map_err(ProtectionError::CircuitOpen)
    }

    /// What it goes through, and what has become of its calls.
    #[must_use]
    pub fn stats(&self) -> ProtectionStats {
        ProtectionStats {
            name: self.0.name.clone(),
            config: self.guards().config(),
            counts: self.0.counts.read(),
        }
    }

    pub(super) fn guards(&self) -> Arc<Guards> {
        self.0.guards.load_full()
    }

    pub(super) fn home(&self) -> Option<&Home> {
        self.0.home.as_ref().map(|place| &place.home)
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// A call has ended.
    pub(super) fn ended(&self, outcome: Outcome, after: Duration) {
        self.0.counts.ended(outcome);
        if let Some(operation) = self.measured() {
            operation.record(outcome, after);
        }
    }

    fn measured(&self) -> Option<&Operation> {
        if let Some(found) = self.0.measured.get() {
            return found.as_ref();
        }
        let namespace = self.0.home.as_ref()?.namespace.upgrade()?;
        let store = MetricsStore::in_namespace(&namespace)?;
        let found = store.operation(metric_of(self.name()), Tags::new());
        let told = |error: &_| {
            let operation = self.name().as_str();
            tracing::warn!(operation, %error, "a protected operation is not measured");
        };
        let found = found.inspect_err(told).ok();
        self.0.measured.get_or_init(|| found).as_ref()
    }

    pub(super) fn late<E>(&self, at: Guard) -> ProtectionError<E> {
        let operation = self.0.name.clone();
        ProtectionError::Late { operation, at }
    }

    pub(super) fn missing<E>(&self, guard: Guard, name: ServiceName) -> ProtectionError<E> {
        let operation = self.0.name.clone();
        ProtectionError::Missing {
            operation,
            guard,
            name,
        }
    }

    pub(super) fn unleased<E>(&self, pool: ServiceName) -> ProtectionError<E> {
        let operation = self.0.name.clone();
        ProtectionError::Unleased { operation, pool }
    }

    pub(super) fn timeout<E>(&self, within: Duration) -> ProtectionError<E> {
        let operation = self.0.name.clone();
        ProtectionError::Timeout { operation, within }
    }
}

/// The metric of the calls of an operation: what may not be in such a name is `_` there.
fn metric_of(operation: &ServiceName) -> String {
    let known = |character: char| {
        let fits = character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
        if fits { character } else { '_' }
    };
    let name: String = operation.as_str().chars().map(known).collect();
    let segments = name
        .split('.')
        .map(|one| if one.is_empty() { "_" } else { one });
    let segments: Vec<_> = segments.chain([METRIC]).collect();
    segments.join(".")
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protection")
            .field("name", &self.0.name)
            .field("guards", &self.guards())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::MetricName;

    #[test]
    fn an_operation_of_any_name_has_a_metric() {
        let metric = |name: &str| metric_of(&ServiceName::new(name).expect("a name"));
        for (name, expected) in [
            ("orders", "orders.call"),
            ("shop.orders-2", "shop.orders-2.call"),
            ("find an order", "find_an_order.call"),
            (".a..b.", "_.a._.b._.call"),
        ] {
            assert_eq!(metric(name), expected);
            assert!(MetricName::new(expected).is_ok());
        }
        let longest = metric(&"ä".repeat(64));
        assert!(MetricName::new(&longest).is_ok());
    }
}
