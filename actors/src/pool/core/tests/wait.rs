//! Waiting, and being sent away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::Duration;

use mainstay_specs::{CoDel, OnSelfDeadlock};

use super::*;

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
fn what_was_granted_and_taken_away_is_not_handed_out() {
    let mut pool = filled(&config(1), 1);
    let lease = lent(&mut pool, 0, 0);
    let (key, later) = (waits(&mut pool, 1, 0), waits(&mut pool, 2, 0));
    put(&mut pool, 3, lease);
    assert_eq!(pool.revoke_older(4, NEVER).len(), 1);
    let (answer, _) = pool.poll(5, key, Waker::noop());
    let Answer::Waiting(again) = answer else {
        panic!("expected to wait, found {answer:?}");
    };
    let close = pool.take_closing().pop().expect("one that is of no use");
    assert_eq!((close.seat, close.conn, pool.strays()), (None, 0, 0));
    assert_eq!((pool.live(), pool.counts().waited), (0, 0));
    // It has kept its place, and its time.
    let attempt = pool.start_connect(6).expect("it is needed");
    pool.connected(7, attempt, 1, 0.0, &mut Wakes::default());
    assert_eq!(fate(&mut pool, later), Err("waits"));
    assert_eq!(fate(&mut pool, again), Ok(1));
}

#[test]
fn what_was_granted_and_taken_away_is_no_lease_of_a_closed_pool_nor_after_its_time() {
    for (closes, at, expected) in [(true, 5, "closed"), (false, 5 * SECOND, "timeout")] {
        let mut pool = filled(&config(1), 1);
        let lease = lent(&mut pool, 0, 0);
        let key = waits(&mut pool, 0, 0);
        put(&mut pool, 3, lease);
        pool.revoke_all(4);
        if closes {
            pool.close(4, NEVER, &mut Wakes::default());
        }
        let (answer, _) = pool.poll(at, key, Waker::noop());
        let Answer::Refused(refusal) = answer else {
            panic!("expected a refusal, found {answer:?}");
        };
        assert_eq!((name(&refusal), pool.line.entries()), (expected, 0));
    }
}

#[test]
fn what_was_idle_while_nothing_was_lent_is_unproven() {
    let config = config(2).validate_after(Some(Duration::from_secs(1)));
    let mut pool = filled(&config, 1);
    pool.suspend();
    let key = waits(&mut pool, SECOND, 0);
    pool.resume(2 * SECOND, &mut Wakes::default());
    let (answer, _) = pool.poll(2 * SECOND, key, Waker::noop());
    assert!(matches!(answer, Answer::Unproven(_)), "{answer:?}");
}

#[test]
fn a_lease_begins_with_the_grant_however_late_it_is_taken() {
    let config = config(1).validate_after(Some(Duration::from_secs(1)));
    let mut pool = filled(&config, 1);
    let lease = lent(&mut pool, 0, 0);
    let key = waits(&mut pool, SECOND, 0);
    put(&mut pool, 2 * SECOND, lease);
    // It is as if it had been in use since: nobody pings what is lent.
    let (answer, _) = pool.poll(9 * SECOND, key, Waker::noop());
    assert!(matches!(answer, Answer::Given(_)), "{answer:?}");
    let since: Vec<u64> = pool.holders().map(|holder| holder.since).collect();
    assert_eq!(since, [2 * SECOND]);
}

#[test]
fn what_was_granted_and_never_taken_was_not_used() {
    let config = config(1)
        .validate_after(Some(Duration::from_secs(1)))
        .idle_timeout(Some(Duration::from_secs(10)));
    let mut pool = filled(&config, 1);
    let lease = lent(&mut pool, 0, 0);
    let before = pool.counts();
    let key = waits(&mut pool, SECOND, 0);
    put(&mut pool, 2 * SECOND, lease);
    pool.leave(9 * SECOND, key, &mut Wakes::default());
    let counts = pool.counts();
    assert_eq!((counts.lent, counts.waited), (before.lent, 0));
    assert_eq!((counts.waited_for, counts.longest_wait), (0, 0));
    // It was used two seconds after the start, and nobody knows how it is.
    assert!(matches!(ask(&mut pool, 9 * SECOND, 0), Answer::Unproven(_)));
}

