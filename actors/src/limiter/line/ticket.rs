//! A place in a queue.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use super::{Line, disarm};
use crate::limiter::cell::Cell;
use crate::limiter::digest::Digest;
use crate::limiter::taken::{Refused, Taken};

/// A place in the line, which is given up when this is dropped.
#[derive(Debug)]
pub(in crate::limiter) struct Ticket {
    cell: Arc<Cell>,
    digest: Digest,
    cost: u32,
    id: u64,
}

impl Ticket {
    pub(super) const fn new(cell: Arc<Cell>, digest: Digest, cost: u32, id: u64) -> Self {
        Self {
            cell,
            digest,
            cost,
            id,
        }
    }

    /// What was granted, or in how long that is to be expected.
    pub(in crate::limiter) fn turn(&self) -> Result<Result<Taken, Refused>, Duration> {
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
    pub(in crate::limiter) async fn called(&self) {
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
