//! A node over HTTP.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

mod access;
mod client;
mod config;
mod event_store;
mod health;
mod limits;
mod metrics;
mod report;
mod routes;
mod server;
#[path = "../reload/source.rs"]
mod source;
mod spec;
mod stream;
mod support;
mod tree;
mod watchdog;
