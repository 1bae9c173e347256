//! Breakers by key: one for each host, shard or tenant.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use mainstay_specs::{CircuitConfig, ServiceName};

use super::error::RegisterCircuitError;
use super::handle::CircuitBreaker;
use super::post::Post;
use super::stats::CircuitStats;

/// A family of breakers that go by one configuration, one for each key: a handle, cheap to clone.
///
/// One breaker for all shards of a dependency would turn the outage of one of them into an outage of all. A key's breaker is
/// made when it is first asked for. There are no more than `keys_max` of the namespace says: beyond it, one that is *idle* makes
/// room, and if none is found, the new key is refused.
///
/// Idle is one that nobody holds a handle of, that refuses nobody, and with which nothing has gone wrong for as long as its rules
/// about time look back, and at least for `reset_timeout`: a closed one, but also one that has opened, or has let a probe
/// through, and was not asked for since its time was up, as of a host that is gone. All that is lost with it is its totals, and how
/// often it has opened in a row. One that was told what to do, has a configuration of its own or follows a process never has
/// to go; for that there is [`remove`](Self::remove).
///
/// Of those that there are, at most 1,024 are looked at for one new key, those first that were not looked at for longest.
///
/// Finding the breaker of a key takes a lock for the time of one lookup.
///
/// ```
/// use mainstay_actors::breaker::CircuitBreakerRegistry;
/// use mainstay_specs::{CircuitConfig, ServiceName};
/// use mainstay_supervisors::Runtime;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::new();
/// let app = runtime.namespace("app").await?;
/// let breakers = CircuitBreakerRegistry::of(&app);
/// let shards = breakers.keyed(ServiceName::new("shards")?, CircuitConfig::default())?;
///
/// shards.breaker("eu-1")?.force_open();
/// assert!(shards.breaker("eu-1")?.check_state().is_err());
/// assert!(shards.breaker("eu-2")?.check_state().is_ok());
///
/// shards.reconfigure(CircuitConfig::default().failure_threshold(2))?;
/// assert_eq!(shards.breaker("eu-2")?.config().failure_threshold, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KeyedBreakers {
    family: Arc<Family>,
}

#[derive(Debug)]
pub(crate) struct Family {
    name: ServiceName,
    keys_max: Arc<AtomicU32>,
    post: Arc<Post>,
    members: RwLock<Members>,
}

#[derive(Debug)]
struct Members {
    /// What those go by that have none of their own.
    config: Arc<CircuitConfig>,
    by_key: HashMap<Box<str>, CircuitBreaker>,
    /// All keys, those first that are to be looked at next, whether they are idle.
    round: VecDeque<Box<str>>,
}

/// How many are looked at before a key is refused: all of them could take too long.
const ASKED: usize = 1024;

impl Family {
    pub(crate) fn new(
        name: ServiceName,
        config: Arc<CircuitConfig>,
        keys_max: Arc<AtomicU32>,
        post: Arc<Post>,
    ) -> Self {
        Self {
            name,
            keys_max,
            post,
            members: RwLock::new(Members {
                config,
                by_key: HashMap::new(),
                round: VecDeque::new(),
            }),
        }
    }

