//! What is known of a call, for statistics and metrics.

use tokio::time::Instant;

use super::error::ProtectionError;
use super::guard::Guard;
use super::handle::Protection;
use crate::metrics::Outcome;

/// Counts a call exactly once: as refused, as given up before it was begun, or as begun; and if it was begun, how it ended and how long
/// that took.
pub(super) struct Watch<'a> {
    protection: &'a Protection,
    stage: Stage,
}

enum Stage {
    Asking,
    /// Since then. A step that panics does not come back to change `stepping`.
    Running {
        since: Instant,
        stepping: bool,
    },
    Over,
}

impl<'a> Watch<'a> {
    pub(super) const fn new(protection: &'a Protection) -> Self {
        Self {
            protection,
            stage: Stage::Asking,
        }
    }

    /// A guard has refused it.
    pub(super) fn refused<E>(&mut self, error: ProtectionError<E>) -> ProtectionError<E> {
        self.stage = Stage::Over;
        self.protection
            .counts()
            .refused(error.guard().unwrap_or(Guard::Deadline));
        error
    }

    /// The operation is begun.
    pub(super) fn begin(&mut self) {
        self.stage = Stage::Running {
            since: Instant::now(),
            stepping: false,
        };
        self.protection.counts().begun();
    }

    /// One step of the operation.
    pub(super) fn step<T>(&mut self, step: impl FnOnce() -> T) -> T {
        self.set_stepping(true);
        let done = step();
        self.set_stepping(false);
        done
    }

    fn set_stepping(&mut self, now: bool) {
        if let Stage::Running { stepping, .. } = &mut self.stage {
            *stepping = now;
        }
    }

    /// The operation was begun, and refused by a guard further in: it has not been done.
    pub(super) fn refused_within(&mut self, guard: Option<Guard>) {
        self.stage = Stage::Over;
        self.protection.counts().refused_within(guard);
    }

    /// The operation has ended.
    pub(super) fn ended(&mut self, outcome: Outcome) {
        if let Stage::Running { since, .. } = std::mem::replace(&mut self.stage, Stage::Over) {
            self.protection.ended(outcome, since.elapsed());
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        match self.stage {
            Stage::Asking => self.protection.counts().left(),
            Stage::Running { stepping: true, .. } => self.ended(Outcome::Panic),
            Stage::Running { .. } => self.ended(Outcome::Cancelled),
            Stage::Over => {}
        }
    }
}
