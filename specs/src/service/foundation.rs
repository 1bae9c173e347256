//! What guards the Foundation services, unless their specs say otherwise.

use crate::CircuitConfig;

/// The breaker of a Foundation service: that of all breakers, but without a limit of time of its own, as each of their calls has one
/// already.
pub(super) fn usual_breaker() -> CircuitConfig {
    CircuitConfig::default().without_call_timeout()
}

#[allow(clippy::ref_option)] // serde's signature
pub(super) fn is_usual_breaker(breaker: &Option<CircuitConfig>) -> bool {
    *breaker == Some(usual_breaker())
}
