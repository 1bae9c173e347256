//! The keeper: tells telemetry and the cleanup executor what has changed, and sees to it that samples are taken.
//!
//! A supervised task and not an actor: nobody has anything to ask of it. All it knows is in the cell.

use std::sync::Arc;
use std::time::Duration;

use mainstay_supervisors::StopToken;
use tokio::time::sleep;

use super::cell::MemoryCell;

pub(crate) async fn keep(cell: Arc<MemoryCell>, stop: StopToken) {
    let mut told = cell.reading().number;
    loop {
        cell.mind_time();
        mind_sampler(&cell);
        tell(&cell, &mut told);
        let next = cell.next_time();
        tokio::select! {
            biased;
            () = stop.stopped() => break,
            () = cell.work.notified() => {}
            () = sleep(next.unwrap_or(Duration::ZERO)), if next.is_some() => {}
        }
    }
    cell.stop_sampling();
}

/// A thread that is not there is started at the latest when the last sample is stale, and as often as it takes.
fn mind_sampler(cell: &Arc<MemoryCell>) {
    if let Err(error) = cell.mind_sampler() {
        tracing::error!(namespace = %cell.namespace, %error, "the thread that samples memory could not be started");
    }
}

fn tell(cell: &MemoryCell, told: &mut u64) {
    let terms = cell.terms();
    while let Some(change) = cell.changes.first() {
        // Its successor does not do again what it has crashed over.
        cell.changes.done(&change);
        terms.signals.changed(&change);
        cell.relief.level_changed(&change);
    }
    let reading = cell.reading();
    if reading.number != *told {
        *told = reading.number;
        terms.signals.checked(&reading);
    }
}
