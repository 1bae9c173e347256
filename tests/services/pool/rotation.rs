//! Other options for connections: a new password, while a pool runs.

use super::support::{Bed, Fate, advance, counts, millis, plain, seconds, settle};

#[tokio::test(start_paused = true)]
async fn old_connections_are_replaced_one_after_another_and_none_is_made_with_the_old_password() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(5).min_size(4)).await;
    let lease = pool.checkout().await.expect("there are four");
    assert_eq!(pool.rotate("second", seconds(4)), 4);
    settle().await;
    let mut gone = Vec::new();
    for _ in 0..4 {
        gone.push(bed.server.closed().len());
        advance(seconds(1)).await;
    }
    // One is lent: it is closed when it comes back.
    assert_eq!(gone, [1, 2, 3, 3]);
    assert_eq!(counts(&pool), [3, 1, 0, 0, 0, 0]);
    assert!(!lease.is_revoked(), "whoever has one may keep it");
    drop(lease);
    settle().await;
    assert_eq!(bed.server.closed().len(), 4);
    assert_eq!(counts(&pool)[0], 4);
    let passwords = bed.server.passwords();
    assert_eq!(passwords[..4], ["first"; 4]);
    assert_eq!(passwords[4..], ["second"; 4]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_being_made_with_the_old_password_is_replaced_too() {
    let bed = Bed::new().await;
    bed.server.connects(&[Fate::Takes(500)]);
    let pool = bed.pool(plain(1).min_size(1)).await;
    assert_eq!(pool.rotate("second", seconds(0)), 0);
    advance(millis(500)).await;
    assert_eq!(bed.server.passwords(), ["first", "second"]);
    assert_eq!(bed.server.closed(), [1]);
    assert_eq!(counts(&pool), [1, 0, 0, 0, 0, 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_password_survives_every_part() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(1)).await;
    pool.rotate("second", seconds(0));
    for part in ["connectors", "keeper"] {
        bed.crash(part).await;
        pool.checkout().await.expect("there is room").discard();
        settle().await;
    }
    assert_eq!(bed.server.passwords(), ["second", "second"]);
    bed.end().await;
}
