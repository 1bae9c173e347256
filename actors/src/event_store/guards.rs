//! The circuit breakers of a store: trouble with storing does not shut off asking, nor the other way round.

use std::future::Future;
use std::time::Duration;

use mainstay_specs::{CircuitConfig, EventStoreSpec, ServiceName};
use mainstay_supervisors::Namespace;

use super::error::StoreError;
use super::handle::NAME;
use crate::breaker::{
    CircuitBreaker, CircuitBreakerRegistry, CircuitError, Outcome, RegisterCircuitError,
};

/// The circuit breaker of questions, in the registry of the namespace. That of storing has the [name](NAME) of the store.
pub const QUERIES: &str = "event_store.queries";

/// Nothing is refused where there are none.
#[derive(Clone, Debug)]
pub(crate) struct Guards {
    storing: Option<CircuitBreaker>,
    asking: Option<CircuitBreaker>,
}

impl Guards {
    /// Those that a spec says. Breakers of these names that are there already go by it from now on.
    pub(crate) fn of(
        namespace: &Namespace,
        spec: &EventStoreSpec,
    ) -> Result<Self, RegisterCircuitError> {
        let made = |name| make(namespace, name, spec.breaker.as_ref());
        Ok(Self {
            storing: made(NAME)?,
            asking: made(QUERIES)?,
        })
    }

    /// Stores, unless that is refused. What is refused is not stored.
    pub(crate) async fn store<T, F>(
        &self,
        patience: Patience,
        store: impl FnOnce() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        through(self.storing.as_ref(), patience, store).await
    }

    /// Asks, unless that is refused.
    pub(crate) async fn ask<T, F>(
        &self,
        patience: Patience,
        ask: impl FnOnce() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        through(self.asking.as_ref(), patience, ask).await
    }
}

/// Whether a caller waits as long as the spec says, or gives up before: then that there was no answer tells nothing about the store, and
/// one who is in a hurry does not shut it off for all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    Usual,
    Less,
}

impl Patience {
    pub(crate) fn of(limit: Duration, spec: &EventStoreSpec) -> Self {
        if limit < spec.time_limit {
            Self::Less
        } else {
            Self::Usual
        }
    }
}

fn make(
    namespace: &Namespace,
    name: &str,
    config: Option<&CircuitConfig>,
) -> Result<Option<CircuitBreaker>, RegisterCircuitError> {
    // Not empty, short, and without `/` and white space.
    let name = ServiceName::new(name).expect("a name");
    let breakers = CircuitBreakerRegistry::of(namespace);
    let made = config.map(|config| breakers.circuit_going_by(&name, config));
    made.transpose()
}

async fn through<T, F>(
    breaker: Option<&CircuitBreaker>,
    patience: Patience,
    call: impl FnOnce() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let Some(breaker) = breaker else {
        return call().await;
    };
    let outcome = move |result: &Result<T, StoreError>| outcome(result, patience);
    let done = breaker.execute_with(outcome, call).await;
    done.map_err(|error| match error {
        CircuitError::Failed(error) => error,
        CircuitError::Open(refusal) => StoreError::CircuitOpen(Box::new(refusal)),
        CircuitError::Timeout(limit) => StoreError::Timeout(limit),
        CircuitError::Missing(_) | CircuitError::Register(_) => {
            unreachable!("the breaker is at hand")
        }
    })
}

/// What a result tells about what is behind the store; that it was too slow for a caller with less patience than the store has tells nothing.
fn outcome<T>(result: &Result<T, StoreError>, patience: Patience) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(StoreError::Timeout(_) | StoreError::Unavailable(_)) if patience == Patience::Less => {
            Outcome::Ignored
        }
        Err(error) => error.outcome(),
    }
}
