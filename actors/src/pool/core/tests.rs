//! What each decision comes to, one at a time.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use mainstay_specs::{Backoff, CoDel, LeaseMax, OnSelfDeadlock, PoolConfig};

use super::slot::Kind;
use super::*;
use crate::pool::error::ConnectError;

pub(super) const MS: u64 = 1_000_000;
pub(super) const SECOND: u64 = 1000 * MS;

type Pool = Core<u32, u8>;

pub(super) fn config(max: u32) -> PoolConfig {
    PoolConfig::new(max)
        .connects_max(8)
        .idle_timeout(None)
        .max_lifetime(None)
        .validate_after(None)
        .backoff(Backoff::new(Duration::from_millis(100), Duration::from_secs(1)).jitter(0.0))
}

fn pool(config: &PoolConfig) -> Pool {
    assert_eq!(config.validate(), Ok(()));
    Core::new(Terms::of(config))
}

fn who(borrower: u8) -> Who<u8> {
    Who {
        at: Location::caller(),
        borrower: (borrower > 0).then_some(borrower),
    }
}

/// A pool in which so many connections are idle, of which 0 was used last.
fn filled(config: &PoolConfig, count: u32) -> Pool {
    let mut pool = pool(&config.clone().min_size(count).connects_max(count));
    let mut attempts: Vec<_> = std::iter::from_fn(|| pool.start_connect(0)).collect();
    assert_eq!(attempts.len(), count as usize);
    for conn in (0..count).rev() {
        let attempt = attempts.pop().expect("as many");
        pool.connected(0, attempt, conn, 0.0, &mut Wakes::default());
    }
    pool.change(0, Terms::of(config));
    pool
}

fn ask(pool: &mut Pool, now: u64, borrower: u8) -> Answer<u32> {
    pool.checkout(now, 5 * SECOND, who(borrower), Waker::noop())
}

fn lent(pool: &mut Pool, now: u64, borrower: u8) -> (u32, Seat) {
    match ask(pool, now, borrower) {
        Answer::Given(given) => (given.conn, given.seat),
        other => panic!("expected a connection, found {other:?}"),
    }
}

fn waits(pool: &mut Pool, now: u64, borrower: u8) -> Key {
    match ask(pool, now, borrower) {
        Answer::Waiting(key) => key,
        other => panic!("expected to wait, found {other:?}"),
    }
}

fn put(pool: &mut Pool, now: u64, (conn, seat): (u32, Seat)) -> Returned<u8> {
    let mut wakes = Wakes::default();
    let returned = pool.put(now, seat, conn, Condition::Clean, &mut wakes);
    wakes.wake();
    returned
}

/// What has become of one who waits.
fn fate(pool: &mut Pool, key: Key) -> Result<u32, &'static str> {
    match pool.poll(key, Waker::noop()).0 {
        Poll::Pending => Err("waits"),
        Poll::Ready(Ok(given)) => Ok(given.conn),
        Poll::Ready(Err(refusal)) => Err(name(&refusal)),
    }
}

pub(super) fn name(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Exhausted => "exhausted",
        Refusal::Timeout => "timeout",
        Refusal::QueueFull => "queue full",
        Refusal::Overloaded => "overloaded",
        Refusal::Connect(_) => "connect",
        Refusal::Held { .. } => "held",
        Refusal::Closed => "closed",
        Refusal::SelfDeadlock => "self-deadlock",
    }
}

fn tick(pool: &mut Pool, now: u64) -> u64 {
    let mut wakes = Wakes::default();
    let (_, due) = pool.tick(now, &mut wakes);
    wakes.wake();
    due
}

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
fn whoever_waits_first_is_served_first_and_nobody_overtakes() {
    let mut pool = filled(&config(1), 1);
    let lease = lent(&mut pool, 0, 0);
    let keys: Vec<_> = (0..3).map(|n| waits(&mut pool, n, 0)).collect();
    put(&mut pool, 10, lease);
    // It was handed over: one who comes now finds nothing.
    let late = waits(&mut pool, 11, 0);
    assert_eq!(fate(&mut pool, keys[1]), Err("waits"));
    assert_eq!(fate(&mut pool, keys[0]), Ok(0));
    assert_eq!(fate(&mut pool, late), Err("waits"));
}

