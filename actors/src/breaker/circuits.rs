//! All breakers of a namespace.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use mainstay_specs::{CircuitBreakersSpec, CircuitConfig, ServiceName};
use mainstay_supervisors::Namespace;

use super::cell::Cell;
use super::error::RegisterCircuitError;
use super::handle::{CircuitBreaker, seed_of};
use super::keyed::Family;
use super::post::Post;
use super::registry::NAME;

/// What the keeper, its successors and everybody who asks for a breaker share.
#[derive(Debug)]
pub(crate) struct Circuits {
    pub(crate) post: Arc<Post>,
    limits: RwLock<Limits>,
    named: RwLock<BTreeMap<ServiceName, CircuitBreaker>>,
    families: Mutex<BTreeMap<ServiceName, Arc<Family>>>,
}

/// How many there may be, and what those go by that say nothing.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) breakers_max: u32,
    pub(crate) keys_max: u32,
    pub(crate) default: Arc<CircuitConfig>,
}

/// The breakers as the namespace keeps them: they go with it, and those who listen are told so.
#[derive(Debug)]
struct Kept(Arc<Circuits>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.post.close();
    }
}

impl Circuits {
    /// Those of the namespace; none at first.
    pub(crate) fn of(namespace: &Namespace) -> Arc<Self> {
        let kept = namespace.cell(NAME, || Kept(Arc::new(Self::new(namespace))));
        Arc::clone(&kept.0)
    }

    fn new(namespace: &Namespace) -> Self {
        let name = ServiceName::new(namespace.name().as_str());
        let seed = name.map_or(0, |name| seed_of(&name));
        let spec = CircuitBreakersSpec::default();
        Self {
            post: Post::of(namespace, seed),
            limits: RwLock::new(Limits::of(&spec)),
            named: RwLock::default(),
            families: Mutex::default(),
        }
    }

    /// Goes by a spec that was found valid: breakers it names are made if they are not there; those that are stay as they are.
    pub(crate) fn adopt(&self, spec: &CircuitBreakersSpec) {
        let limits = Limits::of(spec);
        let default = Arc::clone(&limits.default);
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = limits;
        for breaker in &spec.breakers {
            let config = breaker
                .config
                .clone()
                .map_or_else(|| Arc::clone(&default), Arc::new);
            // That it is there already is what happens at each restart.
            self.insert(breaker.name.clone(), &config).ok();
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        let limits = self.limits.read().unwrap_or_else(PoisonError::into_inner);
        limits.clone()
    }

    /// Makes a breaker; its configuration was found valid.
    pub(crate) fn insert(
        &self,
        name: ServiceName,
        config: &Arc<CircuitConfig>,
    ) -> Result<CircuitBreaker, RegisterCircuitError> {
        let max = self.limits().breakers_max;
        let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
        if named.contains_key(&name) {
            return Err(RegisterCircuitError::AlreadyRegistered(name));
        }
        if named.len() >= max as usize {
            return Err(RegisterCircuitError::TooMany { max });
        }
        let breaker = CircuitBreaker::born(name.clone(), None, config, &self.post);
        named.insert(name, breaker.clone());
        Ok(breaker)
    }

    pub(crate) fn find(&self, name: &str) -> Option<CircuitBreaker> {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        named.get(name).cloned()
    }

    pub(crate) fn remove(&self, name: &str) -> Option<CircuitBreaker> {
        let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
        named.remove(name)
    }

    /// Those with a name of their own, by name.
    pub(crate) fn named(&self) -> Vec<CircuitBreaker> {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        named.values().cloned().collect()
    }

    pub(crate) fn families(&self) -> MutexGuard<'_, BTreeMap<ServiceName, Arc<Family>>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All there are, with a name or a key.
    pub(crate) fn cells(&self) -> Vec<Arc<Cell>> {
        let mut all = self.named();
        let families: Vec<_> = self.families().values().cloned().collect();
        all.extend(families.iter().flat_map(|family| family.breakers()));
        all.iter()
            .map(|breaker| Arc::clone(breaker.cell()))
            .collect()
    }
}

impl Limits {
    fn of(spec: &CircuitBreakersSpec) -> Self {
        Self {
            breakers_max: spec.breakers_max,
            keys_max: spec.keys_max,
            default: Arc::new(spec.default.clone()),
        }
    }
}
