//! Breakers by key: one for each host, shard or tenant.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use mainstay_specs::{CircuitConfig, ServiceName};

use super::error::RegisterCircuitError;
use super::handle::CircuitBreaker;
use super::post::Post;

/// A family of breakers that go by one configuration, one for each key: a handle, cheap to clone.
///
/// One breaker for all shards of a dependency would turn the outage of one of them into an outage of all. A key's breaker is
/// made when it is first asked for. There are no more than the bound: beyond it, one that is *idle* makes room, and if none is,
/// the new key is refused. Idle is one that is closed, that nobody holds a handle of, and with which nothing has gone wrong for as
/// long as its rules about time look back, and at least for `reset_timeout`. One that is open, half open or was told what to do
/// never has to go.
///
/// Finding the breaker of a key takes a lock for the time of one lookup.
#[derive(Clone, Debug)]
pub struct KeyedBreakers {
    family: Arc<Family>,
}

#[derive(Debug)]
pub(crate) struct Family {
    name: ServiceName,
    config: Arc<CircuitConfig>,
    max: u32,
    post: Arc<Post>,
    members: RwLock<Members>,
}

#[derive(Debug, Default)]
struct Members {
    by_key: HashMap<Box<str>, CircuitBreaker>,
    /// All keys, those first that are to be asked next whether they are idle.
    round: VecDeque<Box<str>>,
}

/// How many are asked whether they are idle, before a key is refused: all of them would take too long.
const ASKED: usize = 64;

impl Family {
    pub(crate) fn new(
        name: ServiceName,
        config: Arc<CircuitConfig>,
        max: u32,
        post: &Arc<Post>,
    ) -> Self {
        Self {
            name,
            config,
            max,
            post: Arc::clone(post),
            members: RwLock::default(),
        }
    }

    pub(crate) fn breakers(&self) -> Vec<CircuitBreaker> {
        let members = self.members.read().unwrap_or_else(PoisonError::into_inner);
        members.by_key.values().cloned().collect()
    }

    fn find(&self, key: &str) -> Option<CircuitBreaker> {
        let members = self.members.read().unwrap_or_else(PoisonError::into_inner);
        members.by_key.get(key).cloned()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Members> {
        self.members.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    /// Forgets one that is idle; says whether there was one among those asked. Nobody can get hold of it meanwhile.
    fn make_room(&mut self) -> bool {
        for _ in 0..ASKED.min(self.round.len()) {
            let Some(key) = self.round.pop_front() else {
                return false;
            };
            let idle = |breaker: &CircuitBreaker| {
                Arc::strong_count(breaker.cell()) == 1 && breaker.cell().is_idle()
            };
            if self.by_key.get(&key).is_none_or(idle) {
                self.by_key.remove(&key);
                return true;
            }
            self.round.push_back(key);
        }
        false
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
        let family = &self.family;
        if let Some(breaker) = family.find(key) {
            return Ok(breaker);
        }
        let mut members = family.write();
        if let Some(breaker) = members.by_key.get(key) {
            return Ok(breaker.clone());
        }
        if members.by_key.len() >= family.max as usize && !members.make_room() {
            return Err(RegisterCircuitError::TooManyKeys {
                family: family.name.clone(),
                max: family.max,
            });
        }
        let (name, boxed) = (family.name.clone(), Box::<str>::from(key));
        let breaker = CircuitBreaker::born(name, Some(boxed.clone()), &family.config, &family.post);
        members.by_key.insert(boxed.clone(), breaker.clone());
        members.round.push_back(boxed);
        Ok(breaker)
    }

    /// The breaker of a key, if it is there.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<CircuitBreaker> {
        self.family.find(key)
    }

    /// All there are, in no order.
    #[must_use]
    pub fn breakers(&self) -> Vec<CircuitBreaker> {
        self.family.breakers()
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
