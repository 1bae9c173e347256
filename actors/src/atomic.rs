//! The atomics that our own protocols are made of, so that all their interleavings can be tried: with `--cfg
//! mainstay_loom` they are those of loom, and only the tests called `loom_tests` can be run.

#[cfg(mainstay_loom)]
pub(crate) use for_loom::Lock;
#[cfg(mainstay_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(not(mainstay_loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[cfg(not(mainstay_loom))]
pub(crate) use crate::lock::Lock;

#[cfg(mainstay_loom)]
mod for_loom {
    use loom::sync::{Mutex, MutexGuard};

    /// In place of the lock that spins.
    #[derive(Debug, Default)]
    pub(crate) struct Lock<T>(Mutex<T>);

    impl<T> Lock<T> {
        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            // As with the other one, whoever comes next goes on.
            self.0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }
}
