//! The Foundation services behind guards, and services of the application's own that are integrated with all of them.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

mod breakers;
mod config_server;
mod event_store;
mod integrated;
#[path = "../integration/support.rs"]
#[allow(dead_code)] // other tests use more of it
mod support;
mod telemetry;
