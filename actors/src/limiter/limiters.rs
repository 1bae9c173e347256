//! All limiters of a namespace.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mainstay_specs::{NamespaceName, RateLimitConfig, RateLimitersSpec, ServiceName};
use mainstay_supervisors::Namespace;

use super::error::RegisterLimiterError;
use super::handle::Limiter;
use super::registry::NAME;

/// What the keeper, its successors and everybody who asks for a limiter share.
#[derive(Debug)]
pub(crate) struct Limiters {
    namespace: NamespaceName,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    named: BTreeMap<ServiceName, Limiter>,
    limiters_max: u32,
    sweep_every: Duration,
}

/// The limiters as the namespace keeps them.
#[derive(Debug)]
struct Kept(Arc<Limiters>);

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
            state: RwLock::new(State {
                named: BTreeMap::new(),
                limiters_max: spec.limiters_max,
                sweep_every: spec.sweep_every,
            }),
        }
    }

    /// Goes by a spec that was found valid: limiters it names are made if they are not there; those that are stay as they are.
    pub(crate) fn adopt(&self, spec: &RateLimitersSpec) {
        {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.limiters_max = spec.limiters_max;
            state.sweep_every = spec.sweep_every;
        }
        for limiter in &spec.limiters {
            // That it is there already is what happens at each restart.
            self.insert(limiter.name.clone(), limiter.config.clone())
                .ok();
        }
    }

    pub(crate) fn sweep_every(&self) -> Duration {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.sweep_every
    }

    pub(crate) fn insert(
        &self,
        name: ServiceName,
        config: RateLimitConfig,
    ) -> Result<Limiter, RegisterLimiterError> {
        let limiter = Limiter::born(name.clone(), Some(self.namespace.clone()), config)?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let max = state.limiters_max;
        if state.named.contains_key(&name) {
            return Err(RegisterLimiterError::AlreadyRegistered(name));
        }
        if state.named.len() >= max as usize {
            return Err(RegisterLimiterError::TooMany { max });
        }
        state.named.insert(name, limiter.clone());
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
                Err(RegisterLimiterError::AlreadyRegistered(_)) => {}
                made => return made,
            }
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<Limiter> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.named.get(name).cloned()
    }

    pub(crate) fn remove(&self, name: &str) -> Option<Limiter> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.named.remove(name)
    }

    /// By name.
    pub(crate) fn all(&self) -> Vec<Limiter> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.named.values().cloned().collect()
    }
}
