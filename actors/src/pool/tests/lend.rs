//! Lending and giving back.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mainstay_specs::OnSelfDeadlock;
use tokio::time::{advance, sleep, timeout};

use super::*;
use crate::pool::PoolError;

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_closed_pool_without_a_keeper_is_dropped_without_a_goodbye() {
    let driven = Driven::filled(config(4)).await;
    let lease = driven.pool.checkout().await.expect("it is idle");
    let dirty = driven.pool.checkout().await.expect("it is idle");
    let stray = driven.pool.checkout().await.expect("it is idle");
    lock(&driven.mock().dirty).push(*dirty);
    driven.driver.abort();
    driven.settle().await;
    let pool = driven.pool.clone();
    let draining = tokio::spawn(async move { pool.drain().await });
    driven.settle().await;
    assert_eq!(driven.counts(), [0, 3, 0, 0, 0], "the idle one is gone");
    drop((lease, dirty));
    assert_eq!(driven.counts(), [0, 1, 0, 0, 0]);
    assert_eq!(driven.pool.cell().revoke_older(u64::MAX).len(), 1);
    driven.settle().await;
    assert!(draining.is_finished(), "nothing is left");
    assert_eq!(driven.pool.stats().strays, 1);
    drop(stray);
    let stats = driven.pool.stats();
    assert_eq!((stats.strays, stats.totals.closed), (0, 3));
    assert!(lock(&driven.mock().closed).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_keeper_leaves_behind_of_a_closed_pool_is_dropped() {
    let driven = Driven::filled(config(1)).await;
    let lease = driven.pool.checkout().await.expect("it is idle");
    driven.pool.cell().close();
    drop(lease);
    driven.driver.abort();
    assert_eq!(driven.counts(), [0, 0, 0, 1, 0], "it is left to the keeper");
    driven.settle().await;
    assert_eq!(driven.counts(), [0; 5]);
    driven.pool.drain().await;
    assert_eq!(driven.pool.stats().totals.closed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_made_when_one_is_needed_and_lent_again() {
    let driven = Driven::new(config(2));
    let lease = driven.pool.checkout().await.expect("one is made");
    assert_eq!(*lease, 0);
    driven.pool.checkin(lease).expect("it is ours");
    let again = driven.pool.checkout().await.expect("it is idle");
    let other = driven.pool.checkout().await.expect("one is made");
    assert_eq!((*again, *other), (0, 1));
    assert_eq!(driven.counts(), [0, 2, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_lease_goes_back_when_it_is_dropped() {
    let driven = Driven::filled(config(1)).await;
    drop(driven.pool.checkout().await.expect("it is idle"));
    assert_eq!(driven.counts(), [1, 0, 0, 0, 0]);
    assert_eq!(*lock(&driven.mock().ends), [(0, LeaseEnd::Dropped)]);
}

#[tokio::test(start_paused = true)]
async fn what_a_task_that_was_aborted_has_left_is_for_the_manager_to_find() {
    let driven = Driven::filled(config(1)).await;
    lock(&driven.mock().dirty).push(0);
    lock(&driven.mock().resets).extend([Act::Succeed, Act::Fail]);
    for closed in [&[][..], &[0]] {
        let pool = driven.pool.clone();
        let task = tokio::spawn(async move {
            let _lease = pool.checkout().await.expect("it is idle");
            pending::<()>().await;
        });
        driven.settle().await;
        assert_eq!(driven.counts(), [0, 1, 0, 0, 0]);
        // In the middle of what it does.
        task.abort();
        driven.settle().await;
        assert_eq!(*lock(&driven.mock().closed), closed, "it was reset");
    }
    let ended = (0, LeaseEnd::Dropped);
    assert_eq!(*lock(&driven.mock().ends), [ended, ended]);
}

#[tokio::test(start_paused = true)]
async fn a_lease_of_another_pool_goes_back_there_and_is_told_of() {
    let (one, other) = (
        Driven::filled(config(1)).await,
        Driven::filled(config(1)).await,
    );
    let lease = other.pool.checkout().await.expect("it is idle");
    let error = one.pool.checkin(lease).expect_err("it is not ours");
    assert_eq!(
        error.to_string(),
        "a lease of the pool db was expected, found one of db"
    );
    let PoolError::Foreign {
        expected,
        mut found,
    } = error
    else {
        panic!("expected a lease that is not ours, found {error}");
    };
    assert_eq!(expected, found);
    found.namespace = Some("app".parse().expect("a name"));
    assert_eq!(found.to_string(), "app/db");
    assert_eq!((one.counts()[0], other.counts()[0]), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_ends_leaves_its_connection_to_others() {
    let driven = Driven::filled(config(1)).await;
    let task = {
        let pool = driven.pool.clone();
        // It can be sent elsewhere.
        tokio::spawn(async move { pool.with_connection(async |conn| *conn + 41).await })
    };
    let result = task.await.expect("it ended");
    assert_eq!(result.expect("it is idle"), 41);
    assert_eq!(*lock(&driven.mock().ends), [(0, LeaseEnd::CheckedIn)]);
    assert_eq!(driven.counts(), [1, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_cut_off_costs_its_connection() {
    let driven = Driven::filled(config(1)).await;
    let operation = driven
        .pool
        .with_connection(async |_| sleep(Duration::from_secs(9)).await);
    timeout(Duration::from_secs(1), operation)
        .await
        .expect_err("it takes longer");
    driven.settle().await;
    assert_eq!(*lock(&driven.mock().ends), [(0, LeaseEnd::Cancelled)]);
    assert_eq!(*lock(&driven.mock().closed), [0]);
    assert_eq!(driven.counts(), [0, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_panics_costs_its_connection() {
    let driven = Driven::filled(config(1)).await;
    let pool = driven.pool.clone();
    let task = tokio::spawn(async move {
        pool.with_connection(async |_| panic!("as told"))
            .await
            .map(drop::<()>)
    });
    assert!(task.await.expect_err("it panicked").is_panic());
    driven.settle().await;
    assert_eq!(*lock(&driven.mock().ends), [(0, LeaseEnd::Panicked)]);
    assert_eq!(*lock(&driven.mock().closed), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_manager_that_panics_over_a_condition_costs_the_connection() {
    let driven = Driven::filled(config(1)).await;
    let lease = driven.pool.checkout().await.expect("it is idle");
    lock(&driven.mock().cursed).push(0);
    drop(lease);
    driven.settle().await;
    assert_eq!(*lock(&driven.mock().closed), [0]);
    assert_eq!(driven.counts(), [0, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_dirty_is_reset_before_it_is_lent_again() {
    let driven = Driven::filled(config(1)).await;
    lock(&driven.mock().dirty).push(0);
    lock(&driven.mock().resets).push_back(Act::Sleep(Duration::from_secs(1)));
    drop(driven.pool.checkout().await.expect("it is idle"));
    assert_eq!(driven.counts(), [0, 0, 0, 1, 0]);
    let began = tokio::time::Instant::now();
    let lease = driven.pool.checkout().await.expect("it is reset");
    assert_eq!((*lease, began.elapsed()), (0, Duration::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_reset_is_closed_and_made_anew() {
    let driven = Driven::filled(config(1)).await;
    lock(&driven.mock().dirty).push(0);
    lock(&driven.mock().resets).push_back(Act::Fail);
    drop(driven.pool.checkout().await.expect("it is idle"));
    let lease = driven.pool.checkout().await.expect("one is made");
    assert_eq!(*lease, 1);
    assert_eq!(*lock(&driven.mock().closed), [0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_discarded_is_closed_and_what_is_detached_is_not() {
    let driven = Driven::filled(config(2)).await;
    let (one, other) = (driven.pool.checkout().await, driven.pool.checkout().await);
    one.expect("it is idle").discard();
    let conn = other.expect("it is idle").detach();
    driven.settle().await;
    assert_eq!(driven.counts(), [0, 0, 0, 0, 0]);
    let closed = lock(&driven.mock().closed).clone();
    assert_eq!((closed.len(), closed.contains(&conn)), (1, false));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_for_itself_is_refused_if_it_is_to_be() {
    let driven = Driven::filled(config(1).on_self_deadlock(OnSelfDeadlock::Refuse)).await;
    let pool = driven.pool.clone();
    let task = tokio::spawn(async move {
        let _lease = pool.checkout().await.expect("it is idle");
        pool.checkout().await.map(|_| ())
    });
    let error = task
        .await
        .expect("it ended")
        .expect_err("it has the only one");
    assert!(matches!(error, PoolError::SelfDeadlock(_)), "{error}");
    assert_eq!(driven.pool.stats().totals.deadlocks, 1);
}

#[tokio::test(start_paused = true)]
async fn connections_are_replaced_one_after_another() {
    let driven = Driven::filled(config(4)).await;
    assert_eq!(driven.pool.rotate((), Duration::from_secs(4)), 4);
    let mut closed = Vec::new();
    for _ in 0..4 {
        driven.settle().await;
        closed.push(lock(&driven.mock().closed).len());
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!(closed, [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_drained_waits_for_leases_no_longer_than_it_may() {
    let driven = Driven::filled(config(2).drain_timeout(Duration::from_secs(3))).await;
    let lease = driven.pool.checkout().await.expect("it is idle");
    let began = tokio::time::Instant::now();
    driven.pool.drain().await;
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert!(lease.is_revoked());
    let error = driven.pool.checkin(lease).expect_err("it was taken away");
    assert!(matches!(error, PoolError::Revoked { .. }));
    driven.settle().await;
    let mut closed = lock(&driven.mock().closed).clone();
    closed.sort_unstable();
    assert_eq!(closed, [0, 1]);
    let refused = driven.pool.checkout().await.expect_err("it is closed");
    assert_eq!(refused.to_string(), "the pool db is closed");
}

#[tokio::test(start_paused = true)]
async fn a_process_whose_lease_was_taken_away_need_not_be_watched() {
    let driven = Driven::filled(config(1)).await;
    let runtime = mainstay_supervisors::Runtime::new();
    let name = mainstay_specs::NamespaceName::new("bed").expect("a name");
    let plan = mainstay_supervisors::NamespacePlan::new();
    let namespace = runtime
        .start_namespace(name, plan)
        .await
        .expect("it starts");
    let pool = driven.pool.clone();
    let body = move |stop: mainstay_supervisors::StopToken| {
        let pool = pool.clone();
        async move {
            let lease = pool.checkout().await.expect("it is idle");
            stop.stopped().await;
            drop(lease);
        }
    };
    let child = mainstay_supervisors::Child::task("borrower", body);
    let started = namespace.start_child(child).await.expect("it starts");
    let pid = started.process().expect("it runs").pid();
    driven.settle().await;
    let cell = driven.pool.cell();
    assert!(!cell.forget_borrower(pid), "it has a lease");
    assert_eq!(cell.revoke_older(u64::MAX).len(), 1);
    assert!(cell.forget_borrower(pid), "it has none");
    runtime.stop(Duration::from_secs(60)).await;
}

/// Asks so often without anything else that a task which never lets go would be the only one to run.
async fn asks_often(driven: &Driven, outcome: Option<&str>) -> bool {
    let others = Arc::new(AtomicBool::new(false));
    let turn = Arc::clone(&others);
    let other = tokio::spawn(async move { turn.store(true, Ordering::Relaxed) });
    for _ in 0..1000 {
        let error = driven.pool.checkout().await.err();
        let error = error.map(|error| error.to_string());
        assert_eq!(error.as_deref(), outcome);
    }
    let had_theirs = others.load(Ordering::Relaxed);
    other.await.expect("it ends");
    had_theirs
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_served_at_once_all_the_time_lets_others_have_their_turn() {
    let driven = Driven::filled(config(1)).await;
    assert!(asks_often(&driven, None).await);
    assert_eq!(driven.pool.stats().totals.waited, 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_refused_at_once_all_the_time_lets_others_have_their_turn() {
    let driven = Driven::filled(config(1)).await;
    driven.pool.drain().await;
    assert!(asks_often(&driven, Some("the pool db is closed")).await);
}
