//! A node boots from a spec, and ends.

mod default_spec;
mod kinds;
mod readiness;
mod rollback;
mod stopping;
mod support;
