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

use super::cell::Cell;
use super::digest::Digest;
use super::error::RateLimitError;
use super::method::{At, Method};
use super::taken::{Refused, Taken};

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

/// What one that comes after others can expect.
struct Forecast {
    /// In how many nanoseconds; not 0.
    wait: u64,
    limit: u32,
    /// The most that one call may cost.
    max: u32,
}

/// In how many nanoseconds the last of these can be had, if each is taken as soon as it can be; `None` if that is after the end of
/// time. What they cost can be had at once.
fn when(
    method: &Method,
    state: &mut [u64],
    at: At,
    costs: impl Iterator<Item = u32>,
) -> Option<u64> {
    let mut then = at;
    for cost in costs {
        while let Err(wait) = method.take(state, then, cost) {
            // At the end of time, there is nothing left to wait for.
            then.now = then.now.checked_add(wait.max(1))?;
        }
    }
    Some(then.now - at.now)
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
        match self.held_up(digest, cost) {
            Some(refused) => Err(refused),
            None => self.take_now(digest, cost),
        }
    }

    /// Whether somebody waits for a key who cannot have what it waits for; if so, the refusal of one that comes after.
    pub(super) fn held_up(&self, digest: Digest, cost: u32) -> Option<Refused> {
        if self.line.is_empty() {
            return None;
        }
        let mut queues = self.line.lock();
        let least = self.serve(&mut queues, digest);
        let ahead = queues.ahead(digest, None);
        Line::release(queues);
        let ahead = ahead?;
        // Without the lock of the line: others have nothing to do with it.
        let Forecast { wait, limit, max } = self.forecast(digest, &ahead, cost, least);
        if cost > max {
            return Some(Refused::TooCostly { max });
        }
        self.table.lock(self.table.shard_of(digest)).counts.refused += 1;
        Some(Refused::Limited { wait, limit })
    }

    /// When so much can be had after others, in no less than `least`.
    fn forecast(&self, digest: Digest, ahead: &[u32], cost: u32, least: u64) -> Forecast {
        let (terms, at, mut state) = self.copy(digest);
        // Those that cost too much are sent away when it is their turn.
        let all = ahead.iter().copied().chain([cost]);
        let costs = all.filter(|&cost| cost <= terms.dearest);
        let wait = when(&terms.method, &mut state, at, costs).unwrap_or(u64::MAX);
        Forecast {
            wait: wait.max(least).max(1),
            limit: terms.limit,
            max: terms.dearest,
        }
    }

    /// Grants those in front of a queue what they can have. In how many nanoseconds the one that is in front then can have it;
    /// 0 if there is none.
    fn serve(&self, queues: &mut Queues, digest: Digest) -> u64 {
        let Some(queue) = queues.by_key.get_mut(&digest) else {
            return 0;
        };
        while let Some(front) = queue.front_mut() {
            let result = self.try_take(digest, front.cost);
            if let Err(Refused::Limited { wait, .. }) = result {
                // It is the one whose timer counts.
                if !front.armed {
                    (front.armed, front.called) = (true, true);
                    queues.to_wake.extend(front.waker.take());
                }
                return wait;
            }
            queues.granted.insert(front.id, result);
            queues.to_wake.extend(front.waker.take());
            queue.pop_front();
            self.line.count.fetch_sub(1, Ordering::Relaxed);
            disarm(queue);
        }
        queues.by_key.remove(&digest);
        0
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
        let mut least = self.serve(queues, digest);
        let ahead = queues.ahead(digest, None);
        if ahead.is_none() {
            match self.try_take(digest, cost) {
                Ok(taken) => return Ok(Entered::Now(taken)),
                Err(Refused::Limited { wait, .. }) => least = wait,
                Err(refused) => return Err(self.error(refused, cost)),
            }
        }
        let ahead = ahead.unwrap_or_default();
        let Forecast { wait, max, .. } = self.forecast(digest, &ahead, cost, least);
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
        let least = cell.serve(&mut queues, self.digest);
        let granted = queues.granted.remove(&self.id);
        let ahead = queues.ahead(self.digest, Some(self.id));
        Line::release(queues);
        let Some(granted) = granted else {
            let ahead = ahead.unwrap_or_default();
            let forecast = cell.forecast(self.digest, &ahead, self.cost, least);
            return Err(Duration::from_nanos(forecast.wait));
        };
        Ok(granted)
    }

    /// Waits until it is called: something was granted, or it may come sooner than was to be expected.
    pub(super) async fn called(&self) {
        poll_fn(|cx| {
            // What wakers do is not ours: they come and go without the lock.
            let mut waker = Some(cx.waker().clone());
            let mut queues = self.cell.line.lock();
            let Some(waiter) = queues.waiter(self.digest, self.id) else {
                return Poll::Ready(());
            };
            if std::mem::take(&mut waiter.called) {
                return Poll::Ready(());
            }
            std::mem::swap(&mut waiter.waker, &mut waker);
            drop(queues);
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
        let place = queue.iter().position(|waiter| waiter.id == self.id);
        // Its waker is dropped without the lock.
        let left = place.and_then(|place| queue.remove(place));
        if left.is_some() {
            self.cell.line.count.fetch_sub(1, Ordering::Relaxed);
        }
        disarm(queue);
        self.cell.serve(&mut queues, self.digest);
        Line::release(queues);
        drop(left);
    }
}
