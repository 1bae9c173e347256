//! Ten thousand callers at once, on several threads, of the services of one namespace: in the end all of it adds up.

use std::time::Duration;

use mainstay::infrastructure::{InfraConfig, Infrastructure};
use mainstay::testkit::{MockConnections, MockOptions};
use mainstay_actors::breaker::CircuitBreaker;
use mainstay_actors::limiter::{AnyLimiter, RateKey};
use mainstay_actors::memory::{OperationClass, OperationPriority};
use mainstay_actors::metrics::PerformanceMonitor;
use mainstay_actors::pool::{ConnectionSpec, PoolManager};
use mainstay_supervisors::Process;
use mainstay_supervisors::specs::{CircuitConfig, PoolConfig, RateLimitConfig};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::support::{Bed, name, samples, simulated};

const CALLERS: u64 = 10_000;

/// Of so many users, each of which may call so often, and calls twice as often.
const USERS: u64 = 10;
const LIMIT: u32 = 500;

/// Longer than the test takes.
const LONG: Duration = Duration::from_secs(3 * 60 * 60);

/// What all callers go through.
#[derive(Clone)]
struct Services {
    limiter: AnyLimiter,
    breaker: CircuitBreaker,
    pool: PoolManager<MockConnections>,
    monitor: PerformanceMonitor,
}

impl Services {
    async fn of(infra: &Infrastructure, mock: &MockConnections) -> Self {
        let limit = RateLimitConfig::sliding_window(LIMIT, LONG);
        let breaker = CircuitConfig::default().failure_threshold(10_000);
        let mut pool = PoolConfig::new(8).checkout_timeout(LONG);
        pool.waiters_max = 10_000;
        let spec = ConnectionSpec::new(mock.clone(), MockOptions::default());
        let pools = infra.connection_pools();
        let breakers = infra.circuit_breakers();
        Self {
            limiter: infra
                .rate_limiters()
                .register(name("crowd"), limit)
                .unwrap(),
            breaker: breakers.register_circuit(name("crowd"), breaker).unwrap(),
            pool: pools
                .register_pool(name("crowd"), pool, spec)
                .await
                .unwrap(),
            monitor: infra.performance_monitor().clone(),
        }
    }

    /// Every fifth that is let through fails; `None` if it is not let through.
    async fn call(&self, nth: u64) -> Option<bool> {
        let user = format!("user-{}", nth % USERS);
        self.limiter.check(RateKey::user(&user)).await.ok()?;
        let answer = self.breaker.execute(|| async {
            let operation = async {
                let lease = self.pool.checkout().await.unwrap();
                tokio::task::yield_now().await;
                drop(lease);
                // Of each user's calls as many as of others.
                if nth / USERS % 5 == 4 {
                    Err("no answer")
                } else {
                    Ok(())
                }
            };
            self.monitor.measure("crowd.call", operation).unwrap().await
        });
        Some(answer.await.is_ok())
    }
}

fn paths(bed: &Bed) -> Vec<String> {
    let processes = bed.namespace.processes();
    processes.iter().map(Process::path).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_calls_of_ten_thousand_callers_are_accounted_for() {
    let bed = Bed::new(simulated(InfraConfig::new())).await;
    let mock = MockConnections::new();
    let services = Services::of(&bed.infra, &mock).await;
    let before = paths(&bed);
    let memory = bed.infra.memory_manager();
    let (go, told) = watch::channel(false);
    let mut callers = JoinSet::new();
    for nth in 0..CALLERS {
        let (services, memory, mut told) = (services.clone(), memory.clone(), told.clone());
        callers.spawn(async move {
            told.wait_for(|go| *go).await.unwrap();
            let (write, normal) = (OperationClass::Write, OperationPriority::Normal);
            let admission = memory.check_operation_allowed(write, 4096, normal);
            assert!(admission.is_admitted());
            services.call(nth).await
        });
    }
    go.send(true).unwrap();
    let answers = callers.join_all().await;
    let through = answers.iter().flatten().count() as u64;
    let failures = answers
        .iter()
        .flatten()
        .filter(|went_well| !**went_well)
        .count() as u64;

    let allowed = USERS * u64::from(LIMIT);
    assert_eq!(through, allowed);
    let limiter = services.limiter.local().unwrap().stats();
    assert_eq!(
        (limiter.admitted, limiter.refused),
        (allowed, CALLERS - allowed)
    );
    assert_eq!(limiter.waiting, 0);
    let breaker = services.breaker.stats().totals;
    assert_eq!(
        (breaker.successes, breaker.failures),
        (allowed - failures, failures)
    );
    assert_eq!((breaker.ignored, breaker.cancelled), (0, 0));
    assert_eq!(samples(&bed.namespace, "crowd.call"), allowed);
    let pool = services.pool.stats();
    assert_eq!((pool.leased, pool.waiting, pool.live), (0, 0, pool.idle));
    assert_eq!(
        (pool.totals.lent, mock.counts().open),
        (allowed, u64::from(pool.live))
    );
    // Those that have made connections come to their end as well, and nobody else is there.
    let all_gone = async {
        while paths(&bed) != before {
            tokio::task::yield_now().await;
        }
    };
    let all_gone = tokio::time::timeout(Duration::from_secs(30), all_gone).await;
    assert!(all_gone.is_ok(), "{:?}", paths(&bed));
    drop(services);
    bed.end().await;
}
