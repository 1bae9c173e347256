//! Namespaces with rate limiters, and calls through them.

use std::future::Future;
use std::time::Duration;

use mainstay_actors::limiter::{AnyLimiter, Limiter, NAME, RateKey, RateLimiterRegistry};
use mainstay_supervisors::specs::{
    Algorithm, NamespaceName, RateLimitConfig, RateLimitersSpec, ServiceName, Strategy,
    SupervisorFlags,
};
use mainstay_supervisors::{Namespace, NamespacePlan, Process, Runtime};

pub(super) const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::TokenBucket,
    Algorithm::SlidingWindow,
    Algorithm::SlidingWindowApproximate,
    Algorithm::FixedWindow,
];

/// A runtime of a test's own with one namespace.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) limiters: RateLimiterRegistry,
}

impl Bed {
    /// With a keeper and no limiters.
    pub(super) async fn new() -> Self {
        Self::with(RateLimitersSpec::default()).await
    }

    pub(super) async fn with(spec: RateLimitersSpec) -> Self {
        let flags = SupervisorFlags::new(Strategy::OneForOne);
        let flags = flags.intensity(u32::MAX, Duration::from_secs(1));
        let child = RateLimiterRegistry::child(spec);
        let plan = NamespacePlan::new().children_flags(flags).child(child);
        let runtime = Runtime::new();
        let name = NamespaceName::new("bed").expect("a name");
        let started = runtime.start_namespace(name, plan).await;
        let namespace = started.expect("it starts");
        let limiters = RateLimiterRegistry::of(&namespace);
        Self {
            runtime,
            namespace,
            limiters,
        }
    }

    /// A limiter called `api`.
    pub(super) fn limiter(&self, config: RateLimitConfig) -> Limiter {
        let made = self.limiters.register(name("api"), config);
        local(&made.expect("there is none yet"))
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

/// One that counts in this process.
pub(super) fn local(limiter: &AnyLimiter) -> Limiter {
    limiter.local().expect("it counts here").clone()
}

/// A limiter that stands alone.
pub(super) fn alone(config: RateLimitConfig) -> Limiter {
    Limiter::new(name("api"), config).expect("it is valid")
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How many calls that cost 1 are let through, of so many.
pub(super) fn admitted(limiter: &Limiter, key: &str, calls: u32) -> u32 {
    let let_through = |_: &u32| limiter.check(RateKey::from(key)).is_ok();
    u32::try_from((0..calls).filter(let_through).count()).expect("it is less than calls")
}

pub(super) fn remaining(limiter: &Limiter, key: &str) -> u32 {
    let status = limiter.status(RateKey::from(key)).expect("there is a key");
    status.expect("there is a key").remaining
}

/// Lets all that can go on, on this thread, go on.
pub(super) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Polls a future so often, and drops it.
pub(super) fn poll_times<F: Future>(future: F, times: usize) -> bool {
    let mut future = Box::pin(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    (0..times).any(|_| future.as_mut().poll(&mut cx).is_ready())
}
