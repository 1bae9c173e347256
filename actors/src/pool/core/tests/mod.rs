//! What each decision comes to, one at a time.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | a pool to try them on |
//! | `lend.rs` | lending and giving back |
//! | `wait.rs` | waiting, and being sent away |
//! | `grants.rs` | what is taken without a look at the pool |
//! | `connects.rs` | attempts to connect |
//! | `upkeep.rs` | what becomes due |
//! | `change.rs` | another size, suspension, the end |

mod change;
mod connects;
mod grants;
mod lend;
mod upkeep;
mod wait;

use std::panic::Location;
use std::task::Waker;
use std::time::Duration;

use mainstay_specs::{Backoff, PoolConfig};

use super::*;

pub(super) const MS: u64 = 1_000_000;
pub(super) const SECOND: u64 = 1000 * MS;

type Pool = Core<u32, u8>;

pub(super) fn config(max: u32) -> PoolConfig {
    PoolConfig::new(max)
        .connects_max(8)
        .idle_timeout(None)
        .max_lifetime(None)
        .validate_after(None)
        .backoff(Backoff::new(Duration::from_millis(100), Duration::from_secs(1)).jitter(0.0))
}

fn pool(config: &PoolConfig) -> Pool {
    assert_eq!(config.validate(), Ok(()));
    Core::new(Terms::of(config))
}

fn who(borrower: u8) -> Who<u8> {
    Who {
        at: Location::caller(),
        borrower: (borrower > 0).then_some(borrower),
    }
}

/// A pool in which so many connections are idle, of which 0 was used last.
pub(super) fn filled(config: &PoolConfig, count: u32) -> Pool {
    let mut pool = pool(&config.clone().min_size(count).connects_max(count));
    let mut attempts: Vec<_> = std::iter::from_fn(|| pool.start_connect(0)).collect();
    assert_eq!(attempts.len(), count as usize);
    for conn in (0..count).rev() {
        let attempt = attempts.pop().expect("as many");
        pool.connected(0, attempt, conn, 0.0, &mut Wakes::default());
    }
    pool.change(0, Terms::of(config));
    pool
}

fn ask(pool: &mut Pool, now: u64, borrower: u8) -> Answer<u32> {
    pool.checkout(now, 5 * SECOND, who(borrower), Waker::noop())
}

pub(super) fn lent(pool: &mut Pool, now: u64, borrower: u8) -> (u32, Seat) {
    match ask(pool, now, borrower) {
        Answer::Given(given) | Answer::Unproven(given) => (given.conn, given.seat),
        other => panic!("expected a connection, found {other:?}"),
    }
}

pub(super) fn waits(pool: &mut Pool, now: u64, borrower: u8) -> Key {
    match ask(pool, now, borrower) {
        Answer::Waiting(key) => key,
        other => panic!("expected to wait, found {other:?}"),
    }
}

pub(super) fn put(pool: &mut Pool, now: u64, (conn, seat): (u32, Seat)) -> Returned<u8> {
    let mut wakes = Wakes::default();
    let returned = pool.put(now, seat, conn, Condition::Clean, &mut wakes);
    wakes.wake();
    returned
}

/// What has become of one who waits.
fn fate(pool: &mut Pool, key: Key) -> Result<u32, &'static str> {
    match pool.poll(0, key, Waker::noop()).0 {
        Answer::Waiting(_) => Err("waits"),
        Answer::Given(given) | Answer::Unproven(given) => Ok(given.conn),
        Answer::Refused(refusal) => Err(name(&refusal)),
    }
}

pub(super) fn name(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Exhausted => "exhausted",
        Refusal::Timeout => "timeout",
        Refusal::QueueFull => "queue full",
        Refusal::Overloaded => "overloaded",
        Refusal::Connect => "connect",
        Refusal::Held { .. } => "held",
        Refusal::Closed => "closed",
        Refusal::SelfDeadlock => "self-deadlock",
    }
}

fn tick(pool: &mut Pool, now: u64) -> u64 {
    let mut wakes = Wakes::default();
    let (_, due) = pool.tick(now, &mut wakes);
    wakes.wake();
    due
}
