//! Rate limiters.

mod bounds;
mod cases;
mod change;
mod crash;
mod exact;
mod kinds;
mod redis;
mod reserving;
mod seed;
mod several;
mod spec;
mod support;
mod waiting;
