//! Node specs as users meet them: files in, faults out.

mod arguments;
mod code;
mod faults;
mod files;
mod hostile;
mod order;
mod places;
mod rate_limiters;
mod rendering;
mod round_trip;
mod support;
mod telemetry;
