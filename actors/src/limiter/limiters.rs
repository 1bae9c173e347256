//! All limiters of a namespace.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use mainstay_specs::{NamedLimiter, NamespaceName, RateLimitConfig, RateLimitersSpec, ServiceName};
use mainstay_supervisors::Namespace;

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
    #[cfg(feature = "redis")]
    shared: BTreeMap<ServiceName, RedisLimiter>,
    limiters_max: u32,
    sweep_every: Duration,
    /// Those of the spec were made.
    adopted: bool,
    report_every: Duration,
}

#[derive(Clone, Debug)]
struct Named {
    limiter: Limiter,
    told: Arc<Told>,
}

/// The limiters as the namespace keeps them.
#[derive(Debug)]
struct Kept(Arc<Limiters>);

impl State {
    /// Whether there may be one more of this name.
    fn room_for(&self, name: ServiceName) -> Result<ServiceName, RegisterLimiterError> {
        let (max, count, taken) = (self.limiters_max, self.named.len(), &self.named);
        let taken = taken.contains_key(&name);
        #[cfg(feature = "redis")]
        let (count, taken) = (
            count + self.shared.len(),
            taken || self.shared.contains_key(&name),
        );
        if taken {
            return Err(RegisterLimiterError::AlreadyRegistered(name));
        }
        if count >= max as usize {
            return Err(RegisterLimiterError::TooMany { max });
        }
        Ok(name)
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
                #[cfg(feature = "redis")]
                shared: BTreeMap::new(),
                limiters_max: spec.limiters_max,
                sweep_every: spec.sweep_every,
                adopted: false,
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
            if state.adopted {
                return Ok(());
            }
        }
        for (nth, limiter) in spec.limiters.iter().enumerate() {
            match self.adopt_one(limiter) {
                Ok(()) | Err(RegisterLimiterError::AlreadyRegistered(_)) => {}
                Err(wrong) => return Err(wrong.at_limiter(nth)),
            }
        }
        self.write().adopted = true;
        Ok(())
    }

    fn adopt_one(&self, limiter: &NamedLimiter) -> Result<(), RegisterLimiterError> {
        let (name, config) = (limiter.name.clone(), limiter.config.clone());
        #[cfg(feature = "redis")]
        if !config.backend.is_local() {
            return self.insert_shared(name, config).map(drop);
        }
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
    ) -> Result<Limiter, RegisterLimiterError> {
        let limiter = Limiter::born(name.clone(), Some(self.namespace.clone()), config)?;
        let mut state = self.write();
        let name = state.room_for(name)?;
        let named = Named {
            limiter: limiter.clone(),
            told: Arc::default(),
        };
        state.named.insert(name, named);
        Ok(limiter)
    }

    /// As [`insert`](Self::insert), but for one that is there already.
    pub(crate) fn find_or_insert(
        &self,
        name: &ServiceName,
        config: &RateLimitConfig,
    ) -> Result<Limiter, RegisterLimiterError> {
        loop {
            if let Some(limiter) = self.find(name.as_str()) {
                return Ok(limiter);
            }
            match self.insert(name.clone(), config.clone()) {
                // Somebody was faster.
                Err(RegisterLimiterError::AlreadyRegistered(_)) if !self.is_shared(name) => {}
                made => return made,
            }
        }
    }

    /// Whether the one of this name is shared by machines, and so has another handle.
    fn is_shared(&self, name: &ServiceName) -> bool {
        #[cfg(feature = "redis")]
        return self.find_shared(name.as_str()).is_some();
        #[cfg(not(feature = "redis"))]
        {
            let _ = name;
            false
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<Limiter> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let named = state.named.get(name);
        named.map(|named| named.limiter.clone())
    }

    /// It is told of for the last time.
    pub(crate) fn remove(&self, name: &str) -> Option<Limiter> {
        let named = self.write().named.remove(name)?;
        self.signals.tell(&named.limiter, &named.told);
        Some(named.limiter)
    }

    /// By name.
    pub(crate) fn all(&self) -> Vec<Limiter> {
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
            self.signals.tell(&named.limiter, &named.told);
        }
    }

    /// Those whose idle keys are cleared away: also what machines that share a limit count by themselves meanwhile.
    pub(crate) fn swept(&self) -> Vec<Limiter> {
        #[allow(unused_mut)]
        let mut all = self.all();
        #[cfg(feature = "redis")]
        all.extend(self.all_shared().iter().filter_map(RedisLimiter::local));
        all
    }
}

#[cfg(feature = "redis")]
impl Limiters {
    pub(crate) fn insert_shared(
        &self,
        name: ServiceName,
        config: RateLimitConfig,
    ) -> Result<RedisLimiter, RegisterLimiterError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let link = state.link(&config)?;
        let name = state.room_for(name)?;
        let namespace = Some(self.namespace.clone());
        let limiter = RedisLimiter::born(name.clone(), namespace, config, link)?;
        state.shared.insert(name, limiter.clone());
        Ok(limiter)
    }

    pub(crate) fn find_shared(&self, name: &str) -> Option<RedisLimiter> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.shared.get(name).cloned()
    }

    pub(crate) fn remove_shared(&self, name: &str) -> Option<RedisLimiter> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.shared.remove(name)
    }

    /// By name.
    pub(crate) fn all_shared(&self) -> Vec<RedisLimiter> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.shared.values().cloned().collect()
    }
}

#[cfg(feature = "redis")]
impl State {
    /// The connection that another limiter has to the same server, or a new one.
    fn link(&self, config: &RateLimitConfig) -> Result<Arc<Link>, RegisterLimiterError> {
        let mut links = self.shared.values().map(RedisLimiter::connection);
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
