//! The examples, as a newcomer runs them.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

mod axum_service;
#[path = "../common/mod.rs"]
mod common;
mod example;
mod once;
