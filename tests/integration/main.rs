//! All of it together: `infrastructure::start`, and what only shows when every service is there.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

mod starting;
mod support;
mod together;
