//! The right to make a call.

use super::cell::Cell;
use super::handle::CircuitBreaker;
use super::outcome::Outcome;
use super::right::Right;

/// The right to make one call, and the duty to say what it came to.
///
/// Dropped without a word it was cancelled, which tells nothing; dropped by a panic that began after it was taken, it has panicked,
/// which is a failure. Whose panic that was cannot be told: if another branch of a `join!` panics, the permits that this one
/// holds are dropped by it too, which [`execute`](CircuitBreaker::execute) does not mistake for a failure. It counts in the
/// generation it was given in and in no other. The permit of a probe is taken away at its deadline, also from one that
/// was forgotten: what such a call comes to later does not count.
#[derive(Debug)]
#[must_use = "a permit that is dropped was cancelled"]
pub struct Permit<'a> {
    cell: &'a Cell,
    right: Right,
    /// A panic went on when it was taken: what drops it may be that.
    unwinding: bool,
}

impl<'a> Permit<'a> {
    #[inline(always)]
    pub(super) const fn new(cell: &'a Cell, right: Right) -> Self {
        Self {
            cell,
            right,
            unwinding: false,
        }
    }

    /// Of a call that is made by other means than ours.
    #[inline(always)]
    pub(super) fn handed_out(cell: &'a Cell, right: Right) -> Self {
        Self {
            cell,
            right,
            unwinding: std::thread::panicking(),
        }
    }

    /// The call succeeded. It counts as slow too if it took that long.
    #[inline(always)]
    pub fn success(self) {
        self.settle(Outcome::Success);
    }

    /// The call failed.
    pub fn failure(self) {
        self.settle(Outcome::Failure);
    }

    /// The call tells nothing about what is protected.
    pub fn ignore(self) {
        self.settle(Outcome::Ignored);
    }

    /// Says what the call came to.
    #[inline(always)]
    pub fn settle(self, outcome: Outcome) {
        let Self { cell, right, .. } = self;
        // Before it is given back: should a listener panic over that, it is not given back a second time.
        std::mem::forget(self);
        cell.settle(right, outcome);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.cell.settle(self.right, unsaid(self.unwinding));
    }
}

/// A [`Permit`] that may outlive the handle it came from, for a call that ends elsewhere than it began.
///
/// It costs a reference count that all callers share; take a [`Permit`] where that will do.
#[derive(Debug)]
#[must_use = "a permit that is dropped was cancelled"]
pub struct OwnedPermit {
    breaker: CircuitBreaker,
    right: Option<Right>,
    unwinding: bool,
}

impl OwnedPermit {
    pub(super) fn new(breaker: CircuitBreaker, right: Right) -> Self {
        Self {
            breaker,
            right: Some(right),
            unwinding: std::thread::panicking(),
        }
    }

    /// The call succeeded.
    pub fn success(self) {
        self.settle(Outcome::Success);
    }

    /// The call failed.
    pub fn failure(self) {
        self.settle(Outcome::Failure);
    }

    /// The call tells nothing about what is protected.
    pub fn ignore(self) {
        self.settle(Outcome::Ignored);
    }

    /// Says what the call came to.
    pub fn settle(mut self, outcome: Outcome) {
        self.give_back(outcome);
    }

    fn give_back(&mut self, outcome: Outcome) {
        if let Some(right) = self.right.take() {
            self.breaker.cell().settle(right, outcome);
        }
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        self.give_back(unsaid(self.unwinding));
    }
}

/// What a call came to of which nobody has said it. `unwinding` is whether a panic went on already when it began.
fn unsaid(unwinding: bool) -> Outcome {
    if std::thread::panicking() && !unwinding {
        Outcome::Panicked
    } else {
        Outcome::Cancelled
    }
}
