//! The end of a pool.

use mainstay_actors::pool::{PoolError, PoolState};
use tokio::time::Instant;

use super::support::{Bed, Fate, advance, counts, millis, name, plain, seconds, settle};

#[tokio::test(start_paused = true)]
async fn a_pool_is_drained_with_everything_under_way() {
    let bed = Bed::new().await;
    // Idle, lent twice, being made, being closed, and somebody who waits.
    bed.server
        .connects(&[Fate::Works, Fate::Works, Fate::Works, Fate::Takes(3000)]);
    let pool = bed.pool(plain(4).min_size(3).connects_max(1)).await;
    let returned = pool.checkout().await.expect("there are three");
    let kept = pool.checkout().await.expect("there are three");
    let last = pool.checkout().await.expect("there are three");
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move {
            pool.checkout_within(seconds(60))
                .await
                .map(drop)
                .unwrap_err()
        }
    });
    settle().await;
    assert_eq!(counts(&pool), [0, 3, 1, 0, 0, 1]);
    let begun = Instant::now();
    let drained = tokio::spawn({
        let pool = pool.clone();
        async move {
            pool.drain().await;
            begun.elapsed()
        }
    });
    settle().await;
    let error = waiting.await.expect("no panic");
    assert!(matches!(error, PoolError::Closed { .. }), "{error}");
    assert_eq!(begun.elapsed(), seconds(0), "at once");
    let error = pool.checkout().await.unwrap_err();
    assert_eq!(error.to_string(), "the pool db is closed");
    assert_eq!(pool.stats().state, PoolState::Draining);
    drop(last);
    settle().await;
    assert_eq!(bed.server.closed(), [1]);
    advance(millis(3000)).await;
    assert_eq!(
        bed.server.closed(),
        [1, 4],
        "what was being made is not wanted any more"
    );
    drop(returned);
    settle().await;
    assert_eq!(bed.server.closed(), [1, 4, 3]);
    assert!(!drained.is_finished());
    advance(seconds(7)).await;
    assert_eq!(drained.await.expect("no panic"), seconds(10));
    assert!(kept.is_revoked());
    assert_eq!(pool.stats().state, PoolState::Closed);
    drop(kept);
    settle().await;
    assert_eq!(bed.server.closed(), [1, 4, 3, 2], "each once");
    assert_eq!(bed.server.open(), Vec::<u64>::new());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_closed_by_name_is_forgotten_and_its_name_is_free() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(2).min_size(1)).await;
    bed.pools
        .close_pool(&name("db"))
        .await
        .expect("it is there");
    assert!(pool.is_closed());
    assert!(bed.pools.names().is_empty());
    assert_eq!(bed.server.closed(), [1]);
    let error = bed.pools.close_pool(&name("db")).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no connection pool db");
    let next = bed.pool(plain(2)).await;
    drop(next.checkout().await.expect("it is another one"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_namespace_says_goodbye_to_every_connection() {
    let bed = Bed::new().await;
    bed.server.closes(Fate::Takes(100));
    let pool = bed.pool(plain(4).min_size(3)).await;
    let lease = pool.checkout().await.expect("there are three");
    let stopping = tokio::spawn({
        let runtime = bed.runtime.clone();
        async move { runtime.stop(seconds(60)).await.killed }
    });
    settle().await;
    advance(millis(100)).await;
    assert_eq!(bed.server.closed().len(), 2);
    assert!(!stopping.is_finished(), "one is lent");
    drop(lease);
    settle().await;
    advance(millis(100)).await;
    assert_eq!(bed.server.closed().len(), 3);
    assert_eq!(stopping.await.expect("no panic"), Vec::<String>::new());
    let error = pool.checkout().await.unwrap_err();
    assert!(matches!(error, PoolError::Closed { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_hangs_does_not_hold_up_the_end_for_longer_than_it_may() {
    let bed = Bed::new().await;
    bed.server.closes(Fate::Hangs);
    let pool = bed
        .pool(plain(2).min_size(2).close_timeout(seconds(3)))
        .await;
    let begun = Instant::now();
    pool.drain().await;
    assert_eq!(begun.elapsed(), seconds(3));
    bed.end().await;
}
