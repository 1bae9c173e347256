//! The atomics that our own protocols are made of, so that all their interleavings can be tried: with `--cfg
//! mainstay_loom` they are those of loom, and only the tests called `loom_tests` can be run.

#[cfg(mainstay_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(not(mainstay_loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
