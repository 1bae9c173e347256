//! Those who wait for their turn.
//!
//! Each key has a queue of its own, first come, first served, for as long as somebody waits for it; meanwhile nobody else takes
//! anything of it. Whoever waits takes nothing before its turn. Everybody who comes by, a timer of any of them first of all,
//! *grants* those in front what they can have: so one that is not polled holds up nobody. What was granted to one that
//! is dropped before it has heard of it goes back.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::cell::{Cell, Refused, Taken};
use super::digest::Digest;
use super::error::RateLimitError;

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

impl Line {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// A poisoned lock is taken all the same: no code of others runs under it.
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

/// What came of an attempt to get into the line.
pub(super) enum Entered {
    /// Nobody was waiting, and there was enough.
    Now(Taken),
    Waiting(Ticket),
}

impl Cell {
    /// Takes so much of a key, unless others wait for it.
    #[cold]
    #[inline(never)]
    pub(super) fn take_in_line(&self, digest: Digest, cost: u32) -> Result<Taken, Refused> {
        let mut queues = self.line.lock();
        self.serve(&mut queues, digest);
        let result = if queues.by_key.contains_key(&digest) {
            self.behind(&queues, digest, cost)
        } else {
            self.take_now(digest, cost)
        };
        Line::release(queues);
        result
    }

    /// The refusal of one that would come before those who wait.
    fn behind(&self, queues: &Queues, digest: Digest, cost: u32) -> Result<Taken, Refused> {
        let (wait, limit, max) = self.forecast(queues, digest, None, cost);
        if cost > max {
            return Err(Refused::TooCostly { max });
        }
        self.table.lock(self.table.shard_of(digest)).counts.refused += 1;
        Err(Refused::Limited {
            wait: wait.max(1),
            limit,
        })
    }

    /// Whether somebody waits for a key who cannot have what it waits for; if so, the refusal of one that comes after.
    pub(super) fn held_up(&self, digest: Digest, cost: u32) -> Option<Refused> {
        if self.line.is_empty() {
            return None;
        }
        let mut queues = self.line.lock();
        self.serve(&mut queues, digest);
        let waits = queues.by_key.contains_key(&digest);
        let refused = waits.then(|| self.behind(&queues, digest, cost).err());
        Line::release(queues);
        refused.flatten()
    }

    /// In how many nanoseconds so much can be had after those in front of `id`, or after all; the limit; and the most that a call
    /// may cost.
    fn forecast(
        &self,
        queues: &Queues,
        digest: Digest,
        id: Option<u64>,
        cost: u32,
    ) -> (u64, u32, u32) {
        let (terms, at, mut state) = self.copy(digest);
        let queue = queues.by_key.get(&digest).into_iter().flatten();
        let front = queue.take_while(|waiter| Some(waiter.id) != id);
        let mut then = at;
        for cost in front.map(|waiter| waiter.cost).chain([cost]) {
            // Those that cost too much are sent away when it is their turn.
            while cost <= terms.dearest
                && let Err(wait) = terms.method.take(&mut state, then, cost)
            {
                then.now = then.now.saturating_add(wait);
            }
        }
        (then.now - at.now, terms.limit, terms.dearest)
    }

    /// Grants those in front of a queue what they can have.
    fn serve(&self, queues: &mut Queues, digest: Digest) {
        let Some(queue) = queues.by_key.get_mut(&digest) else {
            return;
        };
        while let Some(front) = queue.front_mut() {
            let result = self.try_take(digest, front.cost);
            if matches!(result, Err(Refused::Limited { .. })) {
                // It is the one whose timer counts.
                if !front.armed {
                    (front.armed, front.called) = (true, true);
                    queues.to_wake.extend(front.waker.take());
                }
                return;
            }
            queues.granted.insert(front.id, result);
            queues.to_wake.extend(front.waker.take());
            queue.pop_front();
            self.line.count.fetch_sub(1, Ordering::Relaxed);
            disarm(queue);
        }
        queues.by_key.remove(&digest);
    }

    /// For when more can be had of a key than before.
    pub(super) fn call_next(&self, digest: Digest) {
        if !self.line.is_empty() {
            let mut queues = self.line.lock();
            queues.by_key.get_mut(&digest).into_iter().for_each(disarm);
            self.serve(&mut queues, digest);
            Line::release(queues);
        }
    }

