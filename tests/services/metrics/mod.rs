//! The metrics store as a whole.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

mod asking;
mod baselines;
mod bounds;
mod config_server;
mod crash;
mod exports;
mod facade;
mod measuring;
mod recording;
mod seed;
mod soak;
mod support;
