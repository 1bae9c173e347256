//! The guards, as they are used.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use mainstay_actors::breaker::CircuitBreaker;
use mainstay_actors::limiter::{Limiter, RateKey, RateLimitError};
use mainstay_actors::pool::managers::sqlite::{Sqlite, SqliteOptions};
use mainstay_actors::pool::{ConnectionPoolRegistry, ConnectionSpec, PoolManager};
use mainstay_specs::{
    CircuitConfig, ConnectionPoolsSpec, NamespaceName, PoolConfig, RateLimitConfig, ServiceName,
};
use mainstay_supervisors::{NamespacePlan, Runtime};

use super::sample::Sample;
use super::{calls, on_two_threads};
use crate::{Options, Outcome};

/// So many calls of each sample.
const CALLS: usize = 200_000;

const CONNECTIONS: u32 = 4;
const BORROWERS: u32 = 32;
const CHECKOUTS: usize = 20_000;
/// Each of these ends its connection.
const BREAKS_EACH: usize = 50;

/// Calls that do nothing, through a circuit breaker, on two threads.
pub(super) fn breaker(options: &Options) -> Outcome<Sample> {
    let calls = calls(options, CALLS);
    on_two_threads(async move {
        let breaker = CircuitBreaker::new(ServiceName::new("db")?, CircuitConfig::default())?;
        let breaker = Arc::new(breaker);
        let other = tokio::spawn(through(Arc::clone(&breaker), calls));
        let ours = through(breaker, calls).await?;
        Ok(ours.join(other.await??))
    })
}

async fn through(breaker: Arc<CircuitBreaker>, calls: usize) -> Outcome<Sample> {
    let mut sample = Sample::default();
    for _ in 0..calls {
        let call = breaker.execute(|| async { Ok::<_, Infallible>(()) });
        sample.time_async(call).await?;
    }
    Ok(sample)
}

/// One key, asked for by two threads, with a limit that lets all calls through.
pub(super) fn limiter(options: &Options) -> Outcome<Sample> {
    let calls = calls(options, CALLS);
    let all = u32::try_from(2 * calls)?;
    let tokens = RateLimitConfig::token_bucket(all, Duration::from_secs(1));
    let limiter = Limiter::new("api".parse()?, tokens)?;
    let asked = || -> Result<Sample, RateLimitError> {
        let mut sample = Sample::default();
        for _ in 0..calls {
            sample.time(|| limiter.check(RateKey::user("ada")))?;
        }
        Ok(sample)
    };
    let (ours, other) = std::thread::scope(|scope| {
        let other = scope.spawn(asked);
        (asked(), other.join())
    });
    let other = other.map_err(|_| "the other thread panicked")?;
    Ok(ours?.join(other?))
}

/// Connections to SQLite, of which some break; and how many of a hundred checkouts were of one that was there already.
pub(super) fn pool(options: &Options) -> Outcome<(Sample, f64)> {
    let checkouts = calls(options, CHECKOUTS);
    on_two_threads(async move {
        let plan = NamespacePlan::new();
        let plan = plan.service(ConnectionPoolRegistry::child(ConnectionPoolsSpec::default()));
        let runtime = Runtime::new();
        let namespace = runtime
            .start_namespace(NamespaceName::new("bench")?, plan)
            .await?;
        let (name, config) = (ServiceName::new("db")?, PoolConfig::new(CONNECTIONS));
        let spec = ConnectionSpec::new(Sqlite::new(), SqliteOptions::memory());
        let pool = PoolManager::start(&namespace, name, config, spec).await?;

        let each = checkouts / BORROWERS as usize;
        let borrow = |pool: PoolManager<Sqlite>| borrow(pool, each);
        let borrowers: Vec<_> = (0..BORROWERS)
            .map(|_| tokio::spawn(borrow(pool.clone())))
            .collect();
        let mut sample = Sample::default();
        for borrower in borrowers {
            sample = sample.join(borrower.await??);
        }
        let totals = pool.stats().totals;
        let reused = 100.0 * (1.0 - totals.opened as f64 / totals.lent as f64);
        runtime.stop(Duration::from_secs(5)).await;
        Ok((sample, reused))
    })
}

async fn borrow(pool: PoolManager<Sqlite>, times: usize) -> Outcome<Sample> {
    let mut sample = Sample::default();
    for nth in 1..=times {
        let mut lease = sample.time_async(pool.checkout()).await?;
        let one: i64 = lease
            .call(|c| c.query_row("SELECT 1", [], |row| row.get(0)))
            .await?;
        if nth % BREAKS_EACH == 0 {
            lease.discard();
        } else if one != 1 {
            return Err(format!("expected 1, found {one}").into());
        }
    }
    Ok(sample)
}
