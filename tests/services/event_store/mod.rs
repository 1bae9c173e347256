//! Event stores: what they keep, and what they survive.

mod alerts;
mod bounds;
mod conformance;
mod crash;
mod group_commit;
mod home;
mod json;
mod overload;
mod postgres;
mod properties;
mod pruning;
mod questions;
mod shared;
mod sqlite;
mod storing;
mod subscribers;
mod support;
mod telemetry;
