//! The breaker that attempts to connect go through.
//!
//! Each attempt asks it for a permit and tells it what it came to. While it is open none is made, and who has nothing else to wait for is
//! refused at once, with when to come back. When its time is up the next attempt that is needed is its probe.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::ServiceName;
use mainstay_supervisors::{Namespace, WeakNamespace};

use crate::breaker::{CircuitBreaker, CircuitBreakerRegistry, CircuitEvents, CircuitState};
use crate::pool::cell::Cell;
use crate::pool::core::Wakes;
use crate::pool::manager::ConnectionPool;
use crate::pool::signals::Deed;

/// What a pool knows of its breaker. It outlives the keeper.
#[derive(Debug)]
pub(crate) struct Circuit {
    namespace: WeakNamespace,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The one because of which no attempts are made.
    barred: Option<ServiceName>,
}

/// The breaker that the configuration names is not there.
#[derive(Clone, Debug, thiserror::Error)]
#[error("there is no circuit breaker {0}")]
pub(crate) struct NoBreaker(pub(crate) ServiceName);

impl Circuit {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self {
            namespace: namespace.downgrade(),
            kept: Mutex::default(),
        }
    }

    /// The breaker that the configuration names, as it is registered now; none if it names none.
    pub(crate) fn breaker<P: ConnectionPool>(
        &self,
        cell: &Cell<P>,
    ) -> Result<Option<CircuitBreaker>, NoBreaker> {
        let config = cell.config.load();
        let Some(name) = &config.breaker else {
            return Ok(None);
        };
        let namespace = self.namespace.upgrade();
        let found = namespace
            .and_then(|namespace| CircuitBreakerRegistry::of(&namespace).circuit(name.as_str()));
        found.map(Some).ok_or_else(|| NoBreaker(name.clone()))
    }

    /// Does as the breaker says, and tells if that is another thing than before.
    pub(crate) fn heed<P: ConnectionPool>(&self, cell: &Cell<P>) {
        let breaker = self.breaker(cell).ok().flatten();
        let mut kept = self.lock();
        // Both looked at and done under the lock, so that what was found last is what holds.
        let bar = breaker.as_ref().and_then(bar_of);
        let name = breaker.map(|breaker| breaker.name().clone());
        let before = kept.barred.take();
        kept.barred = bar.is_some().then_some(name).flatten();
        let after = kept.barred.clone();
        let mut wakes = match bar {
            Some(time) => cell.hold_connects(time),
            None if before.is_some() => {
                cell.release_connects();
                Wakes::default()
            }
            None => Wakes::default(),
        };
        drop(kept);
        // What wakers do is not ours: they go without any lock.
        wakes.wake();
        match (before, after) {
            (Some(before), None) => cell.tell(&Deed::Unbarred(&before)),
            (None, Some(after)) => cell.tell(&Deed::Barred(&after)),
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For how long a breaker lets no attempt through, if it does not, and if that is known. Half open it lets some: those it does not are tried again a little later.
fn bar_of(breaker: &CircuitBreaker) -> Option<Option<Duration>> {
    let refusal = breaker.check_state().err()?;
    match refusal.state() {
        CircuitState::Open | CircuitState::ForcedOpen => Some(refusal.retry_after()),
        _ => None,
    }
}

/// What the breaker does from now on, as the keeper follows it.
#[derive(Debug, Default)]
pub(crate) struct Follow {
    of: Option<CircuitBreaker>,
    events: Option<CircuitEvents>,
}

impl Follow {
    /// Follows the breaker that the configuration names, if that is another one than before, also of the same name, and does as it says.
    pub(crate) fn turn_to<P: ConnectionPool>(&mut self, circuit: &Circuit, cell: &Cell<P>) {
        let breaker = circuit.breaker(cell).ok().flatten();
        let is_known = match (&self.of, &breaker) {
            (Some(known), Some(found)) => known.is_same(found) && self.events.is_some(),
            (known, found) => known.is_none() && found.is_none(),
        };
        if is_known {
            return;
        }
        // Before it is looked at: nothing that happens in between is missed.
        self.events = breaker.as_ref().map(CircuitBreaker::subscribe);
        self.of = breaker;
        circuit.heed(cell);
    }

    /// Waits until the breaker has done something.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub(crate) async fn changed(&mut self) {
        let Some(events) = &mut self.events else {
            return std::future::pending().await;
        };
        // That some were missed is no matter: it is looked at anyway.
        if events.next().await.is_none() {
            self.events = None;
        }
    }
}
