//! The keeper: looks at the mailboxes.

use std::sync::Arc;
use std::time::Duration;

use mainstay_supervisors::StopToken;
use tokio::time::{MissedTickBehavior, interval};

use super::board::Board;

/// As often as gauges are sampled.
const BEAT: Duration = Duration::from_secs(1);

/// Looks each second, until it is told to stop.
pub(super) async fn keep(board: Arc<Board>, stop: StopToken) {
    let mut beats = interval(BEAT);
    // Who comes late need not look twice.
    beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            () = stop.stopped() => return,
            _ = beats.tick() => board.note(),
        }
    }
}
