//! All breakers of a namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use mainstay_specs::{CircuitBreakersSpec, CircuitConfig, NamedCircuit, ServiceName};
use mainstay_supervisors::Namespace;

use super::error::RegisterCircuitError;
use super::handle::CircuitBreaker;
use super::keyed::Family;
use super::post::Post;
use super::registry::NAME;

/// What the keeper, its successors and everybody who asks for a breaker share.
#[derive(Debug)]
pub(crate) struct Circuits {
    pub(crate) post: Arc<Post>,
    limits: RwLock<Limits>,
    /// The most keys of a family, shared with all of them.
    keys_max: Arc<AtomicU32>,
    named: RwLock<BTreeMap<ServiceName, CircuitBreaker>>,
    families: Mutex<BTreeMap<ServiceName, Arc<Family>>>,
    adopted: Mutex<Adopted>,
}

/// The breakers and families that the spec names and that were made: what was forgotten since is not made again.
#[derive(Debug, Default)]
struct Adopted {
    breakers: BTreeSet<ServiceName>,
    families: BTreeSet<ServiceName>,
}

/// How many there may be, and what those go by that say nothing.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) breakers_max: u32,
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
        if namespace.has_ended() {
            // They were made after the end, by which nobody will end their streams any more.
            kept.0.post.close();
        }
        Arc::clone(&kept.0)
    }

    fn new(namespace: &Namespace) -> Self {
        let spec = CircuitBreakersSpec::default();
        Self {
            post: Post::of(namespace, namespace.chance()),
            limits: RwLock::new(Limits::of(&spec)),
            keys_max: Arc::new(AtomicU32::new(spec.keys_max)),
            named: RwLock::default(),
            families: Mutex::default(),
            adopted: Mutex::default(),
        }
    }

    /// Goes by a spec that was found valid: what it names is made if it is not there and never was; what is stays as it is.
    pub(crate) fn adopt(&self, spec: &CircuitBreakersSpec) -> Result<(), RegisterCircuitError> {
        let limits = Limits::of(spec);
        let default = Arc::clone(&limits.default);
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = limits;
        self.keys_max.store(spec.keys_max, Ordering::Relaxed);
        self.post.set_backlog(spec.events_backlog);
        let mut adopted = self.adopted.lock().unwrap_or_else(PoisonError::into_inner);
        for breaker in &spec.breakers {
            if !adopted.breakers.contains(&breaker.name) {
                self.make(breaker, &default)?;
                // At once: should there be no room for the next, the next start is not to make this one again.
                adopted.breakers.insert(breaker.name.clone());
            }
        }
        for family in &spec.families {
            if !adopted.families.contains(&family.name) {
                let config = family.config.as_ref().unwrap_or(&default);
                self.family(family.name.clone(), config.clone())?;
                adopted.families.insert(family.name.clone());
            }
        }
        // What it does not name any more may be named again.
        *adopted = Adopted {
            breakers: spec.breakers.iter().map(|one| one.name.clone()).collect(),
            families: spec.families.iter().map(|one| one.name.clone()).collect(),
        };
        drop(adopted);
        Ok(())
    }

    fn make(
        &self,
        breaker: &NamedCircuit,
        default: &Arc<CircuitConfig>,
    ) -> Result<(), RegisterCircuitError> {
        let config = breaker.config.clone();
        let config = config.map_or_else(|| Arc::clone(default), Arc::new);
        match self.insert(breaker.name.clone(), &config) {
            Ok(made) => {
                if let Some(process) = &breaker.follows {
                    made.follow(process.clone());
                }
                Ok(())
            }
            // Somebody has made it before: it stays as it is.
            Err(RegisterCircuitError::AlreadyRegistered(_)) => Ok(()),
            Err(error) => Err(error),
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
            return Err(RegisterCircuitError::TooMany { name, max });
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

    /// The family of this name, made with this configuration if it is not there. It was found valid.
    pub(crate) fn family(
        &self,
        name: ServiceName,
        config: CircuitConfig,
    ) -> Result<Arc<Family>, RegisterCircuitError> {
        let max = self.limits().breakers_max;
        let mut families = self.families();
        if let Some(family) = families.get(&name) {
            return Ok(Arc::clone(family));
        }
        if families.len() >= max as usize {
            return Err(RegisterCircuitError::TooManyFamilies { name, max });
        }
        let (keys_max, post) = (Arc::clone(&self.keys_max), Arc::clone(&self.post));
        let family = Arc::new(Family::new(name.clone(), Arc::new(config), keys_max, post));
        families.insert(name, Arc::clone(&family));
        Ok(family)
    }

    pub(crate) fn families(&self) -> MutexGuard<'_, BTreeMap<ServiceName, Arc<Family>>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limits {
    fn of(spec: &CircuitBreakersSpec) -> Self {
        Self {
            breakers_max: spec.breakers_max,
            default: Arc::new(spec.default.clone()),
        }
    }
}
