//! All of it together: `infrastructure::start`, and what only shows when every service is there.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

#[path = "../http/client.rs"]
#[allow(dead_code)] // other tests use more of it
mod client;
mod crowd;
#[path = "../services/event_store/support.rs"]
#[allow(dead_code)] // other tests use more of it
mod event_store;
mod http;
mod overload;
mod starting;
mod support;
mod together;
