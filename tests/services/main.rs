//! The services of a namespace: what they do, and what they survive.

mod alerts;
mod breaker;
mod config;
mod event_store;
mod gate;
mod health;
mod instrumented;
mod limiter;
mod metrics;
mod pool;
mod pool_managers;
mod process_metrics;
mod servers;
mod telemetry;