#[test]
fn what_was_granted_to_one_who_left_goes_to_the_next() {
    let mut pool = filled(&config(1), 1);
    let lease = lent(&mut pool, 0, 0);
    let keys: Vec<_> = (0..3).map(|n| waits(&mut pool, n, 0)).collect();
    put(&mut pool, 10, lease);
    pool.leave(11, keys[0], &mut Wakes::default());
    assert_eq!(fate(&mut pool, keys[2]), Err("waits"));
    assert_eq!(fate(&mut pool, keys[1]), Ok(0));
    assert_eq!((pool.line.len(), pool.line.entries()), (1, 1));
}

#[test]
fn at_the_very_deadline_the_hand_off_wins_if_it_was_made_first() {
    let mut pool = filled(&config(1), 1);
    let lease = lent(&mut pool, 0, 0);
    let key = waits(&mut pool, 0, 0);
    put(&mut pool, 5 * SECOND, lease);
    tick(&mut pool, 5 * SECOND);
    pool.time_out(5 * SECOND, key, &mut Wakes::default());
    assert_eq!(fate(&mut pool, key), Ok(0));
}

#[test]
fn at_the_very_deadline_nothing_is_lost_if_the_time_was_up_first() {
    let mut pool = filled(&config(1), 1);
    let lease = lent(&mut pool, 0, 0);
    let key = waits(&mut pool, 0, 0);
    tick(&mut pool, 5 * SECOND);
    put(&mut pool, 5 * SECOND, lease);
    assert_eq!(fate(&mut pool, key), Err("timeout"));
    assert_eq!(lent(&mut pool, 5 * SECOND, 0).0, 0);
}

