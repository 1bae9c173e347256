//! How circuit breakers fare, and what they say of others.

use mainstay_supervisors::Namespace;

use super::super::checkable::HealthCheckable;
use super::super::result::CheckResult;
use super::{Home, look};
use crate::CircuitBreakerRegistry;
use crate::breaker::{CircuitBreaker, CircuitState, NAME};

/// How the circuit breakers of a namespace fare: `circuit_breakers_self_check`, which is degraded while the keeper is down, as breakers
/// work all the same; `circuit_breakers_open`, degraded while one refuses calls: what it is for is down.
#[derive(Clone, Debug)]
pub struct CircuitBreakersHealthCheck(Home);

impl CircuitBreakersHealthCheck {
    /// The part that tells of those that refuse calls.
    pub const OPEN: &'static str = "circuit_breakers_open";

    /// Looks at the circuit breakers of this namespace, as they are each time. Keeps nothing up.
    #[must_use]
    pub fn new(namespace: &Namespace) -> Self {
        Self(Home::of(namespace))
    }

    fn open(&self) -> CheckResult {
        look(Self::OPEN, self.0.namespace(), |namespace| {
            let registry = CircuitBreakerRegistry::of(&namespace);
            let of_families = registry.families();
            let of_families = of_families.iter().flat_map(|family| family.breakers());
            let (mut open, mut half_open, mut count) = (Vec::new(), 0_usize, 0_usize);
            let mut more = 0_usize;
            for breaker in registry.circuits().into_iter().chain(of_families) {
                count += 1;
                match breaker.state() {
                    CircuitState::Open | CircuitState::ForcedOpen if open.len() < NAMES_MAX => {
                        open.push(label(&breaker));
                    }
                    CircuitState::Open | CircuitState::ForcedOpen => more += 1,
                    CircuitState::HalfOpen => half_open += 1,
                    _ => {}
                }
            }
            let result = if open.is_empty() {
                CheckResult::healthy(Self::OPEN, "No breaker is open")
            } else {
                let and_more = if more == 0 {
                    String::new()
                } else {
                    format!(" and {more} more")
                };
                let message = format!("open: {}{and_more}", open.join(", "));
                CheckResult::degraded(Self::OPEN, message)
            };
            result
                .with("breakers", count)
                .with("open", open.len() + more)
                .with("half_open", half_open)
        })
    }
}

/// The most that are named.
const NAMES_MAX: usize = 16;

fn label(breaker: &CircuitBreaker) -> String {
    match breaker.key() {
        Some(key) => format!("{}[{key}]", breaker.name()),
        None => breaker.name().to_string(),
    }
}

impl HealthCheckable for CircuitBreakersHealthCheck {
    async fn self_diagnostic(&self) -> CheckResult {
        const PART: &str = "circuit_breakers_self_check";
        look(PART, self.0.namespace(), |namespace| {
            if namespace.whereis(NAME).is_some() {
                return CheckResult::healthy(PART, "CircuitBreakers operational");
            }
            CheckResult::degraded(PART, "The keeper is down; breakers work all the same")
        })
    }

    async fn dependency_health_check(&self) -> Vec<CheckResult> {
        vec![self.open()]
    }
}
