//! Those who wait for their turn.
//!
//! Each key has a queue of its own, first come, first served, for as long as somebody waits for it; meanwhile nobody else takes
//! anything of it. Whoever waits takes nothing before its turn. Everybody who comes by, a timer of any of them first of all,
//! *grants* those in front what they can have: so one that is not polled holds up nobody. What was granted to one that
//! is dropped before it has heard of it goes back.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Line`]: the queues of all keys |
//! | `forecast.rs` | when one that comes after others can be served |
//! | `serve.rs` | who gets in, and who is granted what |
//! | `ticket.rs` | [`Ticket`]: a place in a queue |

mod forecast;
mod serve;
mod ticket;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::digest::Digest;
use super::taken::{Refused, Taken};
pub(super) use serve::Entered;
pub(super) use ticket::Ticket;

/// All who wait for a limiter.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// How many are in the queues. Looked at before the lock is taken.
    count: AtomicUsize,
    queues: Mutex<Queues>,
}

#[derive(Debug, Default)]
struct Queues {
    by_key: HashMap<Digest, VecDeque<Waiter>>,
    /// What was granted to those that have not heard of it yet.
    granted: HashMap<u64, Result<Taken, Refused>>,
    /// The wakers of those to be woken, once the lock is free.
    to_wake: Vec<Waker>,
    next: u64,
}

#[derive(Debug)]
struct Waiter {
    id: u64,
    cost: u32,
    /// Its timer is right, as far as is known.
    armed: bool,
    /// It is to look again.
    called: bool,
    waker: Option<Waker>,
}

impl Queues {
    /// What those cost who wait for a key, in front of that one or all; none if nobody waits.
    fn ahead(&self, digest: Digest, id: Option<u64>) -> Option<Vec<u32>> {
        let queue = self.by_key.get(&digest)?.iter();
        let front = queue.take_while(|waiter| Some(waiter.id) != id);
        Some(front.map(|waiter| waiter.cost).collect())
    }

    fn waiter(&mut self, digest: Digest, id: u64) -> Option<&mut Waiter> {
        let queue = self.by_key.get_mut(&digest)?;
        queue.iter_mut().find(|waiter| waiter.id == id)
    }
}

impl Line {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// A poisoned lock is taken all the same: no code of others runs under it, not even that of wakers.
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever is to be woken, without the lock: what a waker does is not ours.
    fn release(mut queues: MutexGuard<'_, Queues>) {
        let wakers = std::mem::take(&mut queues.to_wake);
        drop(queues);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// The first in a queue is to find out anew when its turn comes. All others do when they are the first.
fn disarm(queue: &mut VecDeque<Waiter>) {
    if let Some(front) = queue.front_mut() {
        front.armed = false;
    }
}
