//! Rate limiters.

mod bounds;
mod cases;
mod change;
mod conformance;
mod crash;
mod edges;
mod exact;
mod kinds;
mod layer;
mod rate_limited;
mod redis;
mod reserving;
mod seed;
mod service;
mod several;
mod spec;
mod support;
mod telemetry;
mod waiting;
