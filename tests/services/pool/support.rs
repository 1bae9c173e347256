//! Namespaces with pools, and connections that do as they are told.

use std::collections::{BTreeSet, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_actors::pool::{
    Condition, ConnectionPool, ConnectionPoolRegistry, ConnectionPoolSupervisor, ConnectionSpec,
    LeaseEnd, PoolManager, PoolStats,
};
use mainstay_supervisors::specs::{
    Backoff, ConnectionPoolsSpec, NamespaceName, PoolConfig, ServiceName, Strategy, SupervisorFlags,
};
use mainstay_supervisors::{
    ChildStatus, Namespace, NamespacePlan, Process, Runtime, SupervisorRef, TreeNode,
};

/// What becomes of something that is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Works,
    Fails,
    Panics,
    Hangs,
    /// Works after so many milliseconds.
    Takes(u64),
}

/// What connections go to: it does as it is told, and knows what was done to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Server(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// Of the next attempts; after them each one works.
    connects: VecDeque<Fate>,
    /// Of all attempts beyond that.
    all_connects: Option<Fate>,
    pings: Option<Fate>,
    resets: Option<Fate>,
    closes: Option<Fate>,
    /// The condition of what comes back by itself.
    condition: Option<Condition>,
    attempts: Vec<Attempt>,
    /// Those that are there.
    open: BTreeSet<u64>,
    /// Those that were closed with a goodbye, in order.
    closed: Vec<u64>,
    pinged: Vec<u64>,
    reset: Vec<u64>,
    ends: Vec<(u64, LeaseEnd)>,
    next: u64,
}

/// An attempt to connect: when, since the server was made, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) at: tokio::time::Instant,
    pub(super) password: &'static str,
}

/// A connection; dropped, it is gone, with a goodbye or without.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) number: u64,
    server: Server,
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.server.lock().open.remove(&self.number);
    }
}

/// The server does not want to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server says no")]
pub(super) struct No;

impl Server {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next attempts to connect.
    pub(super) fn connects(&self, fates: &[Fate]) {
        self.lock().connects.extend(fates);
    }

    /// All attempts to connect from now on.
    pub(super) fn all_connects(&self, fate: Fate) {
        self.lock().all_connects = Some(fate);
    }

    pub(super) fn pings(&self, fate: Fate) {
        self.lock().pings = Some(fate);
    }

    pub(super) fn resets(&self, fate: Fate) {
        self.lock().resets = Some(fate);
    }

    pub(super) fn closes(&self, fate: Fate) {
        self.lock().closes = Some(fate);
    }

    /// What comes back is in this condition.
    pub(super) fn condition(&self, condition: Condition) {
        self.lock().condition = Some(condition);
    }

    /// When attempts to connect were made, in milliseconds since then.
    pub(super) fn attempts_since(&self, begun: tokio::time::Instant) -> Vec<u128> {
        let known = self.lock();
        let since = |attempt: &Attempt| attempt.at.duration_since(begun).as_millis();
        known.attempts.iter().map(since).collect()
    }

    pub(super) fn attempts(&self) -> usize {
        self.lock().attempts.len()
    }

    pub(super) fn passwords(&self) -> Vec<&'static str> {
        let known = self.lock();
        known.attempts.iter().map(|one| one.password).collect()
    }

    pub(super) fn open(&self) -> Vec<u64> {
        self.lock().open.iter().copied().collect()
    }

    pub(super) fn closed(&self) -> Vec<u64> {
        self.lock().closed.clone()
    }

    pub(super) fn pinged(&self) -> Vec<u64> {
        self.lock().pinged.clone()
    }

    pub(super) fn was_reset(&self) -> Vec<u64> {
        self.lock().reset.clone()
    }

    pub(super) fn ends(&self) -> Vec<(u64, LeaseEnd)> {
        self.lock().ends.clone()
    }
}

async fn do_it(fate: Fate) -> Result<(), No> {
    match fate {
        Fate::Works => Ok(()),
        Fate::Fails => Err(No),
        Fate::Panics => panic!("out of order"),
        Fate::Hangs => pending().await,
        Fate::Takes(milliseconds) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            Ok(())
        }
    }
}

/// The manager of connections to a [`Server`], with a password for options.
#[derive(Debug)]
pub(super) struct Driver(pub(super) Server);

impl ConnectionPool for Driver {
    type Conn = Conn;
    type Options = &'static str;
    type Error = No;

    async fn create_connection(&self, password: &&'static str) -> Result<Conn, No> {
        let fate = {
            let mut known = self.0.lock();
            let at = tokio::time::Instant::now();
            known.attempts.push(Attempt { at, password });
            let next = known.connects.pop_front();
            next.or(known.all_connects).unwrap_or(Fate::Works)
        };
        do_it(fate).await?;
        let mut known = self.0.lock();
        known.next += 1;
        let number = known.next;
        known.open.insert(number);
        drop(known);
        let server = self.0.clone();
        Ok(Conn { number, server })
    }

    async fn close_connection(&self, conn: Conn) {
        let fate = self.0.lock().closes.unwrap_or(Fate::Works);
        do_it(fate).await.ok();
        self.0.lock().closed.push(conn.number);
    }

    async fn ping_connection(&self, conn: &mut Conn) -> Result<(), No> {
        let fate = {
            let mut known = self.0.lock();
            known.pinged.push(conn.number);
            known.pings.unwrap_or(Fate::Works)
        };
        do_it(fate).await
    }

