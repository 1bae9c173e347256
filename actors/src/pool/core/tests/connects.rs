//! Attempts to connect.

use super::*;
use crate::pool::error::ConnectError;

#[test]
fn no_more_attempts_are_made_than_are_needed() {
    let mut pool = pool(&config(10).connects_max(4));
    for n in 0..3 {
        waits(&mut pool, n, 0);
    }
    let attempts = std::iter::from_fn(|| pool.start_connect(5)).count();
    assert_eq!(attempts, 3);
    for n in 0..20 {
        waits(&mut pool, n, 0);
    }
    assert_eq!(std::iter::from_fn(|| pool.start_connect(5)).count(), 1);
}

#[test]
fn nobody_has_an_attempt_made_who_is_about_to_give_up() {
    let mut pool = filled(&config(2), 1);
    let _lease = lent(&mut pool, 0, 0);
    let first = waits(&mut pool, 0, 0);
    let attempt = pool.start_connect(0).expect("it is needed");
    // It takes four seconds.
    pool.connected(4 * SECOND, attempt, 1, 0.0, &mut Wakes::default());
    assert_eq!(fate(&mut pool, first), Ok(1));
    pool.change(4 * SECOND, Terms::of(&config(3)));
    waits(&mut pool, 5 * SECOND, 0);
    assert_eq!(pool.connects_wanted(5 * SECOND), 1);
    assert_eq!(pool.connects_wanted(8 * SECOND), 0);
}

#[test]
fn after_a_failure_attempts_are_fewer_and_later() {
    let mut pool = pool(&config(16).connects_max(8).max_retries(100));
    for _ in 0..16 {
        waits(&mut pool, 0, 0);
    }
    let attempts: Vec<_> = std::iter::from_fn(|| pool.start_connect(0)).collect();
    assert_eq!(attempts.len(), 8);
    for attempt in attempts {
        pool.connect_failed(
            0,
            attempt,
            ConnectError::Abandoned,
            0.0,
            &mut Wakes::default(),
        );
    }
    // The eighth failure in a row waits for as long as may be.
    let mut now = SECOND;
    assert_eq!(pool.connects_wanted(now - 1), 0);
    let mut ramp = Vec::new();
    loop {
        let attempts: Vec<_> = std::iter::from_fn(|| pool.start_connect(now)).collect();
        if attempts.is_empty() {
            break;
        }
        ramp.push(attempts.len());
        now += MS;
        for attempt in attempts {
            pool.connected(now, attempt, 0, 0.0, &mut Wakes::default());
        }
    }
    assert_eq!(ramp, [1, 2, 8, 5]);
}

#[test]
fn those_who_wait_hear_of_the_last_error_after_so_many_attempts() {
    let mut pool = pool(&config(1).max_retries(1));
    let key = waits(&mut pool, 0, 0);
    for (now, expected) in [(0, "waits"), (SECOND, "connect")] {
        let attempt = pool.start_connect(now).expect("it is needed");
        pool.connect_failed(
            now,
            attempt,
            ConnectError::Abandoned,
            0.0,
            &mut Wakes::default(),
        );
        assert_eq!(fate(&mut pool, key), Err(expected));
    }
    // Whoever comes now waits for the next attempt at most.
    let next = waits(&mut pool, SECOND, 0);
    let attempt = pool.start_connect(2 * SECOND).expect("it is needed");
    pool.connect_failed(
        2 * SECOND,
        attempt,
        ConnectError::Abandoned,
        0.0,
        &mut Wakes::default(),
    );
    assert_eq!(fate(&mut pool, next), Err("connect"));
    assert_eq!(pool.live(), 0);
}

#[test]
fn attempts_that_fail_send_nobody_away_who_waits_for_what_is_lent() {
    let mut pool = filled(&config(4).max_retries(1), 2);
    let lease = lent(&mut pool, 0, 0);
    let _other = lent(&mut pool, 0, 0);
    let key = waits(&mut pool, 0, 0);
    let mut now = 0;
    for _ in 0..10 {
        let attempt = pool.start_connect(now).expect("it is needed");
        let mut wakes = Wakes::default();
        pool.connect_failed(now, attempt, ConnectError::Abandoned, 0.0, &mut wakes);
        assert_eq!(fate(&mut pool, key), Err("waits"));
        now += 100 * MS;
        pool.release_connects(now);
    }
    assert_eq!(pool.connects.failures, 10);
    put(&mut pool, now, lease);
    assert_eq!(fate(&mut pool, key), Ok(0));
}

