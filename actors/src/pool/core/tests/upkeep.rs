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

#[test]
fn one_connection_more_than_are_kept_lets_those_go_that_have_been_idle_for_longer() {
    let lease_max = LeaseMax::default().warn(Duration::from_secs(15));
    let config = config(3).idle_timeout(Some(Duration::from_secs(10)));
    let mut pool = filled(&config.lease_max(lease_max).min_size(2), 2);
    assert_eq!(tick(&mut pool, SECOND), NEVER, "as many as are kept");
    let lease = (lent(&mut pool, SECOND, 0), lent(&mut pool, SECOND, 0));
    waits(&mut pool, 2 * SECOND, 0);
    let attempt = pool.start_connect(2 * SECOND).expect("it is needed");
    put(&mut pool, 2 * SECOND, lease.0);
    put(&mut pool, 2 * SECOND, lease.1);
    assert_eq!(tick(&mut pool, 2 * SECOND), 17 * SECOND, "of the lease");
    pool.take_call();
    let mut wakes = Wakes::default();
    pool.connected(9 * SECOND, attempt, 2, 0.0, &mut wakes);
    assert!(pool.take_call(), "the one that is idle is too many now");
    assert_eq!(tick(&mut pool, 9 * SECOND), 12 * SECOND);
}

#[test]
fn what_a_pool_closes_as_it_is_closed_was_not_too_old() {
    let mut pool = filled(&config(2), 2);
    let lease = lent(&mut pool, SECOND, 0);
    pool.close(SECOND, NEVER, &mut Wakes::default());
    put(&mut pool, SECOND, lease);
    for close in pool.take_closing() {
        pool.closed(SECOND, close.seat);
    }
    let counts = pool.counts();
    let whatever_for = (counts.aged, counts.surplus, counts.idle_out, counts.broken);
    assert_eq!((counts.closed, whatever_for), (2, (0, 0, 0, 0)));
}

#[test]
fn a_look_that_pings_one_itself_calls_nobody() {
    let mut pool = filled(&config(1), 1);
    tick(&mut pool, SECOND);
    pool.take_call();
    let seat = pool.idle_seats(SECOND).pop_front().expect("it is idle");
    let mend = pool.take_to_ping(seat).expect("it is idle");
    assert!(!pool.take_call());
    let mut wakes = Wakes::default();
    pool.mended(SECOND, mend.seat, mend.conn, mend.remedy, true, &mut wakes);
    assert_eq!(pool.count(Kind::Idle), 1);
}

#[test]
fn a_clock_that_goes_back_closes_nothing_and_sends_nobody_away() {
    let lease_max = LeaseMax::default().revoke(Duration::from_secs(60));
    let config = config(3)
        .idle_timeout(Some(Duration::from_secs(10)))
        .max_lifetime(Some(Duration::from_secs(100)))
        .keepalive(Some(Duration::from_secs(5)))
        .validate_after(Some(Duration::from_secs(1)))
        .lease_max(lease_max);
    let mut pool = filled(&config, 3);
    // All have been used at this time, one of them is still lent, and nobody waits.
    let leases = [(); 3].map(|()| lent(&mut pool, 40 * SECOND, 0));
    let [kept, one, other] = leases;
    put(&mut pool, 40 * SECOND, one);
    put(&mut pool, 40 * SECOND, other);
    tick(&mut pool, 40 * SECOND);
    // A minute back, as far as there are any.
    for now in [39 * SECOND, 20 * SECOND, 0] {
        tick(&mut pool, now);
        assert_eq!(pool.count(Kind::Idle), 2, "at {now}");
        let again = ask(&mut pool, now, 0);
        let Answer::Given(given) = again else {
            panic!("it was used later than now: {again:?}");
        };
        put(&mut pool, now, (given.conn, given.seat));
    }
    let more = [(); 2].map(|()| lent(&mut pool, 0, 0));
    let key = waits(&mut pool, 0, 0);
    tick(&mut pool, 0);
    assert_eq!(fate(&mut pool, key), Err("waits"));
    assert!(!put(&mut pool, 0, kept).revoked);
    assert_eq!(fate(&mut pool, key), Ok(kept.0));
    for lease in more {
        put(&mut pool, 0, lease);
    }
    let counts = pool.counts();
    assert_eq!((counts.aged, counts.idle_out, counts.timeouts), (0, 0, 0));
}

#[test]
fn after_a_leap_of_the_clock_all_is_done_that_has_become_due_meanwhile_and_once() {
    let lease_max = LeaseMax::default().revoke(Duration::from_secs(60));
    let config = config(3).idle_timeout(Some(Duration::from_secs(10)));
    let mut pool = filled(&config.lease_max(lease_max), 2);
    let lease = lent(&mut pool, 0, 1);
    let hour = 3600 * SECOND;
    assert_eq!(tick(&mut pool, hour), NEVER);
    let counts = pool.counts();
    assert_eq!((counts.idle_out, counts.revoked), (1, 1));
    assert!(put(&mut pool, hour, lease).revoked);
    assert_eq!(pool.take_closing().len(), 2);
    assert_eq!(tick(&mut pool, hour), NEVER);
}

#[test]
fn what_is_idle_for_long_is_kept_in_place_of_a_lease_that_is_taken_away_at_that_moment() {
    let most = mainstay_specs::LeaseMax::default().revoke(Duration::from_millis(60));
    let config = config(2).min_size(1).lease_max(most);
    let mut pool = filled(&config.idle_timeout(Some(Duration::from_millis(40))), 2);
    lent(&mut pool, 0, 0);
    let (notices, _) = pool.tick(60 * MS, &mut Wakes::default());
    assert_eq!(notices.revoked.len(), 1);
    assert_eq!((pool.count(Kind::Idle), pool.count(Kind::Closing)), (1, 0));
}

#[test]
fn of_very_many_that_are_due_at_a_time_some_go_and_the_others_at_once_after_them() {
    let timeout = Some(Duration::from_secs(10));
    let idle = config(1000).idle_timeout(timeout);
    let old = config(1000).max_lifetime(timeout).lifetime_jitter(0.0);
    for config in [idle, old] {
        let mut pool = filled(&config, 1000);
        let now = 10 * SECOND;
        let mut gone = Vec::new();
        loop {
            let due = tick(&mut pool, now);
            gone.push(pool.take_closing().len());
            if due > now {
                assert_eq!(due, NEVER);
                break;
            }
        }
        assert_eq!(gone, [128, 128, 128, 128, 128, 128, 128, 104]);
    }
}

#[test]
fn a_connection_that_is_too_old_goes_before_one_that_has_been_idle_for_longer() {
    let config = config(2).idle_timeout(Some(Duration::from_secs(10)));
    let mut pool = filled(&config.min_size(1), 2);
    // The one that was used last is the older one.
    let last = *pool.idle.back().expect("two are idle");
    pool.slots[last as usize].dies = 10 * SECOND;
    pool.plan_anew();
    tick(&mut pool, 10 * SECOND);
    let counts = pool.counts();
    assert_eq!((counts.aged, counts.idle_out), (1, 0));
    assert_eq!(pool.count(Kind::Idle), 1);
}
