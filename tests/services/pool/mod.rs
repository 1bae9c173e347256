//! Connection pools.

mod borrowers;
mod breaker;
mod connecting;
mod crash;
mod crowd;
mod drain;
mod health;
mod registry;
mod resize;
mod rotation;
mod seed;
mod spec;
mod support;
mod telemetry;
mod upkeep;
