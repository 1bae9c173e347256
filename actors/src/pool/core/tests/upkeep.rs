//! What becomes due.

use std::time::Duration;

use mainstay_specs::LeaseMax;

use super::*;

#[test]
fn idle_connections_go_but_for_those_that_are_kept() {
    let config = config(4).idle_timeout(Some(Duration::from_secs(10)));
    let mut pool = filled(&config, 4);
    pool.change(0, Terms::of(&config.min_size(1)));
    assert_eq!(tick(&mut pool, SECOND), 10 * SECOND);
    let lease = lent(&mut pool, SECOND, 0);
    put(&mut pool, 2 * SECOND, lease);
    assert_eq!(tick(&mut pool, 10 * SECOND), NEVER);
    assert_eq!((pool.count(Kind::Idle), pool.count(Kind::Closing)), (1, 3));
    // It is the one that was used last.
    assert_eq!(lent(&mut pool, 11 * SECOND, 0).0, 0);
}

#[test]
fn lifetimes_differ_and_are_drawn_once() {
    let config = config(100).max_lifetime(Some(Duration::from_secs(100)));
    let mut pool = pool(&config.lifetime_jitter(0.5).connects_max(100).min_size(100));
    for n in 0..100_u32 {
        let attempt = pool.start_connect(0).expect("it is needed");
        pool.connected(0, attempt, n, f64::from(n) / 100.0, &mut Wakes::default());
    }
    let mut left = Vec::new();
    for second in [49, 60, 70, 80, 90, 100] {
        tick(&mut pool, second * SECOND);
        left.push(pool.count(Kind::Idle));
    }
    assert_eq!(left, [100, 80, 60, 40, 20, 0]);
}

#[test]
fn a_lease_is_told_of_once_and_then_taken_away() {
    let max = LeaseMax::default()
        .warn(Duration::from_secs(1))
        .revoke(Duration::from_secs(3));
    let mut pool = filled(&config(1).lease_max(max), 1);
    let lease = lent(&mut pool, 0, 5);
    let mut told = Vec::new();
    for second in 0..5 {
        let (notices, due) = pool.tick(second * SECOND, &mut Wakes::default());
        told.push((notices.warned.len(), notices.revoked.len(), due));
    }
    let expected = [
        (0, 0, SECOND),
        (1, 0, 3 * SECOND),
        (0, 0, 3 * SECOND),
        (0, 1, NEVER),
        (0, 0, NEVER),
    ];
    assert_eq!(told, expected);
    assert!(put(&mut pool, 5 * SECOND, lease).revoked);
}

#[test]
fn those_that_had_to_wait_to_be_kept_alive_are_pinged_when_others_have_been() {
    for lost in [false, true] {
        let warn = LeaseMax::default().warn(Duration::from_secs(60));
        let config = config(4)
            .connects_max(2)
            .keepalive(Some(Duration::from_secs(3)))
            .lease_max(warn);
        let mut pool = filled(&config, 4);
        let _lease = lent(&mut pool, 2 * SECOND, 0);
        // Until the lease is told of, as far as it knows.
        assert_eq!(tick(&mut pool, 3 * SECOND), 62 * SECOND);
        let Mend { seat, conn, remedy } = pool.take_mending().pop().expect("two are pinged");
        assert!(!pool.take_call());
        let (now, mut wakes) = (3 * SECOND + MS, Wakes::default());
        match lost {
            true => pool.mend_lost(now, seat, remedy),
            false => pool.mended(now, seat, conn, remedy, true, &mut wakes),
        }
        assert!(pool.take_call(), "there is one more");
        tick(&mut pool, now);
        assert_eq!(pool.take_mending().len(), 1);
    }
}

#[test]
fn what_is_taken_away_says_whether_its_borrower_had_it() {
    let mut pool = filled(&config(2), 2);
    let lease = lent(&mut pool, 0, 1);
    let _other = lent(&mut pool, 0, 2);
    let key = waits(&mut pool, 0, 3);
    put(&mut pool, 1, lease);
    let revoked = pool.revoke_older(2, NEVER);
    let had: Vec<_> = revoked
        .iter()
        .map(|lease| (lease.borrower, lease.taken))
        .collect();
    // What was granted is not yet among the leases of the one it was granted to.
    assert_eq!(had, [(Some(3), false), (Some(2), true)]);
    assert_eq!(fate(&mut pool, key), Err("waits"));
}

#[test]
fn the_keeper_is_called_for_what_it_does_not_know_of_and_only_then() {
    let config = config(1).idle_timeout(Some(Duration::from_secs(10)));
    let mut pool = filled(&config, 1);
    tick(&mut pool, 0);
    assert!(!pool.take_call());
    let lease = lent(&mut pool, SECOND, 0);
    assert!(!pool.take_call());
    put(&mut pool, 2 * SECOND, lease);
    assert!(!pool.take_call(), "it comes sooner than that anyway");
    let _lease = lent(&mut pool, 3 * SECOND, 0);
    waits(&mut pool, 3 * SECOND, 0);
    assert!(pool.take_call(), "it has to come sooner");
    waits(&mut pool, 4 * SECOND, 0);
    assert!(!pool.take_call());
}

#[test]
fn a_ping_that_keeps_alive_is_no_use() {
    let config = config(2)
        .keepalive(Some(Duration::from_secs(3)))
        .idle_timeout(Some(Duration::from_secs(10)));
    let mut pool = filled(&config, 2);
    tick(&mut pool, 3 * SECOND);
    for mend in pool.take_mending() {
        assert_eq!(mend.remedy, Remedy::Ping);
        pool.mended(
            3 * SECOND,
            mend.seat,
            mend.conn,
            mend.remedy,
            true,
            &mut Wakes::default(),
        );
    }
    assert_eq!(
        (pool.count(Kind::Idle), tick(&mut pool, 4 * SECOND)),
        (2, 6 * SECOND)
    );
    tick(&mut pool, 10 * SECOND);
    assert_eq!(pool.count(Kind::Closing), 2);
}
