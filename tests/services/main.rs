//! The services of a namespace: what they do, and what they survive.

mod config;
mod metrics;
mod process_metrics;
