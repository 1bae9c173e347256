//! Changes of the level that the keeper has not told to telemetry and the cleanup executor yet: they wait for it, or for its successor.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cell::lock;
use super::event::PressureChange;

/// The most that wait: more, and the oldest are lost.
const WAITING_MAX: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Changes {
    waiting: Mutex<VecDeque<PressureChange>>,
    all: AtomicU64,
    lost: AtomicU64,
}

impl Changes {
    pub(crate) fn put(&self, change: PressureChange) {
        self.all.fetch_add(1, Ordering::Relaxed);
        let mut waiting = lock(&self.waiting);
        if waiting.len() == WAITING_MAX {
            waiting.pop_front();
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        waiting.push_back(change);
    }

    /// The oldest, which stays until it is [done](Self::done).
    pub(crate) fn first(&self) -> Option<PressureChange> {
        lock(&self.waiting).front().cloned()
    }

    /// It was told.
    pub(crate) fn done(&self, change: &PressureChange) {
        let mut waiting = lock(&self.waiting);
        // Meanwhile it may have been lost for a newer one.
        if waiting.front() == Some(change) {
            waiting.pop_front();
        }
    }

    /// How many there were, over the life of the manager.
    pub(crate) fn count(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }

    /// How many of them were lost.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
