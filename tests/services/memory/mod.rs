//! The memory manager.

mod budgets;
mod crash;
mod levels;
mod relief;
mod seed;
mod service;
mod simulation;
mod sources;
mod stale;
mod support;
mod telemetry;
mod tracker;
mod under_pressure;
