//! A node goes by another spec while it runs.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

mod children;
mod failures;
mod in_place;
mod namespaces;
mod races;
mod refusals;
mod rest;
mod same;
mod services;
mod source;
mod strikes;
mod support;
mod told;
mod within_start;
