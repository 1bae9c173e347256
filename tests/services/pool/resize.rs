//! Another size, or another configuration, while a pool runs.

use super::support::{Bed, advance, counts, plain, seconds, settle};

#[tokio::test(start_paused = true)]
async fn a_pool_shrinks_while_all_are_lent_and_grows_again() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(10)).await;
    let mut leases = Vec::new();
    for _ in 0..10 {
        leases.push(pool.checkout().await.expect("there is room"));
    }
    pool.resize(0, 3).expect("it is valid");
    settle().await;
    assert_eq!(counts(&pool), [0, 10, 0, 0, 0, 0]);
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move {
            pool.checkout_within(seconds(60))
                .await
                .map(|lease| (lease.number, lease))
        }
    });
    settle().await;
    for left in (3..10).rev() {
        leases.pop();
        settle().await;
        assert!(!waiting.is_finished(), "{left} are lent, and 3 may be");
        assert_eq!(counts(&pool), [0, left, 0, 0, 0, 1]);
    }
    assert_eq!(bed.server.closed().len(), 7);
    assert_eq!(pool.stats().totals.surplus, 7);
    leases.pop();
    let (number, lease) = waiting.await.expect("no panic").expect("it is served");
    assert_eq!(number, 3);
    assert_eq!(counts(&pool), [0, 3, 0, 0, 0, 0]);

    pool.resize(0, 5).expect("it is valid");
    leases.push(pool.checkout().await.expect("there is room"));
    leases.push(pool.checkout().await.expect("there is room"));
    assert_eq!(counts(&pool), [0, 5, 0, 0, 0, 0]);
    assert_eq!(bed.server.attempts(), 12);
    drop((leases, lease));
    settle().await;
    assert_eq!(counts(&pool), [5, 0, 0, 0, 0, 0]);
    pool.resize(0, 2).expect("it is valid");
    settle().await;
    assert_eq!(
        counts(&pool),
        [2, 0, 0, 0, 0, 0],
        "what is idle goes at once"
    );
    pool.resize(4, 8).expect("it is valid");
    settle().await;
    assert_eq!(
        counts(&pool),
        [4, 0, 0, 0, 0, 0],
        "the least number is made at once"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_size_that_cannot_be_is_refused_and_changes_nothing() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(2)).await;
    let faults = pool.resize(3, 2).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "min_size: expected at most max_size, which is 2, found 3"
    );
    let faults = pool.resize(0, 0).unwrap_err();
    assert_eq!(faults.to_string(), "max_size: expected at least 1, found 0");
    assert_eq!((pool.config().min_size, pool.config().max_size), (0, 2));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn another_configuration_holds_from_then_on_and_survives_every_part() {
    let bed = Bed::new().await;
    let ageless = plain(2).max_lifetime(None);
    let pool = bed
        .pool(ageless.clone().min_size(2).idle_timeout(None))
        .await;
    advance(seconds(3600)).await;
    let config = ageless.min_size(0).idle_timeout(Some(seconds(60)));
    pool.reconfigure(config.clone()).expect("it is valid");
    settle().await;
    assert_eq!(counts(&pool)[0], 0, "they have been idle for longer");
    for part in ["connectors", "keeper", "health_monitor"] {
        bed.crash(part).await;
        assert_eq!(*pool.config(), config, "{part}");
    }
    let pools = mainstay_actors::pool::ConnectionPoolSupervisor::of(&bed.namespace);
    let pools = pools.expect("it runs");
    pools.process().kill();
    pools.process().ended().await;
    settle().await;
    assert_eq!(*pool.config(), config);
    bed.end().await;
}
