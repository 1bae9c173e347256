//! A connection to nothing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{MockOptions, World};

/// A connection that [`MockConnections`](super::MockConnections) made. Two are equal if they are the same connection: it cannot be
/// cloned, but its [`id`](Self::id) can be kept.
pub struct MockConnection {
    id: u64,
    label: String,
    is_soiled: AtomicBool,
    is_severed: AtomicBool,
    is_closed: bool,
    world: Arc<World>,
}

impl MockConnection {
    pub(super) fn open(world: &Arc<World>, options: &MockOptions) -> Self {
        let mut state = world.lock();
        state.last += 1;
        state.counts.open += 1;
        state.counts.open_max = state.counts.open_max.max(state.counts.open);
        Self {
            id: state.last,
            label: options.label.clone(),
            is_soiled: AtomicBool::new(false),
            is_severed: AtomicBool::new(false),
            is_closed: false,
            world: Arc::clone(world),
        }
    }

    pub(super) fn close(mut self) {
        self.is_closed = true;
    }

    /// Its number: they are counted from 1 as they are made.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// What it was made of.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether it works: a check for [`ConnectionSpec::health_check`](mainstay_actors::pool::ConnectionSpec::health_check).
    // A health check is given a connection this way.
    pub fn ping(&mut self) -> bool {
        self.world.lock().counts.health_checks += 1;
        !self.is_severed()
    }

    /// Leaves something in it, until it is reset.
    pub fn soil(&self) {
        self.is_soiled.store(true, Ordering::Relaxed);
    }

    /// Whether something is left in it.
    #[must_use]
    pub fn is_soiled(&self) -> bool {
        self.is_soiled.load(Ordering::Relaxed)
    }

    /// Ends it, as a server does that goes away: it is broken from now on, and does not answer.
    pub fn sever(&self) {
        self.is_severed.store(true, Ordering::Relaxed);
    }

    /// Whether it was severed.
    #[must_use]
    pub fn is_severed(&self) -> bool {
        self.is_severed.load(Ordering::Relaxed)
    }

    pub(super) fn clean(&self) {
        self.is_soiled.store(false, Ordering::Relaxed);
    }
}

impl PartialEq for MockConnection {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && Arc::ptr_eq(&self.world, &other.world)
    }
}

impl Eq for MockConnection {}

impl fmt::Debug for MockConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockConnection")
            .field("id", &self.id)
            .field("label", &self.label)
            .field("soiled", &self.is_soiled())
            .field("severed", &self.is_severed())
            .finish_non_exhaustive()
    }
}

impl Drop for MockConnection {
    fn drop(&mut self) {
        let mut state = self.world.lock();
        state.counts.open -= 1;
        state.counts.dropped += u64::from(!self.is_closed);
    }
}
