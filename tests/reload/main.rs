//! A node goes by another spec while it runs.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

mod children;
mod failures;
mod namespaces;
mod refusals;
mod services;
mod support;
