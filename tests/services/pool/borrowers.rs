//! Those who borrow and end before they give back.

use std::sync::{Arc, Mutex, PoisonError};

use mainstay_actors::pool::{ConnectionPoolSupervisor, Lease, LeaseEnd};
use mainstay_supervisors::{Child, ExitReason, Process};
use tokio::sync::Notify;

use super::support::{Bed, Driver, Pool, advance, counts, plain, seconds, settle};

/// Where a lease is put by whoever took it.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Vec<Lease<Driver>>>>);

impl Shelf {
    fn put(&self, lease: Lease<Driver>) {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        leases.push(lease);
    }

    fn take(&self) -> Vec<Lease<Driver>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a borrower does with its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// It keeps it as its own.
    Keeps,
    /// It forgets it, so that nobody ever drops it.
    Forgets,
    /// It gives it to a task that is no part of it.
    MovesItAway,
}

/// A process that borrows, and does as it is told once it is called.
async fn borrower(
    bed: &Bed,
    pool: &Pool,
    habit: Habit,
    end: fn(),
) -> (Process, Arc<Notify>, Shelf) {
    let (call, shelf) = (Arc::new(Notify::new()), Shelf::default());
    let body = {
        let (pool, call, shelf) = (pool.clone(), Arc::clone(&call), shelf.clone());
        move |_stop| {
            let (pool, call, shelf) = (pool.clone(), Arc::clone(&call), shelf.clone());
            async move {
                let lease = pool.checkout().await.expect("there is room");
                let kept = match habit {
                    Habit::Keeps => Some(lease),
                    Habit::Forgets => {
                        std::mem::forget(lease);
                        None
                    }
                    Habit::MovesItAway => {
                        tokio::spawn(async move { shelf.put(lease) });
                        None
                    }
                };
                call.notified().await;
                end();
                drop(kept);
            }
        }
    };
    let child =
        Child::task("borrower", body).restart(mainstay_supervisors::specs::Restart::Temporary);
    let process = bed.child(child).await;
    settle().await;
    (process, call, shelf)
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_its_borrower_forgot_or_moved_away_is_taken_back_when_it_ends_however_it_ends()
{
    for habit in [Habit::Forgets, Habit::MovesItAway] {
        for end in ["killed", "panicked", "stopped", "returned"] {
            let what = format!("{habit:?}, {end}");
            let bed = Bed::new().await;
            let pool = bed.pool(plain(1)).await;
            let act: fn() = match end {
                "panicked" => || panic!("it had enough"),
                _ => || (),
            };
            let (process, call, shelf) = borrower(&bed, &pool, habit, act).await;
            assert_eq!(counts(&pool), [0, 1, 0, 0, 0, 0], "{what}");
            let next = tokio::spawn({
                let pool = pool.clone();
                async move { pool.checkout().await.map(|lease| lease.number) }
            });
            settle().await;
            match end {
                "killed" => process.kill(),
                "stopped" => process.stop(ExitReason::Shutdown),
                _ => call.notify_one(),
            }
            process.ended().await;
            // At once: no time passes.
            settle().await;
            let number = next.await.expect("no panic").expect("it is served");
            assert_eq!(number, 2, "{what}: another connection");
            settle().await;
            assert_eq!(counts(&pool), [1, 0, 0, 0, 0, 0], "{what}");
            for lease in shelf.take() {
                assert!(lease.is_revoked(), "{what}");
                drop(lease);
            }
            settle().await;
            assert_eq!(counts(&pool), [1, 0, 0, 0, 0, 0], "{what}");
            if habit == Habit::MovesItAway {
                assert_eq!(bed.server.closed(), [1], "{what}: it is only closed");
                assert_eq!(bed.server.open(), [2], "{what}");
            }
            assert_eq!(pool.stats().totals.revoked, 1, "{what}");
            let leaked = habit == Habit::Forgets;
            if leaked {
                // Nobody can drop it any more.
                bed.runtime.stop(seconds(60)).await;
            } else {
                bed.end().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_pinged_first_is_taken_back_as_any_other() {
    let bed = Bed::new().await;
    let config = plain(1).validate_after(Some(seconds(1)));
    let pool = bed.pool(config).await;
    drop(pool.checkout().await.expect("one is made"));
    advance(seconds(2)).await;
    let (process, _call, shelf) = borrower(&bed, &pool, Habit::MovesItAway, || ()).await;
    assert_eq!(bed.server.pinged(), [1]);
    assert_eq!(counts(&pool), [0, 1, 0, 0, 0, 0]);
    process.kill();
    process.ended().await;
    settle().await;
    assert_eq!(counts(&pool), [0, 0, 0, 0, 0, 0]);
    assert_eq!(pool.stats().totals.revoked, 1);
    assert!(shelf.take().iter().all(Lease::is_revoked));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_borrower_was_cut_off_from_is_closed_and_replaced() {
    for end in ["killed", "panicked", "stopped"] {
        let bed = Bed::new().await;
        let pool = bed.pool(plain(1)).await;
        let act: fn() = match end {
            "panicked" => || panic!("it had enough"),
            _ => || (),
        };
        let (process, call, _) = borrower(&bed, &pool, Habit::Keeps, act).await;
        match end {
            "killed" => process.kill(),
            // It has let go of its token, and so is dropped where it stands.
            "stopped" => process.stop(ExitReason::Shutdown),
            _ => call.notify_one(),
        }
        process.ended().await;
        settle().await;
        assert_eq!(bed.server.closed(), [1], "{end}");
        let ended = match end {
            "panicked" => LeaseEnd::Panicked,
            _ => LeaseEnd::OwnerDied,
        };
        assert_eq!(bed.server.ends(), [(1, ended)], "{end}");
        let lease = pool.checkout().await.expect("there is room");
        assert_eq!(lease.number, 2, "{end}");
        drop(lease);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_borrower_that_lets_go_before_it_returns_has_its_connection_used_again() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(1)).await;
    let (process, call, _) = borrower(&bed, &pool, Habit::Keeps, || ()).await;
    call.notify_one();
    process.ended().await;
    settle().await;
    assert_eq!(counts(&pool), [1, 0, 0, 0, 0, 0]);
    assert_eq!(bed.server.ends(), [(1, LeaseEnd::Dropped)]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_leases_of_one_borrower_are_both_taken_back_also_after_one_was_given_back() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(3)).await;
    let body = {
        let pool = pool.clone();
        move |_stop| {
            let pool = pool.clone();
            async move {
                let first = pool.checkout().await.expect("there is room");
                let second = pool.checkout().await.expect("there is room");
                let third = pool.checkout().await.expect("there is room");
                drop(first);
                std::mem::forget((second, third));
                std::future::pending::<()>().await;
            }
        }
    };
    let process = bed.child(Child::task("borrower", body)).await;
    settle().await;
    assert_eq!(counts(&pool), [1, 2, 0, 0, 0, 0]);
    // It is not restarted by this.
    bed.namespace
        .stop_child(process.id())
        .await
        .expect("it is there");
    settle().await;
    assert_eq!(counts(&pool), [1, 0, 0, 0, 0, 0]);
    assert_eq!(pool.stats().totals.revoked, 2);
    bed.runtime.stop(seconds(60)).await;
}

#[tokio::test(start_paused = true)]
async fn a_borrower_that_is_dead_before_it_is_watched_is_found_out() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(1)).await;
    drop(pool.checkout().await.expect("there is room"));
    let pools = mainstay_actors::pool::ConnectionPoolSupervisor::of(&bed.namespace);
    let id = mainstay_supervisors::specs::ChildId::new("db").expect("an id");
    let pools = pools.expect("it runs");
    pools.terminate_child(&id).await.expect("it runs");
    // There is no keeper while this borrows and ends.
    let (process, call, _) = borrower(&bed, &pool, Habit::Forgets, || ()).await;
    call.notify_one();
    process.ended().await;
    settle().await;
    assert_eq!(counts(&pool), [0, 1, 0, 0, 0, 0]);
    pools.restart_child(&id).await.expect("it starts");
    settle().await;
    assert_eq!(counts(&pool)[1], 0);
    bed.runtime.stop(seconds(60)).await;
}

#[tokio::test(start_paused = true)]
async fn a_keeper_that_crashes_is_followed_by_one_that_watches_the_same() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(1)).await;
    let (process, call, _) = borrower(&bed, &pool, Habit::Forgets, || ()).await;
    bed.crash("keeper").await;
    call.notify_one();
    process.ended().await;
    settle().await;
    assert_eq!(counts(&pool)[1], 0);
    bed.runtime.stop(seconds(60)).await;
}

#[tokio::test(start_paused = true)]
async fn very_many_borrowers_that_come_and_go_are_all_served_and_forgotten() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(2)).await;
    for _ in 0..300 {
        let pool = pool.clone();
        let child = Child::task("borrower", move |_stop| {
            let pool = pool.clone();
            async move { drop(pool.checkout().await.expect("there is room")) }
        });
        let child = child.restart(mainstay_supervisors::specs::Restart::Temporary);
        bed.child(child).await.ended().await;
    }
    advance(seconds(1)).await;
    assert_eq!(counts(&pool)[1], 0);
    assert_eq!(pool.stats().totals.lent, 300);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_borrows_while_one_keeper_goes_and_the_next_one_comes_is_watched_all_the_same() {
    for yields in 0..40 {
        // What borrows is elsewhere, so that it does not end with the service.
        let (bed, elsewhere) = (Bed::new().await, Bed::new().await);
        let pool = bed.pool(plain(1).min_size(1)).await;
        let pools = ConnectionPoolSupervisor::of(&bed.namespace).expect("it runs");
        pools.process().kill();
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        let (process, ..) = borrower(&elsewhere, &pool, Habit::Forgets, || {}).await;
        advance(seconds(1)).await;
        assert_eq!(counts(&pool)[1], 1, "after {yields}");
        process.kill();
        process.ended().await;
        settle().await;
        assert_eq!(counts(&pool)[1], 0, "after {yields}");
        let error = pool.checkout_within(seconds(2)).await.err();
        assert!(error.is_none(), "after {yields}: {error:?}");
        bed.namespace.stop(seconds(60)).await;
        elsewhere.end().await;
    }
}
