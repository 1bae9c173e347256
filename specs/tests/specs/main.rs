//! Node specs as users meet them: files in, faults out.

mod any;
mod arguments;
mod code;
mod connection_pools;
mod diff;
mod event_store;
mod faults;
mod files;
mod hostile;
mod leaves;
mod many_faults;
mod memory_manager;
mod memory_relief;
mod order;
mod places;
mod rate_limiters;
mod rendering;
mod round_trip;
mod service_faults;
mod support;
mod telemetry;
