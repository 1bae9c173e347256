//! Calls that return.

use super::nesting::Inside;
use super::{Call, Site};
use crate::MetricsStore;
use crate::metrics::Outcome;

/// Runs the body of a function and records it. What it returns, or panics with, is passed on as it is.
pub fn call<R>(
    site: &'static Site,
    store: Option<MetricsStore>,
    body: impl FnOnce() -> R,
    judge: impl FnOnce(&R) -> Outcome,
) -> R {
    // Nothing but a panic ends it early.
    let Some(call) = Call::begin(site, store, Outcome::Panic) else {
        return body();
    };
    let inside = Inside::enter(site.service());
    let value = body();
    drop(inside);
    call.end(judge(&value));
    value
}
