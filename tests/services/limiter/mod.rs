//! Rate limiters.

mod bounds;
mod cases;
mod change;
mod conformance;
mod crash;
mod exact;
mod kinds;
mod rate_limited;
mod reserving;
mod seed;
mod service;
mod several;
mod spec;
mod support;
mod waiting;
