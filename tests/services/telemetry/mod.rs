//! The telemetry service: events and who listens to them.

mod crash;
mod emitting;
mod handlers;
mod limits;
mod measure;
mod nesting;
mod panics;
mod queued;
mod start;
mod subscribers;
pub(crate) mod support;
mod teardown;
