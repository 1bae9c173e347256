//! Protected operations: `protection::ProtectionRegistry` and all around it.

mod ahead;
mod cancelling;
mod crowd;
mod deadlines;
mod layer;
mod memory;
mod order;
mod outcomes;
mod probes;
mod protect;
mod registry;
mod support;
mod telemetry;
