//! Those who wait on this machine: one line for each key, of which only the first asks the server. So nobody is overtaken by another
//! of the same machine that waits, and as many as wait make no more calls than one. Other machines have lines of their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::super::admission::Admission;
use super::super::digest::Digest;
use super::super::error::RateLimitError;
use super::cell::Cell;
use super::turn::{Refusals, Turn};

/// All lines of a limiter.
#[derive(Debug, Default)]
pub(super) struct Line(Mutex<Queues>);

#[derive(Debug, Default)]
struct Queues {
    by_key: HashMap<Digest, (u32, Arc<Queue>)>,
    waiting: u32,
}

/// The line of a key.
#[derive(Debug, Default)]
struct Queue {
    /// Held by the first; those behind get it in the order in which they came.
    first: tokio::sync::Mutex<()>,
    /// When the first will ask again.
    ready_at: Mutex<Option<Instant>>,
}

/// A poisoned lock is taken all the same: what is under it is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    /// How many wait.
    pub(super) fn len(&self) -> u32 {
        lock(&self.0).waiting
    }

    fn is_waited_for(&self, digest: Digest) -> bool {
        lock(&self.0).by_key.contains_key(&digest)
    }
}

/// A place in a line, which is given up when this is dropped.
struct Place<'t> {
    cell: &'t Cell,
    digest: Digest,
    queue: Arc<Queue>,
}

impl<'t> Place<'t> {
    /// None if as many wait as may.
    fn get(cell: &'t Cell, digest: Digest, max: u32) -> Option<Self> {
        let mut queues = lock(&cell.line.0);
        if queues.waiting >= max {
            return None;
        }
        queues.waiting += 1;
        let (count, queue) = queues.by_key.entry(digest).or_default();
        *count += 1;
        let queue = Arc::clone(queue);
        Some(Self {
            cell,
            digest,
            queue,
        })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queues = lock(&self.cell.line.0);
        queues.waiting -= 1;
        if let Some((count, _)) = queues.by_key.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                queues.by_key.remove(&self.digest);
            }
        }
    }
}

/// The longest sleep before the server is asked again: a year, which is far from the end of tokio's time.
const SLEEP_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// How long one may wait.
#[derive(Clone, Copy)]
struct Patience {
    began: Instant,
    within: Option<Duration>,
}

impl Patience {
    fn left(&self) -> Option<Duration> {
        let elapsed = self.began.elapsed();
        self.within.map(|within| within.saturating_sub(elapsed))
    }
}

impl Turn {
    /// Waits until it may be made, no longer than `within`: goes by the configuration that it began with.
    pub(in crate::limiter) async fn wait(
        self,
        within: Option<Duration>,
    ) -> Result<Admission, RateLimitError> {
        let Some(digest) = self.keys.as_ref().map(|keys| keys.there) else {
            return Ok(Admission::free());
        };
        let began = Instant::now();
        let patience = Patience { began, within };
        let mut ready_at = None;
        if !self.cell.line.is_waited_for(digest) {
            ready_at = match self.attempt(&patience).await? {
                Ok(admission) => return Ok(admission),
                Err(ready_at) => ready_at,
            };
        }
        let max = self.terms.config.waiters_max;
        let Some(place) = Place::get(&self.cell, digest, max) else {
            let policy = self.cell.name.clone();
            return Err(RateLimitError::QueueFull { policy, max });
        };
        let _first = match patience.left() {
            None => place.queue.first.lock().await,
            Some(left) => {
                self.check_behind(&place, left, &patience)?;
                let first = timeout(left, place.queue.first.lock()).await;
                first.map_err(|_| self.too_late_behind(&place, &patience))?
            }
        };
        loop {
            if let Some(time) = ready_at {
                *lock(&place.queue.ready_at) = ready_at;
                sleep_until(time).await;
            }
            ready_at = match self.attempt(&patience).await? {
                Ok(admission) => return Ok(admission),
                Err(ready_at) => ready_at,
            };
        }
    }

    /// Asks once: when to ask again, if it came too soon.
    async fn attempt(
        &self,
        patience: &Patience,
    ) -> Result<Result<Admission, Option<Instant>>, RateLimitError> {
        let (decision, held) = self.clone().settle(Refusals::DoNot).await;
        match decision.outcome {
            Ok(admission) => {
                held.keep();
                Ok(Ok(admission))
            }
            Err(RateLimitError::Exceeded(told)) => {
                let ready_in = told.retry_after;
                match patience.left() {
                    Some(left) if ready_in > left => Err(self.too_late(ready_in, patience)),
                    _ => Ok(Err(Some(Instant::now() + ready_in.min(SLEEP_MAX)))),
                }
            }
            Err(error) => {
                self.cell.refuse();
                Err(error)
            }
        }
    }

    /// Those behind the first come no sooner than that one.
    fn check_behind(
        &self,
        place: &Place<'_>,
        left: Duration,
        patience: &Patience,
    ) -> Result<(), RateLimitError> {
        match *lock(&place.queue.ready_at) {
            Some(time) if time.saturating_duration_since(Instant::now()) > left => {
                Err(self.too_late_behind(place, patience))
            }
            _ => Ok(()),
        }
    }

    fn too_late_behind(&self, place: &Place<'_>, patience: &Patience) -> RateLimitError {
        let ready_at = *lock(&place.queue.ready_at);
        let ready_in = ready_at.map(|time| time.saturating_duration_since(Instant::now()));
        self.too_late(ready_in.unwrap_or_default(), patience)
    }

    fn too_late(&self, ready_in: Duration, patience: &Patience) -> RateLimitError {
        RateLimitError::TooLate {
            policy: self.cell.name.clone(),
            ready_in: ready_in.max(Duration::from_nanos(1)),
            within: patience.within.unwrap_or(Duration::MAX),
        }
    }
}
