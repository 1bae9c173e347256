//! All pools of a namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use mainstay_specs::{ConnectionPoolsSpec, EventStoreSpec, NamedPool, PoolConfig, ServiceName};
use mainstay_supervisors::{Child, Namespace};

use super::error::PoolError;
use super::kinds::PoolKinds;
use super::manager::ConnectionPool;
use super::premises::{AnyPool, Birth, Premises};
use super::registry::RegisterPoolError;
use super::signals::Signals;
use super::supervisor::NAME;
use crate::breaker::CircuitBreakerRegistry;

/// What the supervisor of the pools, its successors and everybody who asks for a pool share.
pub(crate) struct Pools {
    signals: Arc<Signals>,
    state: RwLock<State>,
}

struct State {
    named: BTreeMap<ServiceName, Entry>,
    pools_max: u32,
    /// Those that the spec names and that were made: what was closed since is not made again.
    adopted: BTreeSet<ServiceName>,
    /// The supervisor has been started.
    served: bool,
}

#[derive(Clone)]
struct Entry {
    pool: Arc<dyn AnyPool>,
    /// Whether its processes are children of the supervisor of pools; or of somebody else.
    is_ours: bool,
}

/// The pools as the namespace keeps them: they go with it.
#[derive(Debug)]
struct Kept(Arc<Pools>);

impl Drop for Kept {
    fn drop(&mut self) {
        // Who holds a handle is told so, and keeps no connection open by that.
        self.0.abandon();
    }
}

impl State {
    /// Whether there may be one more of this name.
    fn room_for(&self, name: &ServiceName) -> Result<(), RegisterPoolError> {
        if self.named.contains_key(name) {
            return Err(RegisterPoolError::AlreadyRegistered(name.clone()));
        }
        let max = self.pools_max;
        // The one that the event store makes for itself is none of the application's.
        let own = EventStoreSpec::POOL;
        let others = self.named.keys().filter(|name| name.as_str() != own);
        if name.as_str() != own && others.count() >= max as usize {
            return Err(RegisterPoolError::TooMany { max });
        }
        Ok(())
    }
}

impl Pools {
    /// Those of the namespace; none at first.
    pub(crate) fn of(namespace: &Namespace) -> Arc<Self> {
        let kept = namespace.cell(NAME, || Kept(Arc::new(Self::new(namespace))));
        Arc::clone(&kept.0)
    }

