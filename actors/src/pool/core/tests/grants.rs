//! What is taken without a look at the pool.

use std::sync::Arc;
use std::thread;

use super::*;

/// A pool of one connection, granted to one who has waited for so long and does not know yet.
fn granted(waited: u64) -> (Pool, Key) {
    let mut pool = filled(&config(1), 1);
    let lease = lent(&mut pool, 0, 1);
    let key = waits(&mut pool, 0, 2);
    put(&mut pool, waited, lease);
    (pool, key)
}

#[test]
fn what_was_granted_is_taken_once_and_counts_as_lent() {
    let (mut pool, key) = granted(SECOND);
    let grants = Arc::clone(pool.grants());
    let grant = grants.take(key).expect("it was granted");
    assert!(grants.take(key).is_none());
    assert_eq!(pool.line.entries(), 1, "it is that of a lease");
    let returned = put(&mut pool, 3 * SECOND, (grant.given.conn, grant.given.seat));
    assert_eq!((returned.borrower, returned.revoked), (Some(2), false));
    let counts = pool.counts();
    assert_eq!((counts.lent, counts.waited), (2, 1));
    assert_eq!((counts.waited_for, counts.longest_wait), (SECOND, SECOND));
    assert_eq!((pool.line.entries(), pool.count(Kind::Idle)), (0, 1));
}

#[test]
fn an_entry_of_one_whose_lease_was_taken_away_is_free_again() {
    let (mut pool, key) = granted(1);
    let grant = pool.grants().take(key).expect("it was granted");
    assert_eq!(pool.revoke_older(2, NEVER).len(), 1);
    assert_eq!(pool.line.entries(), 0);
    let other = waits(&mut pool, 3, 3);
    assert!(pool.grants().take(other).is_none());
    let returned = put(&mut pool, 4, (grant.given.conn, grant.given.seat));
    assert!(returned.revoked);
    assert_eq!(
        (fate(&mut pool, other), pool.take_closing().len()),
        (Err("waits"), 1)
    );
}

#[test]
fn what_is_taken_and_taken_away_at_the_same_time_is_lent_or_not_and_closed_once() {
    for _ in 0..500 {
        let (mut pool, key) = granted(1);
        let grants = Arc::clone(pool.grants());
        let grant = thread::scope(|scope| {
            let taking = scope.spawn(|| grants.take(key));
            assert_eq!(pool.revoke_older(2, NEVER).len(), 1);
            taking.join().expect("it does not panic")
        });
        match grant {
            Some(grant) => {
                let lease = (grant.given.conn, grant.given.seat);
                assert!(put(&mut pool, 3, lease).revoked);
                assert_eq!(pool.line.entries(), 0);
            }
            None => assert_eq!(fate(&mut pool, key), Err("waits")),
        }
        let closing = pool.take_closing();
        assert_eq!((closing.len(), pool.strays()), (1, 0));
        assert!(closing[0].seat.is_none(), "its place is free");
    }
}
