//! Pools under load while their servers are restarted, paused and killed.
//!
//! Borrowers leave connections as bad borrowers do: with open transactions, changed settings, queries nobody waits for. Each looks first
//! whether it sees something of the one before.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Load`]: borrowers, and what they come to |
//! | `postgres.rs`, `redis.rs`, `sqlite.rs` | of each kind |

mod postgres;
mod redis;
mod sqlite;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mainstay_actors::pool::{ConnectionPool, ConnectionPoolRegistry, ConnectionSpec, PoolManager};
use mainstay_supervisors::specs::{
    Backoff, ConnectionPoolsSpec, NamespaceName, PoolConfig, ServiceName,
};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{FOR_EVER, until};

/// How long a borrower waits for a connection.
const CHECKOUT: Duration = Duration::from_millis(500);

/// How long it waits for what it does with one.
const USE: Duration = Duration::from_millis(500);

/// By how much a borrower may be told too late, beside what the machine is late for everything: see [`Lag`].
const LATE: Duration = Duration::from_millis(100);

/// A namespace with one pool.
struct Bed<P: ConnectionPool> {
    runtime: Runtime,
    _namespace: Namespace,
    pool: PoolManager<P>,
}

impl<P: ConnectionPool> Bed<P> {
    async fn new(config: PoolConfig, spec: ConnectionSpec<P>) -> Self {
        let service = ConnectionPoolRegistry::child(ConnectionPoolsSpec::default());
        let plan = NamespacePlan::new().service(service);
        let runtime = Runtime::new();
        let name = NamespaceName::new("bed").expect("a name");
        let namespace = runtime
            .start_namespace(name, plan)
            .await
            .expect("it starts");
        let pools = ConnectionPoolRegistry::of(&namespace);
        let name = ServiceName::new("db").expect("a name");
        let pool = pools
            .register_pool(name, config, spec)
            .await
            .expect("there is none");
        Self {
            runtime,
            _namespace: namespace,
            pool,
        }
    }

    /// Waits until nobody has a connection, and as many are idle as are to be kept.
    async fn heals(&self) {
        let min = self.pool.config().min_size;
        until("the pool is whole again", || async {
            let stats = self.pool.stats();
            stats.live == stats.idle && stats.idle >= min
        })
        .await;
    }

    async fn end(self) {
        drop(self.pool);
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
    }
}

/// What a server that is gone is noticed by soon.
fn config(min: u32, max: u32) -> PoolConfig {
    let backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(100));
    let mut config = PoolConfig::new(max).min_size(min).backoff(backoff);
    config.connect_timeout = Duration::from_secs(1);
    config.ping_timeout = Duration::from_millis(500);
    config.reset_timeout = Duration::from_secs(1);
    config.close_timeout = Duration::from_millis(500);
    config.keepalive = Some(Duration::from_millis(500));
    config
}

/// What borrowers have come to so far.
#[derive(Debug, Default)]
struct Tally {
    served: AtomicU64,
    failed: AtomicU64,
    /// How often one saw something of another.
    soiled: AtomicU64,
    /// The most by which one had neither a connection nor an error in time, in microseconds.
    late: AtomicU64,
    ended: AtomicBool,
}

/// What a borrower has come to that had a connection.
enum Seen {
    /// It did what it wanted.
    Clean,
    /// It saw something of another.
    Soiled,
    /// The server did not do what it was asked for.
    Failed,
}

/// By how much this machine is late with what it has to do at some time: it may have much else to do. In microseconds, and the most so far.
///
/// One sleeps and wakes another one, as a keeper does that minds the time of those who wait: what they are late by no pool can help.
#[derive(Debug, Default)]
struct Lag(AtomicU64);

impl Lag {
    /// Measures until this is dropped.
    fn measure(self: &Arc<Self>, beside: &mut JoinSet<()>) {
        let (sender, mut due) = mpsc::unbounded_channel();
        let lag = Arc::clone(self);
        beside.spawn(async move {
            while let Some(at) = due.recv().await {
                let late = Instant::now().saturating_duration_since(at);
                lag.0.fetch_max(micros(late), Ordering::Relaxed);
            }
        });
        beside.spawn(async move {
            loop {
                let at = Instant::now() + PROBE;
                tokio::time::sleep(PROBE).await;
                if sender.send(at).is_err() {
                    return;
                }
            }
        });
    }
}

/// How long those sleep who measure the lag, and how many there are: enough that one is due at any time, on every thread.
const PROBE: Duration = Duration::from_millis(10);
const PROBES: usize = 8;

