//! Another size, suspension, the end.

use super::*;

#[test]
fn a_smaller_pool_closes_what_is_too_much_as_it_comes_back() {
    let mut pool = filled(&config(10), 10);
    let mut leases: Vec<_> = (0..10).map(|n| lent(&mut pool, n, 0)).collect();
    pool.change(20, Terms::of(&config(3)));
    for lease in leases.drain(..7) {
        put(&mut pool, 21, lease);
    }
    assert_eq!(
        (pool.count(Kind::Closing), pool.count(Kind::Leased)),
        (7, 3)
    );
    put(&mut pool, 22, leases.pop().expect("three are left"));
    assert_eq!(pool.count(Kind::Idle), 1);
    for close in pool.take_closing() {
        pool.closed(23, close.seat);
    }
    pool.change(24, Terms::of(&config(10)));
    assert_eq!(pool.live(), 3);
}

#[test]
fn places_that_are_too_many_are_given_up_and_no_right_to_one_is_good_for_a_later_one() {
    let mut pool = filled(&config(1000), 1000);
    let mut leases: Vec<_> = (0..1000).map(|_| lent(&mut pool, 0, 0)).collect();
    leases.sort_by_key(|(_, seat)| std::cmp::Reverse(seat.number()));
    let stray = leases[500];
    pool.change(1, Terms::of(&config(2)));
    assert_eq!(pool.slots.len(), 1000, "all are lent");
    for (nth, lease) in leases.into_iter().enumerate() {
        put(&mut pool, 2, lease);
        for close in pool.take_closing() {
            pool.closed(2, close.seat);
        }
        assert_eq!(pool.slots.len(), 999 - nth.min(997), "after {nth}");
    }
    assert_eq!((pool.slots.len(), pool.free.len()), (2, 0));
    assert!(pool.slots.capacity() < 100, "{}", pool.slots.capacity());
    assert_eq!(pool.count(Kind::Idle), 2);

    pool.change(3, Terms::of(&config(1000).min_size(1000)));
    let attempts: Vec<_> = std::iter::from_fn(|| pool.start_connect(3)).collect();
    assert_eq!(attempts.len(), 8);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.seat.epoch() > stray.1.epoch())
    );
    assert!(put(&mut pool, 4, stray).revoked);
    assert!(pool.is_revoked(stray.1));
}

#[test]
fn an_end_sends_all_away_and_closes_everything_once() {
    let mut pool = filled(&config(3), 2);
    let lease = lent(&mut pool, 0, 0);
    let other = lent(&mut pool, 0, 0);
    let key = waits(&mut pool, 0, 0);
    let attempt = pool.start_connect(0).expect("it is needed");
    put(&mut pool, 0, other);
    let served = pool.poll(0, key, Waker::noop()).0;
    let Answer::Given(served) = served else {
        panic!("expected a connection, found {served:?}");
    };
    let last = waits(&mut pool, 0, 0);
    pool.close(1, SECOND, &mut Wakes::default());
    assert_eq!(fate(&mut pool, last), Err("closed"));
    assert!(matches!(
        ask(&mut pool, 1, 0),
        Answer::Refused(Refusal::Closed)
    ));
    pool.connected(2, attempt, 5, 0.0, &mut Wakes::default());
    put(&mut pool, 3, lease);
    assert_eq!(tick(&mut pool, 4), SECOND);
    tick(&mut pool, SECOND);
    assert!(put(&mut pool, 2 * SECOND, (served.conn, served.seat)).revoked);
    let closing = pool.take_closing();
    let mut conns: Vec<_> = closing.iter().map(|close| close.conn).collect();
    conns.sort_unstable();
    assert_eq!(conns, [0, 1, 5]);
    assert!(!pool.is_drained());
    for close in closing {
        pool.closed(2 * SECOND, close.seat);
    }
    assert!(pool.is_drained());
}

#[test]
fn a_suspended_pool_lends_nothing_until_it_is_resumed() {
    let mut pool = filled(&config(2), 2);
    pool.suspend();
    let keys = [waits(&mut pool, 0, 0), waits(&mut pool, 0, 0)];
    pool.resume(1, &mut Wakes::default());
    assert_eq!(keys.map(|key| fate(&mut pool, key)), [Ok(0), Ok(1)]);
}
