//! The test of the seed.

use super::support::{Bed, plain, seconds, settle};

#[tokio::test(start_paused = true)]
async fn connection_pool_manages_connections_correctly() {
    let bed = Bed::new().await;
    let config = plain(5).min_size(2).checkout_timeout(seconds(1));
    let pool = bed.pool(config).await;
    assert_eq!(pool.stats().idle, 2, "they are there before anybody asks");

    let first = pool.checkout().await.expect("there are two");
    let second = pool.checkout().await.expect("there are two");
    assert_ne!(first.number, second.number);

    let number = first.number;
    pool.checkin(first).expect("it is one of this pool");
    let third = pool.checkout().await.expect("there is one");
    assert_eq!(third.number, number, "it is used again");
    drop((second, third));
    settle().await;
    bed.end().await;
}