    fn find(&self, key: &str) -> Option<CircuitBreaker> {
        let members = self.members.read().unwrap_or_else(PoisonError::into_inner);
        members.by_key.get(key).cloned()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Members> {
        self.members.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the breaker of a key, unless it is there by now. Those that make room for it are put into `gone`.
    fn make(
        &self,
        key: &str,
        gone: &mut Vec<CircuitBreaker>,
    ) -> Result<CircuitBreaker, RegisterCircuitError> {
        let max = self.keys_max.load(Ordering::Relaxed);
        let mut members = self.write();
        if let Some(breaker) = members.by_key.get(key) {
            return Ok(breaker.clone());
        }
        members.make_room(max as usize, gone).map_err(|asked| {
            RegisterCircuitError::TooManyKeys {
                family: self.name.clone(),
                max,
                asked: u32::try_from(asked).unwrap_or(u32::MAX),
            }
        })?;
        let (name, boxed) = (self.name.clone(), Box::<str>::from(key));
        let breaker = CircuitBreaker::born(name, Some(boxed.clone()), &members.config, &self.post);
        members.by_key.insert(boxed.clone(), breaker.clone());
        members.round.push_back(boxed);
        Ok(breaker)
    }
}

impl Members {
    /// Takes out those that are idle until there is room for one more; if there is not, says how many were looked at. Nobody can
    /// get hold of one meanwhile.
    fn make_room(&mut self, max: usize, gone: &mut Vec<CircuitBreaker>) -> Result<(), usize> {
        let mut asked = 0;
        while self.by_key.len() >= max {
            if asked == ASKED.min(self.round.len() + gone.len()) {
                return Err(asked);
            }
            asked += 1;
            let Some(key) = self.round.pop_front() else {
                return Err(asked);
            };
            match self.by_key.remove(&key) {
                Some(breaker) if !breaker.is_idle() => {
                    self.by_key.insert(key.clone(), breaker);
                    self.round.push_back(key);
                }
                idle => gone.extend(idle),
            }
        }
        Ok(())
    }
}

impl KeyedBreakers {
    pub(crate) const fn of_family(family: Arc<Family>) -> Self {
        Self { family }
    }

    /// The name of the family.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.family.name
    }

    /// The breaker of a key, made if it is not there.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::TooManyKeys`].
    pub fn breaker(&self, key: &str) -> Result<CircuitBreaker, RegisterCircuitError> {
        if let Some(breaker) = self.family.find(key) {
            return Ok(breaker);
        }
        // Dropped when the lock is free again: whoever listens to one of them is told.
        let mut gone = Vec::new();
        self.family.make(key, &mut gone)
    }

    /// The breaker of a key, if it is there.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<CircuitBreaker> {
        self.family.find(key)
    }

    /// Forgets the breaker of a key, whatever it is and was told, and hands it out. It goes on working for whoever holds it;
    /// whoever asks for the key from now on gets a new one.
    pub fn remove(&self, key: &str) -> Option<CircuitBreaker> {
        let mut members = self.family.write();
        let removed = members.by_key.remove(key);
        if removed.is_some() {
            members.round.retain(|other| **other != *key);
        }
        removed
    }

    /// Has all go by another configuration from now on, those that are there as [`CircuitBreaker::reconfigure`] has it and those
    /// to come. One that was given a configuration of its own goes by this one then, too, and may become idle again.
    ///
    /// # Errors
    ///
    /// [`RegisterCircuitError::Config`]; nothing is changed then.
    pub fn reconfigure(&self, config: CircuitConfig) -> Result<(), RegisterCircuitError> {
        config.validate().map_err(RegisterCircuitError::from)?;
        let config = Arc::new(config);
        self.family.write().config = Arc::clone(&config);
        for breaker in self.one_by_one(self.keys()) {
            breaker.cell().reconfigure(Arc::clone(&config), false);
        }
        Ok(())
    }

    /// What those go by that have no configuration of their own.
    #[must_use]
    pub fn config(&self) -> Arc<CircuitConfig> {
        let members = self.family.members.read();
        let members = members.unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&members.config)
    }

    /// Everything there is to know about each, by key.
    #[must_use]
    pub fn stats(&self) -> Vec<CircuitStats> {
        let mut keys = self.keys();
        keys.sort_unstable();
        self.one_by_one(keys)
            .map(|breaker| breaker.stats())
            .collect()
    }

    /// Those of these keys that are there, one at a time: while one is held, it cannot make room.
    fn one_by_one(&self, keys: Vec<Box<str>>) -> impl Iterator<Item = CircuitBreaker> {
        keys.into_iter().filter_map(|key| self.find(&key))
    }

    fn keys(&self) -> Vec<Box<str>> {
        let members = self.family.members.read();
        let members = members.unwrap_or_else(PoisonError::into_inner);
        members.by_key.keys().cloned().collect()
    }

    /// All there are, in no order. While these handles are there, none of them makes room.
    #[must_use]
    pub fn breakers(&self) -> Vec<CircuitBreaker> {
        let members = self.family.members.read();
        let members = members.unwrap_or_else(PoisonError::into_inner);
        members.by_key.values().cloned().collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let members = self.family.members.read();
        members.unwrap_or_else(PoisonError::into_inner).by_key.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