/// Between the moment at which somebody's time is up and that at which it goes on, three tasks have their turn: the timer's, the keeper,
/// and who waits. Each may be as late as the worst of those who only sleep.
const TURNS: u64 = 3;

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Borrowers that borrow all the time.
struct Load<P: ConnectionPool> {
    pool: PoolManager<P>,
    tally: Arc<Tally>,
    borrowers: JoinSet<()>,
    lag: Arc<Lag>,
    /// Those who measure it.
    probes: JoinSet<()>,
}

impl<P: ConnectionPool> Load<P> {
    /// Starts so many borrowers. Each turn has a number that no other has, and is given a lease to do with as it likes.
    fn start<F, W>(pool: &PoolManager<P>, count: u64, work: W) -> Self
    where
        F: Future<Output = Seen> + Send,
        W: Fn(u64, mainstay_actors::pool::Lease<P>) -> F + Clone + Send + Sync + 'static,
    {
        let tally = Arc::new(Tally::default());
        let mut borrowers = JoinSet::new();
        for nth in 0..count {
            let (tally, pool, work) = (Arc::clone(&tally), pool.clone(), work.clone());
            borrowers.spawn(async move {
                let mut turn = nth;
                while !tally.ended.load(Ordering::Relaxed) {
                    tally.turn(&pool, |lease| work(turn, lease)).await;
                    turn += count;
                }
            });
        }
        let (lag, mut probes) = (Arc::new(Lag::default()), JoinSet::new());
        (0..PROBES).for_each(|_| lag.measure(&mut probes));
        Self {
            pool: pool.clone(),
            tally,
            borrowers,
            lag,
            probes,
        }
    }

    /// Waits until there are as many connections again as are to be kept, while borrowers go on.
    async fn heals(&self) {
        let min = self.pool.config().min_size;
        until("as many work as are to be kept", || async {
            let stats = self.pool.stats();
            stats.idle + stats.leased >= min && stats.connect_failures == 0
        })
        .await;
    }

    /// Waits until so many more were served.
    async fn serves(&self, more: u64) {
        self.counts(|tally| &tally.served, more).await;
    }

    /// Waits until so many more have been told that it does not work.
    async fn fails(&self, more: u64) {
        self.counts(|tally| &tally.failed, more).await;
    }

    async fn counts(&self, which: fn(&Tally) -> &AtomicU64, more: u64) {
        let count = || which(&self.tally).load(Ordering::Relaxed);
        let (goal, began) = (count() + more, Instant::now());
        while count() < goal {
            let (tally, stats) = (&self.tally, self.pool.stats());
            assert!(
                began.elapsed() < FOR_EVER,
                "not {more} more: {tally:?}, {stats:?}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets all borrowers end; each has to be served or told within its time, and none may have seen anything of another.
    async fn end(mut self) {
        self.tally.ended.store(true, Ordering::Relaxed);
        while let Some(ended) = super::soon(self.borrowers.join_next()).await {
            ended.expect("no borrower panics");
        }
        self.probes.shutdown().await;
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        assert_eq!(count(&self.tally.soiled), 0);
        let (late, lag) = (count(&self.tally.late), count(&self.lag.0));
        assert!(
            late <= TURNS * lag + micros(LATE),
            "told {late} µs too late, where what only sleeps was late by {lag} µs"
        );
    }
}

impl Tally {
    async fn turn<P, F>(
        &self,
        pool: &PoolManager<P>,
        work: impl FnOnce(mainstay_actors::pool::Lease<P>) -> F,
    ) where
        P: ConnectionPool,
        F: Future<Output = Seen>,
    {
        let began = Instant::now();
        let lease = pool.checkout_within(CHECKOUT).await;
        let late = began.elapsed().saturating_sub(CHECKOUT);
        self.late.fetch_max(micros(late), Ordering::Relaxed);
        let seen = match lease {
            Ok(lease) => timeout(USE, work(lease)).await.unwrap_or(Seen::Failed),
            Err(_) => Seen::Failed,
        };
        let count = match seen {
            Seen::Clean => &self.served,
            Seen::Soiled => &self.soiled,
            Seen::Failed => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

/// Of those that were lent a connection, more than 90 % must have had one that was there already.
fn is_reused<P: ConnectionPool>(pool: &PoolManager<P>) {
    let totals = pool.stats().totals;
    assert!(totals.opened * 10 < totals.lent, "{totals:?}");
}
