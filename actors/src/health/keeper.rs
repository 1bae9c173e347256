//! The keeper: runs checks when they are due, notes those that are late, and tells of what changes.
//!
//! A supervised task and not an actor: whoever wants something of it leaves it in the cell.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mainstay_specs::HealthAggregatorSpec;
use mainstay_supervisors::{Namespace, Ready, StopToken, current};
use tokio::time::{Instant, sleep_until};

use super::cell::{Cell, add, read};
use super::error::HealthStartError;
use super::handle::service_name;
use super::signals::Signals;

/// How often it is looked what there is to check, and confirmed that somebody looks: at least four times before an answer would be stale.
fn beat(cell: &Cell) -> Instant {
    Instant::now() + BEAT_MAX.min(cell.spec().stale_after / 4)
}

const BEAT_MAX: Duration = Duration::from_secs(1);

pub(crate) struct Keeper {
    pub(crate) namespace: Namespace,
    pub(crate) cell: Arc<Cell>,
    pub(crate) spec: HealthAggregatorSpec,
}

impl Keeper {
    /// One incarnation of the keeper, until it is told to stop.
    pub(crate) async fn keep(self, stop: StopToken, ready: Ready) -> Result<(), HealthStartError> {
        if let Some(myself) = current() {
            let registered = self.namespace.register(service_name(), &myself);
            registered.map_err(HealthStartError::Register)?;
        }
        // From here on nobody else keeps this cell, until this process has ended.
        self.cell.adopt(self.spec)?;
        let told = self.cell.counts.told.each_ref().map(read);
        let mut signals = Signals::new(&self.namespace, told);
        self.cell.discover();
        work(&self.cell, &mut signals);
        ready.signal();
        go_on(&self.cell, &mut signals, &stop).await;
        Ok(())
    }
}

async fn go_on(cell: &Arc<Cell>, signals: &mut Signals, stop: &StopToken) {
    let mut next_beat = beat(cell);
    loop {
        let now = cell.now();
        let next = cell.book(|book| book.next(now.at));
        let next = next.map_or(next_beat, |at| cell.instant(at).min(next_beat));
        tokio::select! {
            biased;
            () = stop.stopped() => return,
            () = cell.work.notified() => {}
            () = sleep_until(next) => {}
        }
        if next_beat <= Instant::now() {
            cell.discover();
            next_beat = beat(cell);
        }
        work(cell, signals);
    }
}

/// Does all there is to do now, and says that it is done.
fn work(cell: &Arc<Cell>, signals: &mut Signals) {
    cell.tend();
    cell.begin_due();
    let picture = cell.publish();
    cell.confirm();
    let told = signals.tell(&cell.changes.take_untold(), &picture, &cell.counts);
    let counts = cell.counts.told.iter().zip(told);
    counts.for_each(|(count, told)| count.store(told, Ordering::Relaxed));
}

impl Cell {
    /// Notes what has come about as time has gone by.
    pub(crate) fn tend(&self) {
        let now = self.now();
        let late = self.book(|book| book.tend(now));
        add(&self.counts.timeouts, late);
        if late > 0 {
            // Perhaps a sweep has waited for them.
            self.swept.notify_one();
        }
    }
}
