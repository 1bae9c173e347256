//! The keeper: clears away the keys of a namespace that are idle, and tells what limiters have done.
//!
//! A supervised task and not an actor: nobody has anything to ask of it. No limit hangs on it, as idle keys go by themselves
//! where room is needed; it gives memory back when there was a rush.

use std::sync::Arc;

use mainstay_supervisors::StopToken;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::limiters::Limiters;

pub(crate) async fn keep(limiters: Arc<Limiters>, stop: StopToken) {
    let mut sweep_at = Instant::now() + limiters.sweep_every();
    let mut report_at = Instant::now() + limiters.report_every();
    loop {
        tokio::select! {
            biased;
            () = stop.stopped() => break,
            () = sleep_until(report_at) => {
                limiters.report();
                report_at = Instant::now() + limiters.report_every();
            }
            () = sleep_until(sweep_at) => {
                sweep(&limiters, &stop).await;
                sweep_at = Instant::now() + limiters.sweep_every();
            }
        }
    }
    // What has happened since then.
    limiters.report();
}

async fn sweep(limiters: &Limiters, stop: &StopToken) {
    for limiter in limiters.swept() {
        let cell = limiter.cell();
        for number in 0..cell.table.shards() {
            if stop.is_stopped() {
                return;
            }
            cell.table.sweep(number, cell.clock.now());
            // There may be others on this thread.
            yield_now().await;
        }
    }
}
