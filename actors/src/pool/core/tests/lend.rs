//! Lending and giving back.

use std::time::Duration;

use super::*;

#[test]
fn the_one_used_last_is_lent_first() {
    let mut pool = filled(&config(3), 3);
    let first = lent(&mut pool, 1, 0);
    let second = lent(&mut pool, 2, 0);
    assert_eq!((first.0, second.0), (0, 1));
    put(&mut pool, 3, second);
    put(&mut pool, 4, first);
    assert_eq!(lent(&mut pool, 5, 0).0, 0);
}

#[test]
fn what_comes_back_on_a_lease_that_was_taken_away_is_only_closed() {
    let mut pool = filled(&config(2), 1);
    let lease = lent(&mut pool, 0, 7);
    assert_eq!(pool.revoke_from(1, 7).len(), 1);
    assert_eq!((pool.live(), pool.strays()), (0, 1));
    assert!(pool.is_revoked(lease.1));
    // Its place is filled anew meanwhile, and the new lease is not touched.
    let key = waits(&mut pool, 2, 0);
    let attempt = pool.start_connect(2).expect("there is room");
    pool.connected(3, attempt, 9, 0.0, &mut Wakes::default());
    assert_eq!(fate(&mut pool, key), Ok(9));
    assert!(put(&mut pool, 4, lease).revoked);
    assert_eq!((pool.count(Kind::Leased), pool.live()), (1, 1));
    let closing = pool.take_closing();
    assert_eq!((closing.len(), closing[0].seat), (1, None));
    assert_eq!(pool.strays(), 0);
}

#[test]
fn a_seat_is_good_for_one_return() {
    let mut pool = filled(&config(1), 1);
    let lease = lent(&mut pool, 0, 0);
    assert!(!put(&mut pool, 1, lease).revoked);
    assert!(put(&mut pool, 2, lease).revoked);
    assert_eq!(pool.count(Kind::Idle), 1);
}

#[test]
fn a_connection_that_was_idle_for_long_is_to_be_validated() {
    let config = config(1).validate_after(Some(Duration::from_millis(500)));
    let mut pool = filled(&config, 1);
    let mut validate = |now| {
        let (given, validate) = match ask(&mut pool, now, 0) {
            Answer::Given(given) => (given, false),
            Answer::Unproven(given) => (given, true),
            other => panic!("expected a connection, found {other:?}"),
        };
        put(&mut pool, now, (given.conn, given.seat));
        validate
    };
    assert_eq!(
        [499 * MS, 998 * MS, 1498 * MS].map(&mut validate),
        [false, false, true]
    );
}

#[test]
fn what_is_dirty_is_mended_and_then_given_to_who_waits() {
    let mut pool = filled(&config(1), 1);
    let (conn, seat) = lent(&mut pool, 0, 0);
    let key = waits(&mut pool, 0, 0);
    pool.put(1, seat, conn, Condition::Dirty, &mut Wakes::default());
    assert_eq!(fate(&mut pool, key), Err("waits"));
    let mend = pool.take_mending().pop().expect("one");
    pool.mended(
        2,
        mend.seat,
        mend.conn,
        mend.remedy,
        true,
        &mut Wakes::default(),
    );
    assert_eq!(fate(&mut pool, key), Ok(0));
}
