//! All limiters of a namespace.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use mainstay_specs::{NamespaceName, RateLimitConfig, RateLimitersSpec, ServiceName};
use mainstay_supervisors::Namespace;

use super::error::RegisterLimiterError;
use super::handle::Limiter;
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
                adopted: false,
                report_every: spec.report_every,
            }),
        }
    }

    /// Goes by a spec that was found valid. The first time, the limiters it names are made; those that are there stay as they are.
    ///
    /// # Errors
    ///
    /// If others have taken their room. Those that are made by then stay.
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
        for limiter in &spec.limiters {
            match self.insert(limiter.name.clone(), limiter.config.clone()) {
                Ok(_) | Err(RegisterLimiterError::AlreadyRegistered(_)) => {}
                Err(wrong) => return Err(wrong),
            }
        }
        self.write().adopted = true;
        Ok(())
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
        let max = state.limiters_max;
        if state.named.contains_key(&name) {
            return Err(RegisterLimiterError::AlreadyRegistered(name));
        }
        if state.named.len() >= max as usize {
            return Err(RegisterLimiterError::TooMany { max });
        }
        let named = Named {
            limiter: limiter.clone(),
            told: Arc::default(),
        };
        state.named.insert(name, named);
        Ok(limiter)
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
}
