//! What each guard costs a call that does nothing: a call of its own, then through a [`Protection`] with none, with each guard alone, and with
//! all of them; interleaved, as a table for the README.
//!
//! The protections are those of a namespace with all services, as in a node: guards are found by their names at each call, and each call is
//! measured. A call through the pool borrows a connection to SQLite that is idle, and gives it back.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use mainstay_actors::limiter::{RateKey, RateLimiterRegistry};
use mainstay_actors::pool::managers::sqlite::{Sqlite, SqliteOptions};
use mainstay_actors::pool::{ConnectionPoolRegistry, ConnectionSpec, PoolManager};
use mainstay_actors::protection::Protection;
use mainstay_actors::{CircuitBreakerRegistry, MemoryManager, TelemetryService};
use mainstay_specs::{
    CircuitConfig, ConnectionPoolsSpec, MemoryDemand, MemoryManagerSpec, NamespaceName,
    OperationClass, PoolConfig, ProtectionConfig, RateDemand, RateLimitConfig, ServiceName,
    TelemetrySpec,
};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};

use crate::{Options, Outcome};

/// So many calls of one side at a time.
const CALLS: u32 = 2_000;
const ROUNDS: usize = 201;

/// The guards, and what all of them go by.
const GUARDS: [&str; 7] = [
    "none, only counted and measured",
    "deadline",
    "circuit",
    "memory",
    "rate limit",
    "pool",
    "all",
];

/// Prints the table.
pub(super) fn table(options: &Options) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let rounds = if options.budget().is_zero() {
        5
    } else {
        ROUNDS
    };
    let (bare, guarded) = runtime.block_on(measure(rounds))?;
    println!("| a call through | ns | on top of a bare call | times a bare call |");
    println!("|---|---|---|---|");
    println!("| nothing: a bare async call | {bare:.1} | | 1 |");
    for (name, cost) in GUARDS.into_iter().zip(guarded) {
        println!(
            "| {name} | {cost:.0} | {:.0} | {:.0} |",
            cost - bare,
            cost / bare
        );
    }
    Ok(())
}

/// Nanoseconds a call, the median of the rounds: of a bare one, and through each of [`GUARDS`].
async fn measure(rounds: usize) -> Outcome<(f64, Vec<f64>)> {
    let runtime = Runtime::new();
    let namespace = start(&runtime).await?;
    let protections: Vec<Protection> = (0..GUARDS.len())
        .map(|nth| protection(&namespace, nth))
        .collect::<Outcome<_>>()?;
    let mut times = vec![Vec::with_capacity(rounds); GUARDS.len() + 1];
    // One more, to warm up.
    for round in 0..=rounds {
        for turn in 0..times.len() {
            let side = (turn + round) % times.len();
            let time = match side.checked_sub(1) {
                None => bare().await?,
                Some(guard) => through(&protections[guard]).await?,
            };
            if round > 0 {
                times[side].push(time);
            }
        }
    }
    runtime.stop(Duration::from_secs(5)).await;
    let mut medians = times.into_iter().map(median);
    let bare = medians.next().unwrap_or_default();
    Ok((bare, medians.collect()))
}

async fn start(runtime: &Runtime) -> Outcome<Namespace> {
    let plan = NamespacePlan::new()
        .service(TelemetryService::child(TelemetrySpec::default()))
        .service(MemoryManager::child(MemoryManagerSpec::default()))
        .service(ConnectionPoolRegistry::child(ConnectionPoolsSpec::default()));
    let name = NamespaceName::new("guards")?;
    let namespace = runtime.start_namespace(name, plan).await?;
    let circuits = CircuitBreakerRegistry::of(&namespace);
    circuits.register_circuit(db()?, CircuitConfig::default().without_call_timeout())?;
    // More than can be asked for.
    let limit = RateLimitConfig::token_bucket(100_000_000, Duration::from_secs(1));
    RateLimiterRegistry::of(&namespace).register(db()?, limit)?;
    let connections = ConnectionSpec::new(Sqlite::new(), SqliteOptions::memory());
    PoolManager::start(&namespace, db()?, PoolConfig::new(2), connections).await?;
    Ok(namespace)
}

fn db() -> Outcome<ServiceName> {
    Ok(ServiceName::new("db")?)
}

fn protection(namespace: &Namespace, nth: usize) -> Outcome<Protection> {
    let mut config = ProtectionConfig::default();
    let has = |guard: usize| nth == guard || nth == GUARDS.len() - 1;
    if has(1) {
        config = config.deadline(Duration::from_secs(20));
    }
    if has(2) {
        config = config.circuit(db()?);
    }
    if has(3) {
        config = config.memory(MemoryDemand::new(OperationClass::Read).bytes(4096));
    }
    if has(4) {
        config = config.rate_limit(RateDemand::new(db()?));
    }
    if has(5) {
        config = config.pool(db()?);
    }
    let name = ServiceName::new(format!("guarded-{nth}"))?;
    Ok(Protection::in_namespace(namespace, name, &config)?)
}

#[inline(never)]
async fn nothing() -> Result<u32, Infallible> {
    Ok(black_box(1))
}

async fn bare() -> Outcome<f64> {
    let began = Instant::now();
    for _ in 0..CALLS {
        black_box(black_box(nothing()).await?);
    }
    Ok(each(began))
}

async fn through(protection: &Protection) -> Outcome<f64> {
    let leases = protection.stats().config.pool.is_some();
    let began = Instant::now();
    for _ in 0..CALLS {
        let call = protection.key(RateKey::user("ada"));
        if leases {
            let call = call.leasing::<Sqlite>()?;
            black_box(call.run(async |_| nothing().await).await?);
        } else {
            black_box(call.run(nothing).await?);
        }
    }
    Ok(each(began))
}

fn each(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
