//! What a keeper minds: how many there are, how old they get, whether they still work.

use std::collections::BTreeSet;

use mainstay_actors::pool::{Condition, LeaseEnd, PoolError};
use mainstay_supervisors::specs::{LeaseMax, PoolHealth};

use super::support::{Bed, Fate, advance, counts, millis, plain, seconds, settle};

#[tokio::test(start_paused = true)]
async fn the_least_number_is_there_from_the_start_and_kept() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(5).min_size(3)).await;
    assert_eq!(counts(&pool), [3, 0, 0, 0, 0, 0]);
    let lease = pool.checkout().await.expect("there is one");
    lease.discard();
    settle().await;
    assert_eq!(counts(&pool), [3, 0, 0, 0, 0, 0]);
    assert_eq!(bed.server.closed(), [3]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_idle_for_long_is_closed_oldest_first_and_never_below_the_least() {
    let bed = Bed::new().await;
    let config = plain(5).min_size(1).idle_timeout(Some(seconds(60)));
    let pool = bed.pool(config).await;
    let mut leases = Vec::new();
    for _ in 0..4 {
        leases.push(pool.checkout().await.expect("there is room"));
    }
    // Given back in this order, each a second after the one before: 1 is idle for longest.
    for lease in leases.drain(..3) {
        drop(lease);
        advance(seconds(1)).await;
    }
    advance(seconds(56)).await;
    assert_eq!(counts(&pool), [3, 1, 0, 0, 0, 0]);
    advance(seconds(1)).await;
    assert_eq!(bed.server.closed(), [1]);
    advance(seconds(1)).await;
    assert_eq!(bed.server.closed(), [1, 2]);
    advance(seconds(1)).await;
    assert_eq!(
        bed.server.closed(),
        [1, 2, 3],
        "the one that is lent counts"
    );
    assert_eq!(counts(&pool), [0, 1, 0, 0, 0, 0]);
    advance(seconds(3600)).await;
    assert_eq!(
        counts(&pool),
        [0, 1, 0, 0, 0, 0],
        "one that is lent is never closed"
    );
    drop(leases);
    advance(seconds(3600)).await;
    assert_eq!(counts(&pool)[0], 1, "the least is kept");
    assert_eq!(pool.stats().totals.idle_out, 3);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn lifetimes_are_drawn_once_and_spread_over_their_share() {
    let bed = Bed::new().await;
    let config = plain(100)
        .min_size(100)
        .connects_max(100)
        .max_lifetime(Some(seconds(1000)))
        .lifetime_jitter(0.5);
    let pool = bed.pool(config).await;
    assert_eq!(counts(&pool)[0], 100);
    bed.server.all_connects(Fate::Hangs);
    advance(seconds(499)).await;
    assert_eq!(bed.server.closed(), Vec::<u64>::new());
    let mut times = BTreeSet::new();
    let mut before = 0;
    for second in 500..=1000 {
        // To look at them, and to lend them, changes nothing.
        drop(pool.checkout_within(millis(0)).await);
        advance(seconds(1)).await;
        let now = bed.server.closed().len();
        if now > before {
            times.insert(second);
        }
        before = now;
    }
    assert_eq!(before, 100, "all of them within the lifetime");
    assert!(times.len() > 50, "in {} different seconds", times.len());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_reaches_its_age_while_it_is_lent_is_closed_when_it_comes_back() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(2).max_lifetime(Some(seconds(10)))).await;
    let lease = pool.checkout().await.expect("there is room");
    advance(seconds(20)).await;
    assert_eq!(bed.server.closed(), Vec::<u64>::new());
    pool.checkin(lease).expect("it is one of this pool");
    settle().await;
    assert_eq!(bed.server.closed(), [1]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_idle_is_pinged_to_keep_it_alive_a_few_at_a_time() {
    let bed = Bed::new().await;
    let config = plain(6)
        .min_size(6)
        .connects_max(2)
        .keepalive(Some(seconds(30)))
        .idle_timeout(None)
        .health(PoolHealth::default().interval(seconds(36_000)));
    let pool = bed.pool(config).await;
    bed.server.pings(Fate::Takes(100));
    assert_eq!(counts(&pool)[0], 6);
    advance(seconds(30)).await;
    assert_eq!(counts(&pool), [4, 0, 0, 2, 0, 0]);
    advance(millis(100)).await;
    assert_eq!(counts(&pool), [4, 0, 0, 2, 0, 0]);
    advance(millis(200)).await;
    advance(millis(200)).await;
    assert_eq!(counts(&pool), [6, 0, 0, 0, 0, 0]);
    let pinged: BTreeSet<_> = bed.server.pinged().into_iter().collect();
    assert_eq!((pinged.len(), bed.server.pinged().len()), (6, 6));
    bed.server.pings(Fate::Fails);
    advance(seconds(31)).await;
    advance(seconds(1)).await;
    assert_eq!(bed.server.closed().len(), 6, "none of them answered");
    assert_eq!(counts(&pool)[0], 6, "there are new ones");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_dirty_connection_is_reset_off_the_caller_and_lent_again() {
    let bed = Bed::new().await;
    bed.server.condition(Condition::Dirty);
    bed.server.resets(Fate::Takes(100));
    let pool = bed.pool(plain(1)).await;
    let lease = pool.checkout().await.expect("there is room");
    drop(lease);
    bed.server.condition(Condition::Clean);
    settle().await;
    assert_eq!(counts(&pool), [0, 0, 0, 1, 0, 0]);
    let next = tokio::spawn({
        let pool = pool.clone();
        async move { pool.checkout().await.map(|lease| lease.number) }
    });
    advance(millis(100)).await;
    assert_eq!(next.await.expect("no panic").expect("it is lent"), 1);
    assert_eq!(bed.server.was_reset(), [1]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_fails_hangs_or_panics_closes_the_connection() {
    for fate in [Fate::Fails, Fate::Hangs, Fate::Panics] {
        let bed = Bed::new().await;
        bed.server.condition(Condition::Dirty);
        bed.server.resets(fate);
        let pool = bed.pool(plain(1).reset_timeout(seconds(2))).await;
        drop(pool.checkout().await.expect("there is room"));
        settle().await;
        if fate == Fate::Hangs {
            advance(seconds(2)).await;
        }
        settle().await;
        assert_eq!(counts(&pool), [0; 6], "{fate:?}");
        assert_eq!(bed.server.closed(), [1], "{fate:?}");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_hangs_or_panics_gives_its_room_back() {
    for fate in [Fate::Hangs, Fate::Panics] {
        let bed = Bed::new().await;
        bed.server.closes(fate);
        let pool = bed.pool(plain(1).close_timeout(seconds(2))).await;
        pool.checkout().await.expect("there is room").discard();
        settle().await;
        if fate == Fate::Hangs {
            assert_eq!(counts(&pool), [0, 0, 0, 0, 1, 0]);
            advance(seconds(2)).await;
        }
        assert_eq!(counts(&pool), [0; 6], "{fate:?}");
        let lease = pool.checkout().await.expect("there is room");
        assert_eq!(lease.number, 2);
        bed.server.closes(Fate::Works);
        drop(lease);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_lasts_for_long_is_told_of_and_then_taken_away() {
    let bed = Bed::new().await;
    let max = LeaseMax::default().warn(seconds(5)).revoke(seconds(8));
    let pool = bed.pool(plain(1).lease_max(max)).await;
    let lease = pool.checkout().await.expect("there is room");
    let next = tokio::spawn({
        let pool = pool.clone();
        async move {
            pool.checkout_within(seconds(60))
                .await
                .map(|lease| lease.number)
        }
    });
    advance(seconds(5)).await;
    assert!(!lease.is_revoked());
    advance(seconds(3)).await;
    assert!(lease.is_revoked());
    assert_eq!(next.await.expect("no panic").expect("it is served"), 2);
    assert_eq!(pool.stats().strays, 1);
    let error = pool.checkin(lease).unwrap_err();
    assert!(matches!(error, PoolError::Revoked { .. }), "{error}");
    settle().await;
    assert_eq!(bed.server.closed(), [1]);
    assert_eq!(
        (pool.stats().strays, counts(&pool)),
        (0, [1, 0, 0, 0, 0, 0])
    );
    let ended = (1, LeaseEnd::CheckedIn);
    assert!(bed.server.ends().contains(&ended));
    bed.end().await;
}
