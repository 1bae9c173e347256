//! Circuit breakers.

mod chance;
mod error;
mod event;
mod flights;
mod machine;
mod outcome;
mod recent;
mod rules;
mod stats;
mod window;

pub use error::{CircuitError, Refusal, RegisterCircuitError};
pub use event::{Cause, CircuitEvent, CircuitEventKind, CircuitState, Transition};
pub use outcome::{ByResult, Classify, Nested, Outcome};
