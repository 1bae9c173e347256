//! Circuit breakers.

mod calls;
mod cancelling;
mod conformance;
mod crash;
mod events;
mod following;
mod forced;
mod half_open;
mod herd;
mod keyed;
mod layer;
mod protected;
mod protected_config;
mod registry;
mod seed;
mod spec;
mod stats;
mod support;
mod telemetry;
