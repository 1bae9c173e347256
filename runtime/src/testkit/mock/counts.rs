//! How often what was done.

use std::sync::Arc;

use super::act::MockOp;
use super::{State, World};

/// How often operations of one kind were begun, and what they came to. All that were begun and did not end yet are under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MockOpCounts {
    /// How many were begun.
    pub begun: u64,
    /// How many did what they should.
    pub succeeded: u64,
    /// How many failed because they were told to.
    pub failed: u64,
    /// How many panicked.
    pub panicked: u64,
    /// How many were dropped before their end.
    pub cut_off: u64,
}

impl MockOpCounts {
    /// How many are under way.
    #[must_use]
    pub const fn under_way(&self) -> u64 {
        self.begun - self.succeeded - self.failed - self.panicked - self.cut_off
    }
}

/// What was done with all connections of a manager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MockCounts {
    /// How often one was to be made.
    pub create: MockOpCounts,
    /// How often one was pinged.
    pub ping: MockOpCounts,
    /// How often one was to be brought back.
    pub reset: MockOpCounts,
    /// How often one was to be closed.
    pub close: MockOpCounts,
    /// How often [`MockConnection::ping`](super::MockConnection::ping) was asked.
    pub health_checks: u64,
    /// How many are there now.
    pub open: u64,
    /// The most that were there at a time.
    pub open_max: u64,
    /// How many were dropped without having been closed.
    pub dropped: u64,
}

impl MockCounts {
    /// Of operations of this kind.
    #[must_use]
    pub const fn of(&self, op: MockOp) -> &MockOpCounts {
        match op {
            MockOp::Create => &self.create,
            MockOp::Ping => &self.ping,
            MockOp::Reset => &self.reset,
            MockOp::Close => &self.close,
        }
    }

    const fn of_mut(&mut self, op: MockOp) -> &mut MockOpCounts {
        match op {
            MockOp::Create => &mut self.create,
            MockOp::Ping => &mut self.ping,
            MockOp::Reset => &mut self.reset,
            MockOp::Close => &mut self.close,
        }
    }
}

/// An operation under way, which counts as cut off unless it ends.
pub(super) struct Count {
    op: MockOp,
    world: Arc<World>,
    ended: bool,
}

impl Count {
    pub(super) fn begin(state: &mut State, op: MockOp, world: Arc<World>) -> Self {
        state.counts.of_mut(op).begun += 1;
        Self {
            op,
            world,
            ended: false,
        }
    }

    pub(super) fn succeeded(self) {
        self.end(|counts| counts.succeeded += 1);
    }

    pub(super) fn failed(self) {
        self.end(|counts| counts.failed += 1);
    }

    pub(super) fn panicked(self) {
        self.end(|counts| counts.panicked += 1);
    }

    fn end(mut self, count: impl FnOnce(&mut MockOpCounts)) {
        self.ended = true;
        count(self.world.lock().counts.of_mut(self.op));
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        if !self.ended {
            self.world.lock().counts.of_mut(self.op).cut_off += 1;
        }
    }
}
