//! Protected operations: `protection::ProtectionRegistry` and all around it.

mod cancelling;
mod deadlines;
mod order;
mod outcomes;
mod registry;
mod support;
mod telemetry;
