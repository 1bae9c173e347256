//! Namespaces with circuit breakers, and calls through them.

use std::future::Future;
use std::time::Duration;

use mainstay_actors::breaker::{
    CircuitBreaker, CircuitBreakerRegistry, CircuitError, CircuitEventKind, CircuitEvents,
    CircuitState, NAME,
};
use mainstay_supervisors::specs::{
    CircuitBreakersSpec, CircuitConfig, NamespaceName, ServiceName, Strategy, SupervisorFlags,
};
use mainstay_supervisors::{Namespace, NamespacePlan, Process, Runtime};

/// A runtime of a test's own with one namespace.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) breakers: CircuitBreakerRegistry,
}

impl Bed {
    /// With a keeper and no breakers.
    pub(super) async fn new() -> Self {
        Self::with(CircuitBreakersSpec::default()).await
    }

    pub(super) async fn with(spec: CircuitBreakersSpec) -> Self {
        let flags = SupervisorFlags::new(Strategy::OneForOne);
        let flags = flags.intensity(u32::MAX, Duration::from_secs(1));
        let child = CircuitBreakerRegistry::child(spec);
        let plan = NamespacePlan::new().children_flags(flags).child(child);
        let runtime = Runtime::new();
        let name = NamespaceName::new("bed").expect("a name");
        let started = runtime.start_namespace(name, plan).await;
        let namespace = started.expect("it starts");
        let breakers = CircuitBreakerRegistry::of(&namespace);
        Self {
            runtime,
            namespace,
            breakers,
        }
    }

    /// A breaker called `db`.
    pub(super) fn breaker(&self, config: CircuitConfig) -> CircuitBreaker {
        let made = self.breakers.register_circuit(name("db"), config);
        made.expect("there is none yet")
    }

    pub(super) fn keeper(&self) -> Process {
        self.namespace.whereis(NAME).expect("the keeper runs")
    }

    /// Kills the keeper and waits for its successor.
    pub(super) async fn crash(&self) {
        let old = self.keeper();
        old.kill();
        old.ended().await;
        let next = self.namespace.registry().wait_for(&name(NAME)).await;
        assert_ne!(next, old);
        settle().await;
    }

    /// Stops all, which must leave nothing to be killed and nothing held.
    pub(super) async fn end(self) {
        let ledger = self.namespace.ledger().clone();
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(ledger.held().is_empty());
    }
}

pub(super) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

/// A breaker that stands alone.
pub(super) fn alone(config: CircuitConfig) -> CircuitBreaker {
    CircuitBreaker::new(name("db"), config).expect("it is valid")
}

/// Opens on the first failure.
pub(super) fn touchy() -> CircuitConfig {
    CircuitConfig::default().failure_threshold(1)
}

pub(super) async fn succeed(breaker: &CircuitBreaker) -> Result<(), CircuitError<&'static str>> {
    breaker.execute(|| async { Ok(()) }).await
}

pub(super) async fn fail(breaker: &CircuitBreaker) -> Result<(), CircuitError<&'static str>> {
    breaker.execute(|| async { Err("no") }).await
}

/// How long to wait, as a refusal now has it.
pub(super) fn retry_after(breaker: &CircuitBreaker) -> Duration {
    let refused = breaker.try_acquire().expect_err("it refuses");
    refused.retry_after().expect("it knows when")
}

pub(super) async fn advance(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// Lets all that can go on, on this thread, go on.
pub(super) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// The steps from state to state that are waiting in the stream.
pub(super) fn steps(events: &mut CircuitEvents) -> Vec<(u64, CircuitState, CircuitState)> {
    let mut steps = Vec::new();
    while let Some(event) = events.try_next() {
        if let CircuitEventKind::Transition(step) = event.expect("no lag").kind {
            steps.push((step.sequence, step.from, step.to));
        }
    }
    steps
}

/// Polls a future so often, and drops it.
pub(super) fn poll_times<F: Future>(future: F, times: usize) -> bool {
    let mut future = Box::pin(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    (0..times).any(|_| future.as_mut().poll(&mut cx).is_ready())
}
