//! The binary, as a person uses it.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

mod bench_load;
mod check;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "sqlite")]
mod events;
mod health;
mod mainstay;
mod readme;
#[cfg(unix)]
mod reload;
mod run;
mod signals;
mod tree;