#[test]
fn one_whose_time_is_up_is_passed_over_though_nobody_has_told_it() {
    let mut pool = filled(&config(1), 1);
    let lease = lent(&mut pool, 0, 0);
    let late = waits(&mut pool, 0, 0);
    let next = waits(&mut pool, 1, 0);
    put(&mut pool, 5 * SECOND + 1, lease);
    assert_eq!(fate(&mut pool, late), Err("timeout"));
    assert_eq!(fate(&mut pool, next), Ok(0));
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
fn without_patience_a_new_connection_is_waited_for_and_no_lease() {
    let mut pool = pool(&config(1));
    let ask = |pool: &mut Pool| match pool.checkout(0, 0, who(0), Waker::noop()) {
        Answer::Waiting(_) => "waits",
        Answer::Given(_) => "given",
        Answer::Refused(refusal) => name(&refusal),
    };
    assert_eq!(ask(&mut pool), "waits");
    assert_eq!(ask(&mut pool), "exhausted");
    let attempt = pool.start_connect(0).expect("it is needed");
    pool.connected(1, attempt, 1, 0.0, &mut Wakes::default());
    assert_eq!(ask(&mut pool), "exhausted");
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
fn a_connection_that_was_idle_for_long_is_to_be_validated() {
    let config = config(1).validate_after(Some(Duration::from_millis(500)));
    let mut pool = filled(&config, 1);
    let mut validate = |now| match ask(&mut pool, now, 0) {
        Answer::Given(given) => {
            put(&mut pool, now, (given.conn, given.seat));
            given.validate
        }
        other => panic!("expected a connection, found {other:?}"),
    };
    assert_eq!(
        [499 * MS, 998 * MS, 1498 * MS].map(&mut validate),
        [false, false, true]
    );
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
fn whoever_waits_for_itself_is_refused_if_it_is_to_be() {
    let refuse = config(1).on_self_deadlock(OnSelfDeadlock::Refuse);
    for (config, expected) in [(refuse, "self-deadlock"), (config(1), "waits")] {
        let mut pool = filled(&config, 1);
        let _lease = lent(&mut pool, 0, 1);
        // Another one may well wait.
        waits(&mut pool, 1, 2);
        let found = match ask(&mut pool, 2, 1) {
            Answer::Refused(refusal) => name(&refusal),
            Answer::Waiting(_) => "waits",
            Answer::Given(_) => "given",
        };
        assert_eq!(found, expected);
        let (notices, _) = pool.tick(3, &mut Wakes::default());
        assert_eq!(notices.deadlock.and_then(|who| who.borrower), Some(1));
        assert_eq!(pool.counts().deadlocks, 1);
    }
}

#[test]
fn a_ring_is_found_when_it_closes() {
    let config = config(2).on_self_deadlock(OnSelfDeadlock::Refuse);
    let mut pool = filled(&config, 2);
    let _one = lent(&mut pool, 0, 1);
    let _two = lent(&mut pool, 0, 2);
    waits(&mut pool, 1, 1);
    assert!(matches!(
        ask(&mut pool, 2, 2),
        Answer::Refused(Refusal::SelfDeadlock)
    ));
}

#[test]
fn what_has_room_to_grow_is_no_deadlock() {
    let config = config(2).on_self_deadlock(OnSelfDeadlock::Refuse);
    let mut pool = filled(&config, 1);
    let _lease = lent(&mut pool, 0, 1);
    waits(&mut pool, 1, 1);
}

#[test]
fn those_who_wait_for_long_are_sent_away_while_all_do() {
    let codel = CoDel::new(Duration::from_millis(10), Duration::from_millis(100));
    let mut pool = filled(&config(1).codel(codel), 1);
    let mut lease = lent(&mut pool, 0, 0);
    let mut keys: VecDeque<_> = (0..200).map(|_| waits(&mut pool, 0, 0)).collect();
    let mut away = 0;
    for n in 2..40 {
        put(&mut pool, n * 10 * MS, lease);
        lease = loop {
            let key = keys.pop_front().expect("some are left");
            match pool.poll(key, Waker::noop()).0 {
                Poll::Ready(Ok(given)) => break (given.conn, given.seat),
                Poll::Ready(Err(Refusal::Overloaded)) => away += 1,
                other => panic!("expected an end, found {other:?}"),
            }
        };
    }
    // At 120, 220, 300 and 350 ms: after 100 / √n ms each, at the next look.
    assert_eq!((away, pool.counts().overloaded), (4, 4));
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

#[test]
fn an_end_sends_all_away_and_closes_everything_once() {
    let mut pool = filled(&config(3), 2);
    let lease = lent(&mut pool, 0, 0);
    let other = lent(&mut pool, 0, 0);
    let key = waits(&mut pool, 0, 0);
    let attempt = pool.start_connect(0).expect("it is needed");
    put(&mut pool, 0, other);
    let served = pool.poll(key, Waker::noop()).0;
    let Poll::Ready(Ok(served)) = served else {
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

#[test]
fn one_that_found_a_bad_connection_keeps_its_place() {
    let config = config(1).validate_after(Some(Duration::ZERO));
    let mut pool = filled(&config, 1);
    let (conn, seat) = lent(&mut pool, 0, 0);
    let later = waits(&mut pool, 1, 0);
    pool.put(2, seat, conn, Condition::Broken, &mut Wakes::default());
    let wait = Wait {
        who: who(0),
        entered: 0,
        deadline: 5 * SECOND,
    };
    let Answer::Waiting(again) = pool.again(2, wait, false, Waker::noop()) else {
        panic!("expected to wait");
    };
    let close = pool.take_closing().pop().expect("one");
    pool.closed(3, close.seat);
    let attempt = pool.start_connect(3).expect("it is needed");
    pool.connected(4, attempt, 1, 0.0, &mut Wakes::default());
    assert_eq!(fate(&mut pool, later), Err("waits"));
    assert_eq!(fate(&mut pool, again), Ok(1));
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn whoever_waits_without_a_keeper_is_woken_to_mind_its_own_time() {
    let mut pool = filled(&config(1), 1);
    pool.attend();
    let _lease = lent(&mut pool, 0, 0);
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    let waiting = pool.checkout(0, SECOND, who(0), &waker);
    let mut wakes = Wakes::default();
    pool.unattend(&mut wakes);
    wakes.wake();
    assert_eq!(
        (count.0.load(Ordering::Relaxed), pool.is_attended()),
        (1, false)
    );
    let Answer::Waiting(key) = waiting else {
        panic!("expected to wait");
    };
    pool.time_out(SECOND, key, &mut Wakes::default());
    assert_eq!(fate(&mut pool, key), Err("timeout"));
}
