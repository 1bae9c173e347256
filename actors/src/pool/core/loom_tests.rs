//! Whoever has waited takes what it was granted without the lock of the pool, while others give and take away under it: in whatever
//! order they come, each connection is somebody's, and one's only.

use std::sync::Arc;
use std::task::Waker;

use loom::sync::Mutex;
use loom::thread;

use super::tests::{config, filled, lent, put, waits};
use super::*;

type Pool = Core<u32, u8>;

/// A pool of one connection, which is lent, and for which one waits.
struct Scene {
    pool: Arc<Mutex<Pool>>,
    lease: (u32, Seat),
    key: Key,
}

impl Scene {
    fn new() -> Self {
        let mut pool = filled(&config(1), 1);
        let lease = lent(&mut pool, 0, 0);
        let key = waits(&mut pool, 0, 0);
        // Made here: how they are made the standard library sees to.
        pool.grants().forget(key);
        assert!(pool.grants().take_back(lease.1).is_none());
        Self {
            pool: Arc::new(Mutex::new(pool)),
            lease,
            key,
        }
    }

    /// Looks once at what has become of the one who waits.
    fn look(pool: &Mutex<Pool>, grants: &Grants<u32>, key: Key) -> Found {
        if let Some(grant) = grants.take(key) {
            return Found::Lease(grant.given.seat, grant.given.conn);
        }
        let answer = pool.lock().expect("no panic").poll(0, key, Waker::noop()).0;
        match answer {
            Answer::Given(given) | Answer::Unproven(given) => Found::Lease(given.seat, given.conn),
            Answer::Waiting(key) => Found::Nothing(key),
            Answer::Refused(_) => Found::Refusal,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    Lease(Seat, u32),
    Nothing(Key),
    Refusal,
}

#[test]
fn what_is_granted_is_found_at_once_or_at_the_next_look() {
    loom::model(|| {
        let Scene { pool, lease, key } = Scene::new();
        let grants = Arc::clone(pool.lock().expect("no panic").grants());
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || put(&mut pool.lock().expect("no panic"), 1, lease).revoked)
        };
        let first = Scene::look(&pool, &grants, key);
        assert!(!other.join().expect("no panic"));
        let found = match first {
            Found::Nothing(key) => Scene::look(&pool, &grants, key),
            found => found,
        };
        let Found::Lease(seat, conn) = found else {
            panic!("expected a connection, found {found:?}");
        };
        assert_eq!(conn, 0);
        // It comes back, and then it is idle, and its place in the line free.
        let mut pool = pool.lock().expect("no panic");
        assert!(!put(&mut pool, 2, (conn, seat)).revoked);
        assert_eq!((pool.count(Kind::Idle), pool.line.entries()), (1, 0));
    });
}

#[test]
fn what_is_taken_away_while_it_is_taken_is_closed_once() {
    loom::model(|| {
        let Scene { pool, lease, key } = Scene::new();
        let grants = {
            let mut pool = pool.lock().expect("no panic");
            put(&mut pool, 1, lease);
            Arc::clone(pool.grants())
        };
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.lock().expect("no panic").revoke_all(2).len())
        };
        let found = Scene::look(&pool, &grants, key);
        assert_eq!(other.join().expect("no panic"), 1);
        let mut pool = pool.lock().expect("no panic");
        match found {
            // It was a lease when that was taken away, and can only be closed.
            Found::Lease(seat, conn) => assert!(put(&mut pool, 3, (conn, seat)).revoked),
            // It waits for another one.
            Found::Nothing(key) => drop(pool.leave(3, key, &mut Wakes::default())),
            Found::Refusal => panic!("expected to wait, or a connection"),
        }
        let closing: Vec<u32> = pool
            .take_closing()
            .into_iter()
            .map(|close| close.conn)
            .collect();
        assert_eq!(
            (closing, pool.strays(), pool.line.entries()),
            (vec![0], 0, 0)
        );
    });
}

#[test]
fn of_two_grants_of_one_place_each_is_found_by_whom_it_is_for() {
    loom::model(|| {
        let Scene { pool, lease, key } = Scene::new();
        let (grants, next) = {
            let mut pool = pool.lock().expect("no panic");
            let next = waits(&mut pool, 0, 0);
            pool.grants().forget(next);
            put(&mut pool, 1, lease);
            (Arc::clone(pool.grants()), next)
        };
        // The first one takes it and gives it back; the other one looks meanwhile.
        let first = {
            let (pool, grants) = (Arc::clone(&pool), Arc::clone(&grants));
            thread::spawn(move || match grants.take(key) {
                Some(grant) => {
                    let lease = (grant.given.conn, grant.given.seat);
                    assert!(!put(&mut pool.lock().expect("no panic"), 2, lease).revoked);
                }
                None => panic!("it was granted before"),
            })
        };
        let found = match Scene::look(&pool, &grants, next) {
            Found::Nothing(next) => {
                first.join().expect("no panic");
                Scene::look(&pool, &grants, next)
            }
            found => found,
        };
        let Found::Lease(seat, conn) = found else {
            panic!("expected a connection, found {found:?}");
        };
        let mut pool = pool.lock().expect("no panic");
        assert!(!put(&mut pool, 3, (conn, seat)).revoked);
        assert_eq!((pool.count(Kind::Idle), pool.line.entries()), (1, 0));
    });
}

#[test]
fn what_one_who_leaves_was_granted_meanwhile_is_idle() {
    loom::model(|| {
        let Scene { pool, lease, key } = Scene::new();
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || put(&mut pool.lock().expect("no panic"), 1, lease).revoked)
        };
        let left = pool
            .lock()
            .expect("no panic")
            .leave(1, key, &mut Wakes::default());
        drop(left);
        assert!(!other.join().expect("no panic"));
        let pool = pool.lock().expect("no panic");
        assert_eq!((pool.count(Kind::Idle), pool.line.entries()), (1, 0));
    });
}

#[test]
fn whoever_comes_late_for_what_is_gone_leaves_what_another_is_granted_at_the_same_place() {
    loom::model(|| {
        let Scene { pool, lease, key } = Scene::new();
        let (grants, next) = {
            let mut pool = pool.lock().expect("no panic");
            let next = waits(&mut pool, 0, 0);
            pool.grants().forget(next);
            put(&mut pool, 1, lease);
            (Arc::clone(pool.grants()), next)
        };
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut pool = pool.lock().expect("no panic");
                assert_eq!(pool.revoke_all(2).len(), 1);
                let attempt = pool.start_connect(2).expect("there is room");
                pool.connected(2, attempt, 1, 0.0, &mut Wakes::default());
            })
        };
        let late = Scene::look(&pool, &grants, key);
        other.join().expect("no panic");
        let found = Scene::look(&pool, &grants, next);
        let Found::Lease(seat, conn) = found else {
            panic!("expected the new connection, found {found:?}");
        };
        assert_eq!((seat.number(), conn), (lease.1.number(), 1));
        let mut pool = pool.lock().expect("no panic");
        match late {
            Found::Lease(seat, conn) => {
                assert_eq!(conn, 0);
                assert!(put(&mut pool, 3, (conn, seat)).revoked);
            }
            // It waits again.
            Found::Nothing(key) => drop(pool.leave(3, key, &mut Wakes::default())),
            Found::Refusal => panic!("expected to wait, or a connection"),
        }
        assert!(!put(&mut pool, 4, (conn, seat)).revoked);
        assert_eq!((pool.count(Kind::Idle), pool.line.entries()), (1, 0));
    });
}
