//! What the calls of an operation go through.

use std::time::Duration;

use mainstay_specs::{MemoryDemand, ProtectionConfig, RateDemand, ServiceName};
use mainstay_supervisors::Namespace;

use crate::breaker::{CircuitBreaker, CircuitBreakerRegistry};
use crate::limiter::{AnyLimiter, RateLimiterRegistry};
use crate::memory::MemoryManager;
use crate::pool::ConnectionPoolRegistry;

/// A guard itself, or the name under which each call looks for it.
#[derive(Clone, Debug)]
pub(crate) enum Given<T> {
    Here(T),
    Named(ServiceName),
}

/// What the calls go through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guards {
    pub(crate) deadline: Option<Duration>,
    pub(crate) circuit: Option<Given<CircuitBreaker>>,
    pub(crate) memory: Option<Memory>,
    pub(crate) limit: Option<Limit>,
    /// The pool that a call takes a connection of; none if that is for the call to say.
    pub(crate) pool: Option<ServiceName>,
}

/// What a call needs of memory that does not say.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// That of the namespace, if none is given.
    pub(crate) manager: Option<MemoryManager>,
    pub(crate) demand: MemoryDemand,
}

impl Memory {
    /// Nothing is held where nobody manages memory.
    pub(crate) fn manager<'a>(&'a self, home: Option<&'a Home>) -> Option<&'a MemoryManager> {
        self.manager
            .as_ref()
            .or_else(|| home.map(|home| &home.memory))
    }
}

/// A rate limiter, and what a call costs there that does not say.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub(crate) limiter: Given<AnyLimiter>,
    pub(crate) cost: u32,
}

impl Guards {
    /// By the names of a configuration that was found valid.
    pub(crate) fn of(config: &ProtectionConfig) -> Self {
        let limit = config.rate_limit.as_ref().map(|demand| Limit {
            limiter: Given::Named(demand.limiter.clone()),
            cost: demand.cost,
        });
        let memory = config.memory.clone().map(|demand| Memory {
            manager: None,
            demand,
        });
        Self {
            deadline: config.deadline,
            circuit: config.circuit.clone().map(Given::Named),
            memory,
            limit,
            pool: config.pool.clone(),
        }
    }
}

impl Guards {
    /// What of it can be said by names.
    pub(crate) fn config(&self) -> ProtectionConfig {
        let mut config = ProtectionConfig::default();
        config.deadline = self.deadline;
        config.pool.clone_from(&self.pool);
        config.memory = self.memory.as_ref().map(|memory| memory.demand.clone());
        if let Some(Given::Named(name)) = &self.circuit {
            config.circuit = Some(name.clone());
        }
        if let Some(limit) = &self.limit
            && let Given::Named(name) = &limit.limiter
        {
            config.rate_limit = Some(RateDemand::new(name.clone()).cost(limit.cost));
        }
        config
    }
}

/// Where guards with a name are looked for.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    circuits: CircuitBreakerRegistry,
    limiters: RateLimiterRegistry,
    pub(crate) memory: MemoryManager,
    pub(crate) pools: ConnectionPoolRegistry,
}

impl Home {
    pub(crate) fn of(namespace: &Namespace) -> Self {
        Self {
            circuits: CircuitBreakerRegistry::of(namespace),
            limiters: RateLimiterRegistry::of(namespace),
            memory: MemoryManager::of(namespace),
            pools: ConnectionPoolRegistry::of(namespace),
        }
    }
}

/// Guards of one kind.
pub(crate) trait Findable: Clone {
    fn find(home: &Home, name: &ServiceName) -> Option<Self>;
}

impl Findable for CircuitBreaker {
    fn find(home: &Home, name: &ServiceName) -> Option<Self> {
        home.circuits.circuit(name.as_str())
    }
}

impl Findable for AnyLimiter {
    fn find(home: &Home, name: &ServiceName) -> Option<Self> {
        home.limiters.limiter(name.as_str())
    }
}

impl<T: Findable> Given<T> {
    /// The guard; its name if there is none, which is not the same as no guard.
    pub(crate) fn get(&self, home: Option<&Home>) -> Result<T, ServiceName> {
        match self {
            Self::Here(guard) => Ok(guard.clone()),
            Self::Named(name) => home
                .and_then(|home| T::find(home, name))
                .ok_or_else(|| name.clone()),
        }
    }
}
