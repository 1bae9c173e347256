//! Rate limiters.

mod bounds;
mod cases;
mod change;
mod crash;
mod edges;
mod exact;
mod kinds;
mod layer;
mod redis;
mod reserving;
mod seed;
mod several;
mod spec;
mod support;
mod telemetry;
mod waiting;
