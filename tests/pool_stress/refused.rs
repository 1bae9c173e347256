//! Those who are refused at once, and ask again at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mainstay_actors::pool::PoolError;

use super::support::{Bed, plain};

#[tokio::test(start_paused = true)]
async fn one_who_is_refused_and_asks_again_at_once_lets_others_go_on() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(1)).await;
    pool.drain().await;
    let has_run = Arc::new(AtomicBool::new(false));
    let runs = Arc::clone(&has_run);
    tokio::spawn(async move { runs.store(true, Ordering::Relaxed) });
    for _ in 0..1000 {
        let error = pool.checkout().await.unwrap_err();
        assert!(matches!(error, PoolError::Closed { .. }), "{error}");
    }
    assert!(has_run.load(Ordering::Relaxed), "it had no turn");
    bed.end().await;
}
