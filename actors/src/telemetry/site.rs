//! What emitters of one path know of those who listen to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use mainstay_specs::EventPath;

use super::seat::Seat;

/// Those who listen, in the order in which they came.
pub(crate) type Seats = Arc<Vec<Arc<Seat>>>;

/// A path that is emitted, and who listens to it. All emitters of the path share it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) path: EventPath,
    /// Whether there may be anybody. The only thing that is looked at when there is nobody.
    heard: AtomicBool,
    /// Kept right by the hub, as far as the site is known there.
    seats: Option<ArcSwap<Vec<Arc<Seat>>>>,
}

impl Site {
    /// A site that is told when somebody comes or goes.
    pub(crate) fn known(path: EventPath, seats: Seats) -> Self {
        Self {
            path,
            heard: AtomicBool::new(!seats.is_empty()),
            seats: Some(ArcSwap::new(seats)),
        }
    }

    /// A site that is told nothing: who listens is found out at each event.
    pub(crate) const fn unknown(path: EventPath) -> Self {
        Self {
            path,
            heard: AtomicBool::new(true),
            seats: None,
        }
    }

    /// Relaxed is enough: whoever knows that somebody has begun to listen, has been told by some other means, which orders this
    /// load after the store.
    #[inline]
    pub(crate) fn is_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Who listens; `None` if that has to be found out.
    pub(crate) fn seats(&self) -> Option<Seats> {
        self.seats.as_ref().map(ArcSwap::load_full)
    }

    pub(crate) fn set(&self, seats: Seats) {
        if let Some(known) = &self.seats {
            let heard = !seats.is_empty();
            known.store(seats);
            self.heard.store(heard, Ordering::Release);
        }
    }
}