#[test]
fn what_was_granted_and_never_taken_goes_on_being_idle() {
    let config = config(1).idle_timeout(Some(Duration::from_secs(10)));
    let mut pool = filled(&config, 1);
    let lease = lent(&mut pool, 0, 0);
    let key = waits(&mut pool, SECOND, 0);
    put(&mut pool, 2 * SECOND, lease);
    pool.leave(9 * SECOND, key, &mut Wakes::default());
    assert_eq!(tick(&mut pool, 9 * SECOND), 12 * SECOND);
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
fn without_patience_a_new_connection_is_waited_for_and_no_lease() {
    let mut pool = pool(&config(1));
    let ask = |pool: &mut Pool| match pool.checkout(0, 0, who(0), Waker::noop()) {
        Answer::Waiting(_) => "waits",
        Answer::Given(_) | Answer::Unproven(_) => "given",
        Answer::Refused(refusal) => name(&refusal),
    };
    assert_eq!(ask(&mut pool), "waits");
    assert_eq!(ask(&mut pool), "exhausted");
    let attempt = pool.start_connect(0).expect("it is needed");
    pool.connected(1, attempt, 1, 0.0, &mut Wakes::default());
    assert_eq!(ask(&mut pool), "exhausted");
}

#[test]
fn without_patience_what_is_being_pinged_is_waited_for() {
    let mut pool = filled(&config(1), 1);
    let seat = pool.idle_seats(0).pop_front().expect("it is idle");
    let mend = pool.take_to_ping(seat).expect("it is idle");
    let answer = pool.checkout(0, 0, who(0), Waker::noop());
    let Answer::Waiting(key) = answer else {
        panic!("expected to wait, found {answer:?}");
    };
    // It is that one's.
    let other = pool.checkout(0, 0, who(0), Waker::noop());
    assert!(matches!(other, Answer::Refused(Refusal::Exhausted)));
    let Mend { seat, conn, remedy } = mend;
    pool.mended(1, seat, conn, remedy, true, &mut Wakes::default());
    assert_eq!(fate(&mut pool, key), Ok(0));
}

#[test]
fn where_nobody_may_wait_connections_are_made_all_the_same() {
    let mut pool = pool(&config(2).waiters_max(0));
    let keys = [waits(&mut pool, 0, 0), waits(&mut pool, 0, 0)];
    let full = |pool: &mut Pool| match ask(pool, 0, 0) {
        Answer::Refused(refusal) => name(&refusal),
        other => panic!("expected a refusal, found {other:?}"),
    };
    assert_eq!(full(&mut pool), "queue full");
    for (key, conn) in keys.into_iter().zip(0..) {
        let attempt = pool.start_connect(0).expect("it is needed");
        pool.connected(0, attempt, conn, 0.0, &mut Wakes::default());
        assert_eq!(fate(&mut pool, key), Ok(conn));
    }
    assert_eq!(full(&mut pool), "queue full");
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
            Answer::Given(_) | Answer::Unproven(_) => "given",
        };
        assert_eq!(found, expected);
        let (notices, _) = pool.tick(3, &mut Wakes::default());
        assert_eq!(notices.deadlock.and_then(|who| who.borrower), Some(1));
        assert_eq!(pool.counts().deadlocks, 1);
    }
}

#[test]
fn those_who_wait_for_themselves_are_told_of_once_a_second_and_place_and_all_are_counted() {
    let mut pool = filled(&config(1), 1);
    let _lease = lent(&mut pool, 0, 1);
    tick(&mut pool, 0);
    let here = who(1);
    let elsewhere = Who {
        at: Location::caller(),
        ..here
    };
    let mut told = Vec::new();
    let times = [(0, here), (1, here), (2, elsewhere), (3, elsewhere)];
    let later = [(SECOND - 1, here), (SECOND, here)];
    for (at, who) in times.into_iter().chain(later) {
        pool.checkout(at, 100 * SECOND, who, Waker::noop());
        let calls = pool.take_call();
        let (notices, _) = pool.tick(at, &mut Wakes::default());
        assert_eq!(notices.deadlock.is_some(), calls);
        told.extend(notices.deadlock.map(|who| (at, who.at == elsewhere.at)));
    }
    assert_eq!(told, [(0, false), (2, true), (SECOND, false)]);
    assert_eq!(pool.counts().deadlocks, 6);
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
            match pool.poll(0, key, Waker::noop()).0 {
                Answer::Given(given) => break (given.conn, given.seat),
                Answer::Refused(Refusal::Overloaded) => away += 1,
                other => panic!("expected an end, found {other:?}"),
            }
        };
    }
    // At 120, 220, 300 and 350 ms: after 100 / √n ms each, at the next look.
    assert_eq!((away, pool.counts().overloaded), (4, 4));
}

#[test]
fn those_who_come_after_all_have_left_do_not_answer_for_them() {
    let codel = CoDel::new(Duration::from_millis(10), Duration::from_millis(100));
    let mut pool = filled(&config(1).codel(codel), 1);
    let mut lease = lent(&mut pool, 0, 0);
    let first: Vec<_> = (0..4).map(|_| waits(&mut pool, 0, 0)).collect();
    // The first one waited for too long, but not yet throughout an interval; the others leave.
    put(&mut pool, 20 * MS, lease);
    let (answer, _) = pool.poll(20 * MS, first[0], Waker::noop());
    let Answer::Given(given) = answer else {
        panic!("expected a connection, found {answer:?}");
    };
    lease = (given.conn, given.seat);
    for &key in &first[1..] {
        pool.leave(30 * MS, key, &mut Wakes::default());
    }
    // An hour later as well: that is when it begins.
    let next = [
        waits(&mut pool, 3600 * SECOND, 0),
        waits(&mut pool, 3600 * SECOND, 0),
    ];
    put(&mut pool, 3600 * SECOND + 20 * MS, lease);
    assert_eq!(fate(&mut pool, next[0]), Ok(0));
    assert_eq!(pool.counts().overloaded, 0);
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
