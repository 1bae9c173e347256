//! A namespace with every guard, and an operation behind all of them.

use std::future::Future;
use std::task::Poll;
use std::time::Duration;

use mainstay::testkit::{MockConnections, MockOptions};
use mainstay_actors::breaker::{CircuitBreaker, CircuitBreakerRegistry};
use mainstay_actors::limiter::{Limiter, RateLimiterRegistry};
use mainstay_actors::pool::{ConnectionPoolRegistry, ConnectionSpec, PoolManager};
use mainstay_actors::protection::{Protection, ProtectionCounts, ProtectionRegistry};
use mainstay_actors::{MetricsStore, TelemetryService};
use mainstay_supervisors::specs::{
    CircuitBreakersSpec, CircuitConfig, ConnectionPoolsSpec, NamespaceName, PoolConfig,
    ProtectionConfig, ProtectionsSpec, RateDemand, RateLimitConfig, RateLimitersSpec, ServiceName,
    TelemetrySpec,
};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};

/// A runtime of a test's own with one namespace, in which the operation `orders` goes through the breaker `db`, the limiter `api`, 3 calls a
/// minute for each key, and the pool `db` of one connection.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) protections: ProtectionRegistry,
    pub(super) breaker: CircuitBreaker,
    pub(super) limiter: Limiter,
    pub(super) pool: PoolManager<MockConnections>,
    pub(super) mock: MockConnections,
}

/// Every guard there is.
pub(super) fn all() -> ProtectionConfig {
    ProtectionConfig::default()
        .deadline(Duration::from_secs(2))
        .circuit(name("db"))
        .rate_limit(RateDemand::new(name("api")))
        .pool(name("db"))
}

/// All but the pool.
pub(super) fn without_pool() -> ProtectionConfig {
    let mut config = all();
    config.pool = None;
    config
}

impl Bed {
    pub(super) async fn new(config: ProtectionConfig) -> Self {
        let limit = RateLimitConfig::token_bucket(3, Duration::from_secs(60));
        let breakers = CircuitBreakersSpec::default()
            .breaker_with(name("db"), CircuitConfig::default().failure_threshold(2));
        let plan = NamespacePlan::new()
            .service(TelemetryService::child(TelemetrySpec::default()))
            .service(CircuitBreakerRegistry::child(breakers))
            .service(RateLimiterRegistry::child(
                RateLimitersSpec::default().limiter(name("api"), limit),
            ))
            .service(ConnectionPoolRegistry::child(ConnectionPoolsSpec::default()))
            .service(ProtectionRegistry::child(
                ProtectionsSpec::default().operation(name("orders"), config),
            ));
        let runtime = Runtime::new();
        let bed = NamespaceName::new("bed").expect("a name");
        let namespace = runtime.start_namespace(bed, plan).await;
        let namespace = namespace.expect("it starts");
        let mock = MockConnections::new();
        let pool = PoolConfig::default()
            .min_size(0)
            .max_size(1)
            .checkout_timeout(Duration::from_secs(10));
        let spec = ConnectionSpec::new(mock.clone(), MockOptions::default());
        let pools = ConnectionPoolRegistry::of(&namespace);
        let pool = pools.register_pool(name("db"), pool, spec).await;
        let breaker = CircuitBreakerRegistry::of(&namespace).circuit("db");
        let limiter = RateLimiterRegistry::of(&namespace).limiter("api");
        Self {
            protections: ProtectionRegistry::of(&namespace),
            breaker: breaker.expect("it is of the spec"),
            limiter: limiter
                .and_then(|limiter| limiter.local().cloned())
                .expect("it is of the spec"),
            pool: pool.expect("it can be made"),
            runtime,
            namespace,
            mock,
        }
    }

    pub(super) fn orders(&self) -> Protection {
        let orders = self.protections.protection("orders");
        orders.expect("it is of the spec")
    }

    pub(super) fn counts(&self) -> ProtectionCounts {
        self.orders().stats().counts
    }

    /// How many calls have been let through by the limiter, less those that were given back.
    pub(super) fn tokens_left(&self, key: &str) -> u32 {
        let key = mainstay_actors::limiter::RateKey::user(key);
        let status = self.limiter.status(key).expect("it has a key");
        status.expect("it has a key").remaining
    }

    pub(super) fn store(&self) -> MetricsStore {
        MetricsStore::in_namespace(&self.namespace).expect("it runs")
    }

    /// Stops all, which must leave nothing to be killed and nothing held.
    pub(super) async fn end(self) {
        let ledger = self.namespace.ledger().clone();
        let Self {
            runtime,
            namespace,
            protections,
            breaker,
            limiter,
            pool,
            ..
        } = self;
        drop((namespace, protections, breaker, limiter, pool));
        let report = runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(ledger.held().is_empty());
    }
}

pub(super) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no disk")]
pub(super) struct NoDisk;

/// An operation that works.
pub(super) async fn works() -> Result<&'static str, NoDisk> {
    Ok("an order")
}

/// An operation that does not.
pub(super) async fn fails() -> Result<&'static str, NoDisk> {
    Err(NoDisk)
}

/// Polls so many times, and drops; whether it was done.
pub(super) fn poll_times<F: Future>(future: F, times: usize) -> bool {
    let mut future = Box::pin(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    (0..times).any(|_| future.as_mut().poll(&mut cx).is_ready())
}

/// When a call is given up that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// As soon as it does.
    NotAtAll,
    /// When it has been told that it may go on.
    UntilItIsWoken,
}

/// Polls so many times, each when it is to be, and drops; what it has come to, if it has before.
pub(super) async fn given_up<F: Future>(
    future: F,
    polls: usize,
    waits: Waits,
) -> Option<F::Output> {
    let mut future = Some(Box::pin(future));
    let mut polls = polls;
    std::future::poll_fn(move |cx| {
        if polls > 0 {
            polls -= 1;
            let polled = future.as_mut().expect("it was not given up").as_mut();
            if let Poll::Ready(output) = polled.poll(cx) {
                return Poll::Ready(Some(output));
            }
            if polls > 0 || waits == Waits::UntilItIsWoken {
                return Poll::Pending;
            }
        }
        future = None;
        Poll::Ready(None)
    })
    .await
}

/// Lets all that can go on, on this thread, go on.
pub(super) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
