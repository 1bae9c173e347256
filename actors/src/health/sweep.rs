//! Sweeps that were asked for: all checks at once, one deadline, and one sweep for all who ask at the same time.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::book::assemble;
use super::cell::{Cell, SweepAnswer, add, lock};
use super::error::HealthError;
use super::snapshot::SystemHealth;

impl Cell {
    /// The answer of the sweep that is under way, or of a new one. It goes on if this is dropped.
    pub(crate) async fn sweep(self: &Arc<Self>) -> Result<Arc<SystemHealth>, HealthError> {
        self.check_open()?;
        let mut answer = self.sweep_under_way()?;
        let answer = answer.wait_for(Option::is_some).await;
        let answer = answer.ok().and_then(|answer| answer.clone());
        answer.ok_or(HealthError::Stopped)
    }

    fn sweep_under_way(self: &Arc<Self>) -> Result<SweepAnswer, HealthError> {
        let mut sweeping = lock(&self.sweeping);
        // One whose runtime has gone leaves a receiver without a sender.
        if let Some(answer) = sweeping
            .as_ref()
            .filter(|answer| answer.has_changed().is_ok())
        {
            add(&self.counts.joined, 1);
            return Ok(answer.clone());
        }
        let runtime = self.runtime();
        let runtime = runtime.ok_or_else(|| HealthError::NotStarted(self.namespace.clone()))?;
        let (sender, answer) = watch::channel(None);
        *sweeping = Some(answer.clone());
        // From now on, and not from when it comes to run: whoever asks does not wait much longer while the node is busy.
        runtime.spawn(sweep(Arc::clone(self), sender, Instant::now()));
        Ok(answer)
    }

    /// Begins all, waits for them as long as the deadline lets it, and puts together what is there.
    async fn sweep_all(self: &Arc<Self>, asked: Instant) -> Arc<SystemHealth> {
        let (begun, limit) = (Instant::now(), self.spec().sweep_deadline);
        // What has come to run late has a quarter of its time all the same: else nothing would be known of anything.
        let deadline = (asked + limit).max(begun + limit / 4);
        self.discover();
        self.tend();
        self.begin_all();
        while self.book(|book| book.awaited()) > 0 && !self.is_closed() {
            if timeout_at(deadline, self.swept.notified()).await.is_err() {
                break;
            }
        }
        let answer = self.put_together();
        self.book(super::book::Book::end_sweep);
        let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        add(&self.counts.sweeps, 1);
        self.counts
            .last_sweep
            .store(took, std::sync::atomic::Ordering::Relaxed);
        answer
    }

    /// The picture, but with those unknown that are still waited for. Who that is, is seen before the picture is made: one that ends in
    /// between is in it.
    fn put_together(&self) -> Arc<SystemHealth> {
        let (now, deadline) = (self.now(), self.spec().sweep_deadline);
        let gaps = self.book(|book| {
            let any = book.awaited() > 0;
            any.then(|| book.services_of_sweep(now, deadline))
        });
        let published = self.publish();
        gaps.map_or_else(
            || Arc::clone(&published),
            |services| Arc::new(assemble(services, self.frame(now, published.sequence))),
        )
    }
}

async fn sweep(cell: Arc<Cell>, sender: watch::Sender<Option<Arc<SystemHealth>>>, asked: Instant) {
    let answer = cell.sweep_all(asked).await;
    // Whoever asks from here on gets a new one.
    lock(&cell.sweeping).take();
    sender.send_replace(Some(answer));
    // There may be changes to be told.
    cell.work.notify_one();
}