    /// For when everything may be different.
    pub(super) fn call_all(&self) {
        let mut queues = self.line.lock();
        let keys: Vec<Digest> = queues.by_key.keys().copied().collect();
        for digest in keys {
            queues.by_key.get_mut(&digest).into_iter().for_each(disarm);
            self.serve(&mut queues, digest);
        }
        Line::release(queues);
    }

    /// Takes so much at once, or gets into the line; not if that takes longer than `within`.
    pub(super) fn enter(
        self: &Arc<Self>,
        digest: Digest,
        cost: u32,
        within: Option<Duration>,
    ) -> Result<Entered, RateLimitError> {
        let mut queues = self.line.lock();
        // Counted before it is tried, so that nobody takes what this one is refused.
        self.line.count.fetch_add(1, Ordering::Relaxed);
        let entered = self.enter_locked(&mut queues, digest, cost, within);
        if !matches!(entered, Ok(Entered::Waiting(_))) {
            self.line.count.fetch_sub(1, Ordering::Relaxed);
        }
        Line::release(queues);
        entered
    }

    fn enter_locked(
        self: &Arc<Self>,
        queues: &mut Queues,
        digest: Digest,
        cost: u32,
        within: Option<Duration>,
    ) -> Result<Entered, RateLimitError> {
        self.serve(queues, digest);
        if !queues.by_key.contains_key(&digest) {
            match self.try_take(digest, cost) {
                Ok(taken) => return Ok(Entered::Now(taken)),
                Err(Refused::Limited { .. }) => {}
                Err(refused) => return Err(self.error(refused, cost)),
            }
        }
        let (wait, _, max) = self.forecast(queues, digest, None, cost);
        if cost > max {
            return Err(self.error(Refused::TooCostly { max }, cost));
        }
        let ready_in = Duration::from_nanos(wait);
        if let Some(within) = within.filter(|&within| ready_in > within) {
            return Err(self.too_late(ready_in, within));
        }
        let max = self.config().waiters_max;
        // This one is counted already.
        if self.line.len() > max as usize {
            let policy = self.name.clone();
            return Err(RateLimitError::QueueFull { policy, max });
        }
        let id = queues.next;
        queues.next += 1;
        queues.by_key.entry(digest).or_default().push_back(Waiter {
            id,
            cost,
            armed: true,
            called: false,
            waker: None,
        });
        Ok(Entered::Waiting(Ticket {
            cell: Arc::clone(self),
            digest,
            cost,
            id,
        }))
    }

    pub(super) fn too_late(&self, ready_in: Duration, within: Duration) -> RateLimitError {
        RateLimitError::TooLate {
            policy: self.name.clone(),
            ready_in: ready_in.max(Duration::from_nanos(1)),
            within,
        }
    }
}

/// A place in the line, which is given up when this is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    cell: Arc<Cell>,
    digest: Digest,
    cost: u32,
    id: u64,
}

impl Ticket {
    /// What was granted, or in how long that is to be expected.
    pub(super) fn turn(&self) -> Result<Result<Taken, Refused>, Duration> {
        let cell = &self.cell;
        let mut queues = cell.line.lock();
        cell.serve(&mut queues, self.digest);
        let turn = match queues.granted.remove(&self.id) {
            Some(granted) => Ok(granted),
            None => {
                let id = Some(self.id);
                let (wait, ..) = cell.forecast(&queues, self.digest, id, self.cost);
                Err(Duration::from_nanos(wait.max(1)))
            }
        };
        Line::release(queues);
        turn
    }

    /// Waits until it is called: something was granted, or it may come sooner than was to be expected.
    pub(super) async fn called(&self) {
        poll_fn(|cx| {
            let mut queues = self.cell.line.lock();
            let queue = queues.by_key.get_mut(&self.digest).into_iter().flatten();
            let Some(waiter) = queue.into_iter().find(|waiter| waiter.id == self.id) else {
                return Poll::Ready(());
            };
            if std::mem::take(&mut waiter.called) {
                return Poll::Ready(());
            }
            waiter.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut queues = self.cell.line.lock();
        if let Some(granted) = queues.granted.remove(&self.id) {
            Line::release(queues);
            if let Ok(taken) = granted {
                self.cell.refund(self.digest, &taken, self.cost);
            }
            return;
        }
        let Some(queue) = queues.by_key.get_mut(&self.digest) else {
            return;
        };
        if let Some(place) = queue.iter().position(|waiter| waiter.id == self.id) {
            queue.remove(place);
            self.cell.line.count.fetch_sub(1, Ordering::Relaxed);
        }
        disarm(queue);
        self.cell.serve(&mut queues, self.digest);
        Line::release(queues);
    }
}
