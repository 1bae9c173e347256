//! What is freed, and what is let in.

mod admission;
mod aware;
mod caches;
mod conformance;
mod crash;
mod events_deleted;
mod isolation;
mod mutual;
mod rounds;
mod storm;
mod support;
mod telemetry;
