//! Pools with a small driver in place of the keeper, which carries out what the core asks for and nothing else.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the driver, and connections that do as they are told |
//! | `lend.rs` | lending and giving back |
//! | `wait.rs` | waiting, and deadlines |
//! | `dropped.rs` | checkouts that are dropped at every await |
//! | `sick.rs` | connections that do not work |
//! | `tasks.rs` | who starts tasks |

mod dropped;
mod lend;
mod sick;
mod tasks;
mod wait;

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mainstay_specs::{PoolConfig, ServiceName};
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{sleep, timeout};

use super::cell::Cell;
use super::core::Remedy;
use super::error::ConnectError;
use super::handle::PoolManager;
use super::manager::{Condition, ConnectionPool, ConnectionSpec, LeaseEnd};
use super::work::{CloseTicket, ConnectTicket, MendTicket, Work};

/// What an attempt, or a ping, comes to.
#[derive(Clone, Copy, Debug)]
enum Act {
    Succeed,
    Fail,
    Panic,
    Hang,
    /// It succeeds after so many yields.
    Yield(u32),
    Sleep(Duration),
}

/// Connections that are numbers, and what became of them.
#[derive(Debug, Default)]
struct Mock {
    made: AtomicU32,
    connects: Mutex<VecDeque<Act>>,
    pings: Mutex<VecDeque<Act>>,
    resets: Mutex<VecDeque<Act>>,
    closed: Mutex<Vec<u32>>,
    ends: Mutex<Vec<(u32, LeaseEnd)>>,
    /// Connections that come back dirty.
    dirty: Mutex<Vec<u32>>,
    /// Connections whose condition nobody can tell without a panic.
    cursed: Mutex<Vec<u32>>,
    /// Connections that are known to have ended, and those of which it cannot be told without a panic.
    ended: Mutex<Vec<u32>>,
    odd: Mutex<Vec<u32>>,
    pinged: Mutex<Vec<u32>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn act(acts: &Mutex<VecDeque<Act>>) -> io::Result<()> {
    let next = lock(acts).pop_front().unwrap_or(Act::Succeed);
    match next {
        Act::Succeed => Ok(()),
        Act::Fail => Err(io::Error::other("as told")),
        Act::Panic => panic!("as told"),
        Act::Hang => pending().await,
        Act::Yield(times) => {
            for _ in 0..times {
                yield_now().await;
            }
            Ok(())
        }
        Act::Sleep(time) => {
            sleep(time).await;
            Ok(())
        }
    }
}

impl ConnectionPool for Mock {
    type Conn = u32;
    type Options = ();
    type Error = io::Error;

    async fn create_connection(&self, _options: &()) -> io::Result<u32> {
        act(&self.connects).await?;
        Ok(self.made.fetch_add(1, Ordering::Relaxed))
    }

    async fn close_connection(&self, connection: u32) {
        lock(&self.closed).push(connection);
    }

    fn is_open(&self, connection: &u32) -> bool {
        assert!(!lock(&self.odd).contains(connection), "as told");
        !lock(&self.ended).contains(connection)
    }

    async fn ping_connection(&self, connection: &mut u32) -> io::Result<()> {
        lock(&self.pinged).push(*connection);
        act(&self.pings).await
    }

    async fn reset_connection(&self, _connection: &mut u32) -> io::Result<()> {
        act(&self.resets).await
    }

    fn condition(&self, connection: &mut u32, end: LeaseEnd) -> Condition {
        let is_cursed = lock(&self.cursed).contains(connection);
        assert!(!is_cursed, "as told");
        lock(&self.ends).push((*connection, end));
        match end {
            LeaseEnd::CheckedIn | LeaseEnd::Dropped if lock(&self.dirty).contains(connection) => {
                Condition::Dirty
            }
            LeaseEnd::CheckedIn | LeaseEnd::Dropped => Condition::Clean,
            _ => Condition::Broken,
        }
    }
}

/// A pool and who drives it.
struct Driven {
    pool: PoolManager<Mock>,
    driver: AbortHandle,
}

impl Driven {
    fn new(config: PoolConfig) -> Self {
        let pool = undriven(config);
        let driver = drive(&pool);
        Self { pool, driver }
    }

    /// With so many idle connections.
    async fn filled(config: PoolConfig) -> Self {
        let max = config.max_size;
        let driven = Self::new(config.clone().min_size(max).connects_max(max));
        while driven.pool.stats().idle < max {
            yield_now().await;
        }
        driven
            .pool
            .reconfigure(config)
            .expect("it was found valid before");
        driven
    }

    fn mock(&self) -> &Mock {
        self.pool.cell().manager()
    }

    /// Lets everybody do what is to be done now.
    async fn settle(&self) {
        for _ in 0..100 {
            yield_now().await;
        }
    }

    /// Idle, leased, connecting, closing with mending, waiting.
    fn counts(&self) -> [u32; 5] {
        let stats = self.pool.stats();
        let busy = stats.closing + stats.mending;
        let counts = [stats.idle, stats.leased, stats.connecting, busy];
        assert_eq!(counts.iter().sum::<u32>(), stats.live);
        assert!(stats.live <= stats.max);
        [counts[0], counts[1], counts[2], counts[3], stats.waiting]
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn undriven(config: PoolConfig) -> PoolManager<Mock> {
    assert_eq!(config.validate(), Ok(()));
    let name = ServiceName::new("db").expect("a name");
    let spec = ConnectionSpec::new(Mock::default(), ());
    PoolManager::of(Arc::new(Cell::new(name, None, config, spec)))
}

fn drive(pool: &PoolManager<Mock>) -> AbortHandle {
    let cell = Arc::clone(pool.cell());
    tokio::spawn(async move {
        let _attendance = cell.attend();
        loop {
            let work = cell.work();
            let due_in = work.due_in;
            carry_out(work);
            tokio::select! {
                () = cell.called() => {}
                () = sleep(due_in.unwrap_or_default()), if due_in.is_some() => {}
            }
        }
    })
    .abort_handle()
}

fn carry_out(work: Work<Mock>) {
    for ticket in work.connects {
        tokio::spawn(connect(ticket));
    }
    for ticket in work.closes {
        tokio::spawn(close(ticket));
    }
    for ticket in work.mends {
        tokio::spawn(mend(ticket));
    }
}

async fn connect(ticket: ConnectTicket<Mock>) {
    let cell = Arc::clone(ticket.cell());
    let within = cell.config.load().connect_timeout;
    let attempt = cell.manager().create_connection(ticket.options());
    match timeout(within, attempt).await {
        Ok(Ok(conn)) => ticket.connected(conn),
        Ok(Err(error)) => ticket.failed(ConnectError::Failed(Arc::new(error))),
        Err(_) => ticket.failed(ConnectError::TooSlow { within }),
    }
}

async fn close(mut ticket: CloseTicket<Mock>) {
    let cell = Arc::clone(ticket.cell());
    if let Some(conn) = ticket.take() {
        cell.manager().close_connection(conn).await;
    }
}

async fn mend(mut ticket: MendTicket<Mock>) {
    let cell = Arc::clone(ticket.cell());
    let remedy = ticket.remedy();
    let Some(conn) = ticket.conn() else { return };
    let mended = match remedy {
        Remedy::Reset => cell.manager().reset_connection(conn).await,
        Remedy::Ping => cell.manager().ping_connection(conn).await,
    };
    ticket.done(mended.is_ok());
}

fn config(max: u32) -> PoolConfig {
    PoolConfig::new(max)
        .idle_timeout(None)
        .max_lifetime(None)
        .validate_after(None)
}
