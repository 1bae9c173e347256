//! The keeper: tells telemetry and the cleanup executor what has changed.
//!
//! A supervised task and not an actor: nobody has anything to ask of it. All it knows is in the cell.

use std::sync::Arc;

use mainstay_supervisors::StopToken;

use super::cell::MemoryCell;

pub(crate) async fn keep(cell: Arc<MemoryCell>, stop: StopToken) {
    loop {
        tell(&cell);
        tokio::select! {
            biased;
            () = stop.stopped() => return,
            () = cell.work.notified() => {}
        }
    }
}

fn tell(cell: &MemoryCell) {
    let terms = cell.terms();
    while let Some(change) = cell.next_change() {
        terms.signals.changed(&change);
        cell.relief.level_changed(cell, &change);
    }
    terms.signals.checked(&cell.reading());
}
