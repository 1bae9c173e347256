//! All limiters of a namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use mainstay_specs::{NamedLimiter, NamespaceName, RateLimitConfig, RateLimitersSpec, ServiceName};
use mainstay_supervisors::Namespace;

use super::any::AnyLimiter;
use super::error::RegisterLimiterError;
use super::handle::Limiter;
#[cfg(feature = "redis")]
use super::redis::{Link, RedisLimiter};
use super::registry::NAME;
use super::signals::{Signals, Told};

/// What the keeper, its successors and everybody who asks for a limiter share.
#[derive(Debug)]
pub(crate) struct Limiters {
    namespace: NamespaceName,
    signals: Signals,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    named: BTreeMap<ServiceName, Named>,
    limiters_max: u32,
    sweep_every: Duration,
    /// What the spec names and was made, so that what is taken away since stays away.
    adopted: BTreeSet<ServiceName>,
    report_every: Duration,
}

#[derive(Clone, Debug)]
struct Named {
    limiter: AnyLimiter,
    told: Arc<Told>,
}

/// The limiters as the namespace keeps them.
#[derive(Debug)]
struct Kept(Arc<Limiters>);

impl State {
    /// Whether there may be one more of this name.
    fn room_for(&self, name: ServiceName) -> Result<ServiceName, RegisterLimiterError> {
        let max = self.limiters_max;
        if self.named.contains_key(&name) {
            return Err(RegisterLimiterError::AlreadyRegistered(name));
        }
        if self.named.len() >= max as usize {
            return Err(RegisterLimiterError::TooMany { max });
        }
        Ok(name)
    }

    /// Adds one, if there is room.
    fn add(
        &mut self,
        name: ServiceName,
        make: impl FnOnce(ServiceName) -> Result<AnyLimiter, RegisterLimiterError>,
    ) -> Result<AnyLimiter, RegisterLimiterError> {
        let name = self.room_for(name)?;
        let limiter = make(name.clone())?;
        let named = Named {
            limiter: limiter.clone(),
            told: Arc::default(),
        };
        self.named.insert(name, named);
        Ok(limiter)
    }
}

impl Limiters {
    /// Those of the namespace; none at first.
    pub(crate) fn of(namespace: &Namespace) -> Arc<Self> {
        let kept = namespace.cell(NAME, || Kept(Arc::new(Self::new(namespace))));
        Arc::clone(&kept.0)
    }

    fn new(namespace: &Namespace) -> Self {
        let spec = RateLimitersSpec::default();
        Self {
            namespace: namespace.name().clone(),
            signals: Signals::new(namespace),
            state: RwLock::new(State {
                named: BTreeMap::new(),
                limiters_max: spec.limiters_max,
                sweep_every: spec.sweep_every,
                adopted: BTreeSet::new(),
                report_every: spec.report_every,
            }),
        }
    }

    /// Goes by a spec that was found valid. The first time, the limiters it names are made; those that are there stay as they are.
    ///
    /// # Errors
    ///
    /// One that cannot be made here, with its place; or if others have taken their room. Those before it have been made.
    pub(crate) fn adopt(&self, spec: &RateLimitersSpec) -> Result<(), RegisterLimiterError> {
        {
            let mut state = self.write();
            state.limiters_max = spec.limiters_max;
            state.sweep_every = spec.sweep_every;
            state.report_every = spec.report_every;
        }
        for (nth, limiter) in spec.limiters.iter().enumerate() {
            if self.has_adopted(&limiter.name) {
                continue;
            }
            match self.adopt_one(limiter) {
                Ok(()) | Err(RegisterLimiterError::AlreadyRegistered(_)) => {}
                Err(wrong) => return Err(wrong.at_limiter(nth)),
            }
            // At once: should the next one not be made, the next start is not to make this one again.
            self.write().adopted.insert(limiter.name.clone());
        }
        // What it does not name any more may be named again.
        let named = spec.limiters.iter().map(|one| one.name.clone());
        self.write().adopted = named.collect();
        Ok(())
    }

    fn has_adopted(&self, name: &ServiceName) -> bool {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.adopted.contains(name)
    }

    fn adopt_one(&self, limiter: &NamedLimiter) -> Result<(), RegisterLimiterError> {
        let NamedLimiter { name, config, .. } = limiter.clone();
        self.insert(name, config).map(drop)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sweep_every(&self) -> Duration {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.sweep_every
    }

    pub(crate) fn report_every(&self) -> Duration {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.report_every
    }

    pub(crate) fn insert(
        &self,
        name: ServiceName,
        config: RateLimitConfig,
    ) -> Result<AnyLimiter, RegisterLimiterError> {
        #[cfg(feature = "redis")]
        if !config.backend.is_local() {
            let mut state = self.write();
            // Found before it is known whether there is room, so that a connection that is there is not let go meanwhile.
            let link = state.link(&config)?;
            return state.add(name, |name| {
                let namespace = Some(self.namespace.clone());
                RedisLimiter::born(name, namespace, config, link).map(AnyLimiter::Redis)
            });
        }
        let namespace = Some(self.namespace.clone());
        let limiter = Limiter::born(name.clone(), namespace, config)?;
        self.write().add(name, |_| Ok(AnyLimiter::Local(limiter)))
    }

    /// As [`insert`](Self::insert), but for one that is there already.
    pub(crate) fn find_or_insert(
        &self,
        name: &ServiceName,
        config: &RateLimitConfig,
    ) -> Result<AnyLimiter, RegisterLimiterError> {
        loop {
            if let Some(limiter) = self.find(name.as_str()) {
                return Ok(limiter);
            }
            match self.insert(name.clone(), config.clone()) {
                // Somebody was faster.
                Err(RegisterLimiterError::AlreadyRegistered(_)) => {}
                made => return made,
            }
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<AnyLimiter> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let named = state.named.get(name);
        named.map(|named| named.limiter.clone())
    }

    /// It is told of for the last time.
    pub(crate) fn remove(&self, name: &str) -> Option<AnyLimiter> {
        let named = self.write().named.remove(name)?;
        self.signals.tell(&named.limiter.stats(), &named.told);
        Some(named.limiter)
    }

    /// By name.
    pub(crate) fn all(&self) -> Vec<AnyLimiter> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let named = state.named.values();
        named.map(|named| named.limiter.clone()).collect()
    }

    /// Tells what all of them have done since they were last told of.
    pub(crate) fn report(&self) {
        let all: Vec<Named> = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            state.named.values().cloned().collect()
        };
        for named in all {
            self.signals.tell(&named.limiter.stats(), &named.told);
        }
    }

    /// Those whose idle keys are cleared away: also what machines that share a limit count by themselves meanwhile.
    pub(crate) fn swept(&self) -> Vec<Limiter> {
        let all = self.all();
        all.iter().filter_map(AnyLimiter::counted_here).collect()
    }
}

#[cfg(feature = "redis")]
impl State {
    /// The connection that another limiter has to the same server, or a new one.
    fn link(&self, config: &RateLimitConfig) -> Result<Arc<Link>, RegisterLimiterError> {
        let limiters = self
            .named
            .values()
            .filter_map(|named| named.limiter.redis());
        let mut links = limiters.map(RedisLimiter::connection);
        let same = |link: &&Arc<Link>| {
            let redis = config.backend.redis.as_ref();
            redis.is_some_and(|redis| link.serves(redis))
        };
        match links.find(same) {
            Some(link) => Ok(Arc::clone(link)),
            None => RedisLimiter::link(config),
        }
    }
}
