//! Breakers that follow a process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mainstay_specs::ServiceName;
use mainstay_supervisors::Pid;

use super::cell::Cell;

/// The process that a breaker follows, by the name it is registered under.
#[derive(Clone, Debug)]
pub(crate) struct Follows {
    name: ServiceName,
    /// Its last incarnation that was seen; none if there was none since it is followed.
    last: Option<Pid>,
}

impl Cell {
    /// Follows whoever has this name, from the incarnation on that is there now.
    pub(crate) fn follow(self: &Arc<Self>, name: ServiceName) {
        self.unfollow();
        // First: whoever comes after the look below is shown to it by the keeper.
        self.post.followers.add(name.clone(), self);
        let mut follows = self.lock_follows();
        let last = self.post.whereis(&name);
        *follows = Some(Follows { name, last });
    }

    /// Follows nobody any more; says whom it did.
    pub(crate) fn unfollow(&self) -> Option<ServiceName> {
        let followed = self.lock_follows().take()?;
        self.post.followers.remove(&followed.name, &self.me);
        Some(followed.name)
    }

    /// The name of what it follows.
    pub(crate) fn follows(&self) -> Option<ServiceName> {
        let follows = self.lock_follows();
        follows.as_ref().map(|followed| followed.name.clone())
    }

    /// Takes note of the present incarnation of what it follows; a new one puts an open breaker to the test.
    pub(crate) fn look_at_followed(&self) {
        let mut follows = self.lock_follows();
        let Some(followed) = &mut *follows else {
            return;
        };
        // Under the lock: else two that look could take note in the other order.
        let present = self.post.whereis(&followed.name);
        if present.is_none() || present == followed.last {
            return;
        }
        followed.last = present;
        drop(follows);
        self.with(|kept, now| kept.machine.restarted(now));
    }

    fn lock_follows(&self) -> MutexGuard<'_, Option<Follows>> {
        lock(&self.follows)
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        self.unfollow();
    }
}

/// Which breakers follow whom, each once.
#[derive(Debug, Default)]
pub(crate) struct Followers(Mutex<BTreeMap<ServiceName, Vec<Weak<Cell>>>>);

impl Followers {
    fn add(&self, name: ServiceName, cell: &Arc<Cell>) {
        let mut followers = lock(&self.0);
        followers
            .entry(name)
            .or_default()
            .push(Arc::downgrade(cell));
    }

    fn remove(&self, name: &ServiceName, cell: &Weak<Cell>) {
        let mut followers = lock(&self.0);
        if let Some(those) = followers.get_mut(name) {
            those.retain(|other| !other.ptr_eq(cell));
            if those.is_empty() {
                followers.remove(name);
            }
        }
    }

    /// Those of this name.
    pub(crate) fn of(&self, name: &ServiceName) -> Vec<Weak<Cell>> {
        lock(&self.0).get(name).cloned().unwrap_or_default()
    }

    /// All names that somebody follows.
    pub(crate) fn names(&self) -> Vec<ServiceName> {
        lock(&self.0).keys().cloned().collect()
    }
}

/// A poisoned lock is taken all the same: what is under it is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