#[test]
fn while_attempts_are_held_nobody_waits_for_one() {
    let mut pool = pool(&config(2));
    let key = waits(&mut pool, 0, 0);
    pool.hold_connects(1, SECOND, &mut Wakes::default());
    assert_eq!(fate(&mut pool, key), Err("held"));
    let refused = ask(&mut pool, 2, 0);
    assert!(matches!(
        refused,
        Answer::Refused(Refusal::Held { until: SECOND })
    ));
    assert!(pool.start_connect(2).is_none());
    let later = waits(&mut pool, SECOND, 0);
    assert!(pool.start_connect(SECOND).is_some());
    assert_eq!(fate(&mut pool, later), Err("waits"));
}

/// A pool of two with a connection that took 100 ms to make, and is pinged since the second second.
fn with_one_that_is_pinged() -> (Pool, Mend<u32>) {
    let mut pool = pool(&config(2));
    tick(&mut pool, 0);
    let key = waits(&mut pool, 0, 0);
    let attempt = pool.start_connect(0).expect("it is needed");
    pool.connected(100 * MS, attempt, 7, 0.0, &mut Wakes::default());
    let Answer::Given(given) = pool.poll(0, key, Waker::noop()).0 else {
        panic!("it was made for it");
    };
    put(&mut pool, SECOND, (given.conn, given.seat));
    let seat = pool.idle_seats(2 * SECOND).pop_front();
    let mend = pool.take_to_ping(seat.expect("it is idle"));
    tick(&mut pool, 2 * SECOND);
    pool.take_call();
    (pool, mend.expect("it is idle"))
}

#[test]
fn nobody_has_a_connection_made_while_one_is_pinged_for_no_longer_than_connecting_takes() {
    let (mut pool, mend) = with_one_that_is_pinged();
    let first = waits(&mut pool, 2 * SECOND, 0);
    assert_eq!(pool.connects_wanted(2 * SECOND), 0);
    assert!(pool.take_call(), "it may be needed later");
    let later = 2 * SECOND + 100 * MS;
    assert_eq!(tick(&mut pool, 2 * SECOND), later);
    assert_eq!(pool.connects_wanted(later - 1), 0);
    // There is one for the first.
    let second = waits(&mut pool, 2 * SECOND + MS, 0);
    assert_eq!(pool.connects_wanted(2 * SECOND + MS), 1);
    assert!(pool.take_call(), "it is needed");
    let mut wakes = Wakes::default();
    let now = 2 * SECOND + 2 * MS;
    pool.mended(now, mend.seat, mend.conn, mend.remedy, true, &mut wakes);
    assert_eq!(fate(&mut pool, first), Ok(7));
    assert_eq!(fate(&mut pool, second), Err("waits"));
    assert_eq!(pool.connects_wanted(now), 1);
}

#[test]
fn one_is_made_after_all_if_a_ping_hangs_or_comes_to_nothing() {
    let (mut pool, _hangs) = with_one_that_is_pinged();
    waits(&mut pool, 2 * SECOND, 0);
    let later = 2 * SECOND + 100 * MS;
    assert_eq!(pool.connects_wanted(later), 1);
    assert!(pool.start_connect(later).is_some());

    let (mut pool, mend) = with_one_that_is_pinged();
    waits(&mut pool, 2 * SECOND, 0);
    assert_eq!(pool.connects_wanted(2 * SECOND), 0);
    let mut wakes = Wakes::default();
    let Mend { seat, conn, remedy } = mend;
    pool.mended(2 * SECOND, seat, conn, remedy, false, &mut wakes);
    assert!(pool.take_call());
    assert_eq!(pool.connects_wanted(2 * SECOND), 1);
}