    fn new(namespace: &Namespace) -> Self {
        let spec = ConnectionPoolsSpec::default();
        Self {
            signals: Arc::new(Signals::new(namespace, spec.report_every)),
            state: RwLock::new(State {
                named: BTreeMap::new(),
                pools_max: spec.pools_max,
                adopted: BTreeSet::new(),
                served: false,
            }),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes by a spec that was found valid: what it names is made if it is not there and never was; what is stays as it is.
    ///
    /// # Errors
    ///
    /// One that cannot be made, with its place. Those before it have been made.
    pub(crate) fn adopt(
        &self,
        namespace: &Namespace,
        spec: &ConnectionPoolsSpec,
        kinds: &PoolKinds,
    ) -> Result<(), RegisterPoolError> {
        self.signals.set_report_every(spec.report_every);
        self.write().pools_max = spec.pools_max;
        for (nth, pool) in spec.pools.iter().enumerate() {
            if self.read().adopted.contains(&pool.name) {
                continue;
            }
            match self.adopt_one(namespace, pool, kinds) {
                // Somebody has made it before.
                Ok(()) | Err(RegisterPoolError::AlreadyRegistered(_)) => {}
                Err(wrong) => return Err(wrong.at_pool(nth, "source")),
            }
            self.write().adopted.insert(pool.name.clone());
        }
        self.write().served = true;
        Ok(())
    }

    /// As [`adopt`](Self::adopt), but what it does not name any more may be named again; gives those that were made.
    pub(crate) fn readopt(
        &self,
        namespace: &Namespace,
        spec: &ConnectionPoolsSpec,
        kinds: &PoolKinds,
    ) -> Result<Vec<Arc<dyn AnyPool>>, RegisterPoolError> {
        let names = |spec: &ConnectionPoolsSpec| -> BTreeSet<ServiceName> {
            spec.pools.iter().map(|pool| pool.name.clone()).collect()
        };
        let before: BTreeSet<ServiceName> = {
            let named = names(spec);
            let mut state = self.write();
            state.adopted.retain(|name| named.contains(name));
            state.adopted.clone()
        };
        self.adopt(namespace, spec, kinds)?;
        let come = names(spec)
            .into_iter()
            .filter(|name| !before.contains(name));
        let made = come.filter_map(|name| self.find(name.as_str()));
        Ok(made.filter(|pool| self.is_ours(pool)).collect())
    }

    /// Has a pool go by the configuration of a spec that was found valid. One that is not there any more stays away.
    pub(crate) fn reconfigure(
        &self,
        namespace: &Namespace,
        pool: &NamedPool,
    ) -> Result<(), RegisterPoolError> {
        check_breaker(namespace, &pool.name, &pool.config)?;
        if let Some(found) = self.find(pool.name.as_str()) {
            found.reconfigure(pool.config.clone());
        }
        Ok(())
    }

    fn adopt_one(
        &self,
        namespace: &Namespace,
        pool: &NamedPool,
        kinds: &PoolKinds,
    ) -> Result<(), RegisterPoolError> {
        let maker = kinds.open(&pool.name, &pool.source)?;
        let make = |birth| maker.make(birth);
        self.insert(namespace, &pool.name, &pool.config, true, make)
            .map(drop)
    }

    /// Makes a pool. Its processes are to be started by the caller.
    pub(crate) fn make<P: ConnectionPool>(
        &self,
        namespace: &Namespace,
        name: &ServiceName,
        config: &PoolConfig,
        is_ours: bool,
        spec: super::ConnectionSpec<P>,
    ) -> Result<Arc<Premises<P>>, RegisterPoolError> {
        config.validate().map_err(RegisterPoolError::Config)?;
        let mut made = None;
        let make = |birth| {
            let premises = Premises::new(birth, spec);
            made = Some(Arc::clone(&premises));
            premises as Arc<dyn AnyPool>
        };
        self.insert(namespace, name, config, is_ours, make)?;
        // It is made by what returns without an error, and by nothing else.
        made.ok_or_else(|| RegisterPoolError::AlreadyRegistered(name.clone()))
    }

    /// Whether such a pool could be made.
    pub(crate) fn check(
        &self,
        namespace: &Namespace,
        name: &ServiceName,
        config: &PoolConfig,
    ) -> Result<(), RegisterPoolError> {
        config.validate().map_err(RegisterPoolError::Config)?;
        check_breaker(namespace, name, config)?;
        self.read().room_for(name)
    }

    fn insert(
        &self,
        namespace: &Namespace,
        name: &ServiceName,
        config: &PoolConfig,
        is_ours: bool,
        make: impl FnOnce(Birth) -> Arc<dyn AnyPool>,
    ) -> Result<(), RegisterPoolError> {
        check_breaker(namespace, name, config)?;
        let mut state = self.write();
        state.room_for(name)?;
        let pool = make(Birth {
            name: name.clone(),
            config: config.clone(),
            namespace: namespace.clone(),
            signals: Arc::clone(&self.signals),
        });
        state.named.insert(name.clone(), Entry { pool, is_ours });
        Ok(())
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<dyn AnyPool>> {
        let state = self.read();
        state.named.get(name).map(|entry| Arc::clone(&entry.pool))
    }

    /// What there is of the pool of this name, if its connections are of this kind.
    pub(crate) fn find_as<P: ConnectionPool>(
        &self,
        name: &ServiceName,
    ) -> Result<Arc<Premises<P>>, PoolError> {
        let pool = self.find(name.as_str());
        let pool = pool.ok_or_else(|| PoolError::NotFound(name.clone()))?;
        let found = pool.kind();
        let premises = pool.into_any().downcast::<Premises<P>>();
        premises.map_err(|_| PoolError::WrongType {
            pool: name.clone(),
            expected: std::any::type_name::<P>(),
            found,
        })
    }

    /// By name.
    pub(crate) fn all(&self) -> Vec<Arc<dyn AnyPool>> {
        let state = self.read();
        let entries = state.named.values();
        entries.map(|entry| Arc::clone(&entry.pool)).collect()
    }

    /// Forgets this pool, if it is the one that has its name. Whether its processes are children of the supervisor of pools.
    pub(crate) fn remove(&self, pool: &Arc<dyn AnyPool>) -> Option<bool> {
        let mut state = self.write();
        let entry = state.named.get(pool.name())?;
        if !Arc::ptr_eq(&entry.pool, pool) {
            return None;
        }
        let entry = state.named.remove(pool.name())?;
        Some(entry.is_ours)
    }

    /// Whether the supervisor of the pools was started, at any time.
    pub(crate) fn is_served(&self) -> bool {
        self.read().served
    }

    /// Whether this pool still has its name, and its processes are children of the supervisor of pools.
    pub(crate) fn is_ours(&self, pool: &Arc<dyn AnyPool>) -> bool {
        let state = self.read();
        let entry = state.named.get(pool.name());
        entry.is_some_and(|entry| entry.is_ours && Arc::ptr_eq(&entry.pool, pool))
    }

    /// The processes of those that the supervisor is to have, in the order of their names.
    pub(crate) fn children(&self) -> Vec<Child> {
        let state = self.read();
        let ours = state.named.values().filter(|entry| entry.is_ours);
        ours.map(|entry| Arc::clone(&entry.pool).child()).collect()
    }

    fn abandon(&self) {
        for pool in self.all() {
            pool.abandon();
        }
    }
}

/// A misspelt name is no protection.
fn check_breaker(
    namespace: &Namespace,
    pool: &ServiceName,
    config: &PoolConfig,
) -> Result<(), RegisterPoolError> {
    let Some(breaker) = &config.breaker else {
        return Ok(());
    };
    let breakers = CircuitBreakerRegistry::of(namespace);
    if breakers.circuit(breaker.as_str()).is_some() {
        return Ok(());
    }
    Err(RegisterPoolError::NoBreaker {
        pool: pool.clone(),
        breaker: breaker.clone(),
    })
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.read().named.keys().cloned().collect();
        f.debug_struct("Pools")
            .field("named", &names)
            .finish_non_exhaustive()
    }
}
