//! Who gets in, and who is granted what.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::forecast::Forecast;
use super::{Line, Queues, Ticket, Waiter, disarm};
use crate::limiter::cell::Cell;
use crate::limiter::digest::Digest;
use crate::limiter::error::RateLimitError;
use crate::limiter::taken::{Refused, Taken};

/// What came of an attempt to get into the line.
pub(in crate::limiter) enum Entered {
    /// Nobody was waiting, and there was enough.
    Now(Taken),
    Waiting(Ticket),
}

impl Cell {
    /// Takes so much of a key, unless others wait for it.
    #[cold]
    #[inline(never)]
    pub(in crate::limiter) fn take_in_line(
        &self,
        digest: Digest,
        cost: u32,
    ) -> Result<Taken, Refused> {
        match self.held_up(digest, cost) {
            Some(refused) => Err(refused),
            None => self.take_now(digest, cost),
        }
    }

    /// Whether somebody waits for a key who cannot have what it waits for; if so, the refusal of one that comes after.
    pub(in crate::limiter) fn held_up(&self, digest: Digest, cost: u32) -> Option<Refused> {
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

    /// Grants those in front of a queue what they can have. In how many nanoseconds the one that is in front then can have it;
    /// 0 if there is none.
    pub(super) fn serve(&self, queues: &mut Queues, digest: Digest) -> u64 {
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
    pub(in crate::limiter) fn call_next(&self, digest: Digest) {
        if !self.line.is_empty() {
            let mut queues = self.line.lock();
            queues.by_key.get_mut(&digest).into_iter().for_each(disarm);
            self.serve(&mut queues, digest);
            Line::release(queues);
        }
    }

    /// For when everything may be different.
    pub(in crate::limiter) fn call_all(&self) {
        let mut queues = self.line.lock();
        let keys: Vec<Digest> = queues.by_key.keys().copied().collect();
        for digest in keys {
            queues.by_key.get_mut(&digest).into_iter().for_each(disarm);
            self.serve(&mut queues, digest);
        }
        Line::release(queues);
    }

    /// Takes so much at once, or gets into the line; not if that takes longer than `within`.
    pub(in crate::limiter) fn enter(
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
        let cell = Arc::clone(self);
        Ok(Entered::Waiting(Ticket::new(cell, digest, cost, id)))
    }

    pub(in crate::limiter) fn too_late(
        &self,
        ready_in: Duration,
        within: Duration,
    ) -> RateLimitError {
        RateLimitError::TooLate {
            policy: self.name.clone(),
            ready_in: ready_in.max(Duration::from_nanos(1)),
            within,
        }
    }
}