    async fn reset_connection(&self, conn: &mut Conn) -> Result<(), No> {
        let fate = {
            let mut known = self.0.lock();
            known.reset.push(conn.number);
            known.resets.unwrap_or(Fate::Works)
        };
        do_it(fate).await
    }

    fn condition(&self, conn: &mut Conn, end: LeaseEnd) -> Condition {
        let mut known = self.0.lock();
        known.ends.push((conn.number, end));
        match end {
            LeaseEnd::CheckedIn | LeaseEnd::Dropped => known.condition.unwrap_or(Condition::Clean),
            _ => Condition::Broken,
        }
    }
}

pub(super) type Pool = PoolManager<Driver>;

/// A runtime of a test's own with one namespace, in which the service runs.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) pools: ConnectionPoolRegistry,
    pub(super) server: Server,
}

impl Bed {
    pub(super) async fn new() -> Self {
        Self::with(ConnectionPoolsSpec::default()).await
    }

    pub(super) async fn with(spec: ConnectionPoolsSpec) -> Self {
        let flags = SupervisorFlags::new(Strategy::OneForOne);
        let flags = flags.intensity(u32::MAX, Duration::from_secs(1));
        let plan = NamespacePlan::new().children_flags(flags);
        let plan = plan.service(ConnectionPoolRegistry::child(spec));
        let runtime = Runtime::new();
        let bed = NamespaceName::new("bed").expect("a name");
        let started = runtime.start_namespace(bed, plan).await;
        let namespace = started.expect("it starts");
        let pools = ConnectionPoolRegistry::of(&namespace);
        Self {
            runtime,
            namespace,
            pools,
            server: Server::default(),
        }
    }

    /// A pool called `db`.
    pub(super) async fn pool(&self, config: PoolConfig) -> Pool {
        self.pool_of("db", config, &self.server).await
    }

    pub(super) async fn pool_of(&self, called: &str, config: PoolConfig, server: &Server) -> Pool {
        let spec = ConnectionSpec::new(Driver(server.clone()), "first");
        let made = self.pools.register_pool(name(called), config, spec).await;
        let pool = made.expect("there is none yet");
        settle().await;
        pool
    }

    /// The supervisor of the processes of a pool.
    pub(super) async fn supervisor_of(&self, pool: &str) -> SupervisorRef {
        let pools = ConnectionPoolSupervisor::of(&self.namespace).expect("it runs");
        let process = child_of(&pools, pool).await.expect("it runs");
        process.supervisor().expect("it is one")
    }

    /// A process of the pool `db`.
    pub(super) async fn part(&self, id: &str) -> Process {
        let supervisor = self.supervisor_of("db").await;
        child_of(&supervisor, id).await.expect("it runs")
    }

    /// Kills a process of the pool `db`, and waits for its successor.
    pub(super) async fn crash(&self, id: &str) {
        let old = self.part(id).await;
        old.kill();
        old.ended().await;
        settle().await;
        assert_ne!(self.part(id).await, old);
    }

    /// Starts a child of the application.
    pub(super) async fn child(&self, child: mainstay_supervisors::Child) -> Process {
        let started = self.namespace.start_child(child).await.expect("it starts");
        started.process().expect("it runs").clone()
    }

    /// Stops all, which must leave nothing to be killed, nothing held, and no connection.
    pub(super) async fn end(self) {
        let ledger = self.namespace.ledger().clone();
        let report = self.runtime.stop(Duration::from_secs(3600)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(ledger.held().is_empty());
        drop((self.namespace, self.pools));
        assert_eq!(self.server.open(), Vec::<u64>::new());
    }
}

async fn child_of(supervisor: &SupervisorRef, id: &str) -> Option<Process> {
    let children = supervisor.which_children().await.ok()?;
    let child = children.into_iter().find(|child| child.id.as_str() == id)?;
    match child.status {
        ChildStatus::Running(process) => Some(process),
        _ => None,
    }
}

pub(super) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) const fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// At most so many connections, no pings before they are lent, and no chance in anything.
pub(super) fn plain(max: u32) -> PoolConfig {
    let backoff = Backoff::new(millis(50), seconds(5)).jitter(0.0);
    PoolConfig::new(max)
        .validate_after(None)
        .lifetime_jitter(0.0)
        .backoff(backoff)
}

pub(super) async fn advance(time: Duration) {
    tokio::time::advance(time).await;
    settle().await;
}

/// Lets all that can go on, on this thread, go on.
pub(super) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Idle, leased, connecting, mending, closing, waiting.
pub(super) fn counts(pool: &Pool) -> [u32; 6] {
    let stats = pool.stats();
    let PoolStats {
        idle,
        leased,
        connecting,
        mending,
        closing,
        waiting,
        ..
    } = stats;
    assert_eq!(
        stats.live,
        idle + leased + connecting + mending + closing,
        "live is the sum of its parts"
    );
    [idle, leased, connecting, mending, closing, waiting]
}

/// The tree of the service, without pids.
pub(super) fn tree(namespace: &Namespace) -> String {
    let text = namespace.tree().as_ref().map(TreeNode::to_string);
    let text = text.unwrap_or_default();
    let lines = text.lines().map(|line| {
        let words = line.split("  ").filter(|word| !word.starts_with('#'));
        words.collect::<Vec<_>>().join("  ")
    });
    lines.collect::<Vec<_>>().join("\n")
}
