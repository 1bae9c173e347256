//! The keeper: cuts time into slots.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::NamespaceName;
use mainstay_supervisors::StopToken;
use tokio::time::Instant;

use super::cell::Cell;
use super::own::Own;

/// From beat to beat.
const BEAT: Duration = Duration::from_secs(1);

/// How late a tick may be before it is told of.
const LATE: Duration = Duration::from_secs(5);

/// Beats at every full second since the store's first moment, until it is told to stop. Seconds that could not be kept are left out.
pub(crate) async fn keep(cell: Arc<Cell>, own: Own, namespace: NamespaceName, stop: StopToken) {
    // A predecessor may have been broken off, and its slots are to be ended now.
    own.note(&cell, cell.beat());
    while sleep_until_next(&cell, &stop).await {
        let beat = cell.beat();
        own.note(&cell, beat);
        if let Some(late) = beat.tick.filter(|late| *late > LATE) {
            tracing::warn!(
                namespace = namespace.as_str(),
                ?late,
                "a tick of the metrics store was late"
            );
        }
    }
}

/// Whether to go on.
async fn sleep_until_next(cell: &Cell, stop: &StopToken) -> bool {
    let next = next_beat(cell);
    tokio::select! {
        biased;
        () = stop.stopped() => false,
        () = tokio::time::sleep_until(next) => true,
    }
}

fn next_beat(cell: &Cell) -> Instant {
    let beats = cell.now().as_secs() / BEAT.as_secs();
    cell.at(BEAT * u32::try_from(beats + 1).unwrap_or(u32::MAX))
}
