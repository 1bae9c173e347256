//! A node boots from a spec, and ends.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

mod default_spec;
mod kinds;
mod pools;
mod readiness;
mod rollback;
mod stopping;
mod support;
mod telemetry;
mod without_limit;
