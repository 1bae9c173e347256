//! The keeper: clears away the keys of a namespace that are idle.
//!
//! A supervised task and not an actor: nobody has anything to ask of it. No limit hangs on it, as idle keys go by themselves
//! where room is needed; it gives memory back when there was a rush.

use std::sync::Arc;

use mainstay_supervisors::StopToken;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::limiters::Limiters;

pub(crate) async fn keep(limiters: Arc<Limiters>, stop: StopToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.stopped() => return,
            () = sleep(limiters.sweep_every()) => {}
        }
        for limiter in limiters.swept() {
            let cell = limiter.cell();
            for number in 0..cell.table.shards() {
                cell.table.sweep(number, cell.clock.now());
                // There may be others on this thread.
                yield_now().await;
            }
        }
    }
}
