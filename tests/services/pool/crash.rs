//! The end of any part of a pool at any moment, which no borrower notices.

use mainstay_actors::pool::{Condition, ConnectionPoolSupervisor, PoolError};
use mainstay_supervisors::Fault;
use tokio::time::Instant;

use super::support::{Bed, Fate, Pool, advance, counts, millis, plain, seconds, settle, tree};

#[tokio::test(start_paused = true)]
async fn leases_idle_connections_and_those_who_wait_survive_every_part() {
    for part in ["connectors", "keeper", "health_monitor"] {
        let bed = Bed::new().await;
        let pool = bed.pool(plain(2).min_size(2)).await;
        let first = pool.checkout().await.expect("there are two");
        bed.crash(part).await;
        assert_eq!(counts(&pool), [1, 1, 0, 0, 0, 0], "{part}");
        let second = pool.checkout().await.expect("there is one");
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.checkout().await.map(|lease| lease.number) }
        });
        settle().await;
        bed.crash(part).await;
        assert_eq!(counts(&pool), [0, 2, 0, 0, 0, 1], "{part}");
        let number = first.number;
        drop(first);
        let served = waiting.await.expect("no panic").expect("it is served");
        assert_eq!(served, number, "{part}");
        assert_eq!(bed.server.attempts(), 2, "{part}: nothing was made anew");
        drop(second);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_that_were_under_way_are_made_again_and_closes_lose_nothing_but_their_goodbye() {
    let bed = Bed::new().await;
    bed.server.connects(&[Fate::Works, Fate::Hangs]);
    bed.server.closes(Fate::Hangs);
    let pool = bed.pool(plain(2)).await;
    pool.checkout().await.expect("there is room").discard();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.checkout().await.map(|lease| lease.number) }
    });
    settle().await;
    assert_eq!(counts(&pool), [0, 0, 1, 0, 1, 1]);
    bed.crash("connectors").await;
    assert_eq!(counts(&pool)[2..5], [0, 0, 0], "all room is back");
    advance(millis(50)).await;
    assert_eq!(waiting.await.expect("no panic").expect("it is served"), 2);
    bed.server.closes(Fate::Works);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_keeper_hangs_what_is_there_is_lent_and_waits_end_in_time() {
    for fault in [Fault::Hang, Fault::error("no more")] {
        let bed = Bed::new().await;
        let pool = bed.pool(plain(1).min_size(1)).await;
        let keeper = bed.part("keeper").await;
        assert!(keeper.inject(fault));
        settle().await;
        let lease = pool.checkout().await.expect("there is one");
        drop(lease);
        let lease = pool.checkout().await.expect("there is one");
        keeper.kill();
        keeper.ended().await;
        let begun = Instant::now();
        let error = pool.checkout_within(seconds(2)).await.unwrap_err();
        assert!(matches!(error, PoolError::Timeout { .. }), "{error}");
        assert_eq!(begun.elapsed(), seconds(2));
        drop(lease);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn while_tasks_cannot_be_started_waits_end_in_time_and_what_is_there_is_lent() {
    let bed = Bed::new().await;
    let config = plain(2).min_size(1).connects_max(1);
    let pool = bed.pool(config.connect_timeout(seconds(1))).await;
    let lease = pool.checkout().await.expect("there is one");
    let connectors = bed.part("connectors").await;
    assert!(connectors.inject(Fault::Hang));
    settle().await;
    let begun = Instant::now();
    for _ in 0..2 {
        let error = pool.checkout_within(seconds(4)).await.unwrap_err();
        assert!(matches!(error, PoolError::Timeout { .. }), "{error}");
    }
    assert_eq!(begun.elapsed(), seconds(8));
    assert_eq!(bed.server.attempts(), 1);
    let number = lease.number;
    drop(lease);
    assert_eq!(pool.checkout().await.expect("it came back").number, number);
    connectors.kill();
    connectors.ended().await;
    advance(seconds(5)).await;
    let both = (pool.checkout().await, pool.checkout().await);
    assert!(both.0.is_ok() && both.1.is_ok());
    drop(both);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_keeper_has_asked_for_that_has_not_begun_takes_up_no_room_once_it_has_ended() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(2)).await;
    let leases = (pool.checkout().await, pool.checkout().await);
    let connectors = bed.part("connectors").await;
    assert!(connectors.inject(Fault::Hang));
    settle().await;
    bed.server.condition(Condition::Dirty);
    drop(leases.0);
    leases.1.expect("there is room").discard();
    settle().await;
    assert_eq!(counts(&pool), [0, 0, 0, 1, 1, 0]);
    let keeper = bed.part("keeper").await;
    keeper.kill();
    keeper.ended().await;
    settle().await;
    assert_eq!(counts(&pool), [0; 6], "who was asked may have it still");
    assert_eq!(bed.server.open(), Vec::<u64>::new());
    connectors.kill();
    connectors.ended().await;
    settle().await;
    assert!(pool.checkout().await.is_ok());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_without_any_keeper_minds_its_own_time() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(1)).await;
    let pools = ConnectionPoolSupervisor::of(&bed.namespace).expect("it runs");
    let id = mainstay_supervisors::specs::ChildId::new("db").expect("an id");
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move {
            let begun = Instant::now();
            let error = pool.checkout_within(seconds(3)).await.unwrap_err();
            (begun.elapsed(), error.to_string())
        }
    });
    bed.server.all_connects(Fate::Hangs);
    settle().await;
    pools.terminate_child(&id).await.expect("it runs");
    let (waited, error) = waiting.await.expect("no panic");
    assert_eq!(waited, seconds(3));
    assert!(
        error.starts_with("no connection of the pool db within 3s"),
        "{error}"
    );
    pools.restart_child(&id).await.expect("it starts");
    bed.server.all_connects(Fate::Works);
    advance(seconds(1)).await;
    drop(pool.checkout().await.expect("there is room"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_supervisor_of_all_pools_comes_back_with_all_of_them() {
    let bed = Bed::new().await;
    let first = bed.pool(plain(2).min_size(1)).await;
    let second = bed.pool_of("cache", plain(2), &bed.server).await;
    let lease = first.checkout().await.expect("there is one");
    let pools = ConnectionPoolSupervisor::of(&bed.namespace).expect("it runs");
    pools.process().kill();
    pools.process().ended().await;
    settle().await;
    assert_ne!(ConnectionPoolSupervisor::of(&bed.namespace), Some(pools));
    assert_eq!(
        tree(&bed.namespace),
        "bed  rest_for_one\n\
         ├─ connection_pools  one_for_one  restarts 1\n\
         │  ├─ cache  rest_for_one\n\
         │  │  ├─ connectors  dynamic\n\
         │  │  ├─ keeper\n\
         │  │  └─ health_monitor\n\
         │  └─ db  rest_for_one\n\
         │     ├─ connectors  dynamic\n\
         │     ├─ keeper\n\
         │     └─ health_monitor\n\
         └─ children  one_for_one  restarts 1"
    );
    assert!(!lease.is_revoked());
    drop(lease);
    assert_eq!(counts(&first), [1, 0, 0, 0, 0, 0]);
    drop(second.checkout().await.expect("there is room"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_ends_while_a_pool_has_no_processes_leaves_no_connection() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(2).min_size(2)).await;
    let pools = ConnectionPoolSupervisor::of(&bed.namespace).expect("it runs");
    let id = mainstay_supervisors::specs::ChildId::new("db").expect("an id");
    pools.terminate_child(&id).await.expect("it runs");
    assert_eq!(bed.server.open().len(), 2);
    let server = bed.server.clone();
    bed.end().await;
    assert_eq!(server.open().len(), 0, "also while there is a handle");
    assert!(pool.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_crashes_again_and_again_is_started_anew_and_disturbs_no_other() {
    let bed = Bed::new().await;
    let sick = bed.pool(plain(1)).await;
    let well = bed.pool_of("cache", plain(1), &bed.server).await;
    let pools = ConnectionPoolSupervisor::of(&bed.namespace);
    for _ in 0..30 {
        let keeper = bed.part("keeper").await;
        keeper.kill();
        keeper.ended().await;
        settle().await;
        drop(well.checkout().await.expect("it works"));
        advance(seconds(1)).await;
        advance(seconds(60)).await;
    }
    assert_eq!(ConnectionPoolSupervisor::of(&bed.namespace), pools);
    for _ in 0..6 {
        // Six within ten seconds are more than a pool may have: it is started anew as a whole, after a pause.
        let keeper = bed.part("keeper").await;
        keeper.kill();
        keeper.ended().await;
        settle().await;
    }
    advance(seconds(1)).await;
    assert_eq!(ConnectionPoolSupervisor::of(&bed.namespace), pools);
    drop(sick.checkout().await.expect("it works"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn crashes_at_every_step_of_a_checkout_lose_no_room() {
    // So many yields after a checkout was asked for, the keeper is killed.
    for step in 0..25 {
        let bed = Bed::new().await;
        let pool = bed.pool(plain(1)).await;
        let keeper = bed.part("keeper").await;
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.checkout_within(seconds(60)).await.map(drop) }
        });
        for _ in 0..step {
            tokio::task::yield_now().await;
        }
        keeper.kill();
        keeper.ended().await;
        assert!(waiting.await.expect("no panic").is_ok(), "step {step}");
        settle().await;
        let [idle, leased, connecting, mending, closing, waiting] = counts(&pool);
        assert_eq!(
            (leased, mending, closing, waiting),
            (0, 0, 0, 0),
            "step {step}"
        );
        assert_eq!(idle + connecting, 1, "step {step}");
        bed.end().await;
    }
}

/// Numbers without chance: the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's MMIX; the low bits of it are poor.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Borrows again and again, each time for a while; sometimes what it has is broken, or it gives up soon.
async fn borrow(pool: Pool, mut numbers: Numbers) -> u32 {
    let mut served = 0;
    for _ in 0..20 {
        let patience = millis(1 + numbers.below(400));
        if let Ok(lease) = pool.checkout_within(patience).await {
            assert!(lease.number > 0);
            tokio::time::sleep(millis(numbers.below(40))).await;
            served += 1;
            match numbers.below(5) {
                0 => lease.discard(),
                _ => drop(lease),
            }
        }
    }
    served
}

#[tokio::test(start_paused = true)]
async fn crashes_of_any_part_at_any_moment_lose_no_room_and_no_connection() {
    for seed in 0..40 {
        let bed = Bed::new().await;
        let config = plain(3).min_size(2).connects_max(2).max_retries(100);
        let pool = bed.pool(config).await;
        let mut numbers = Numbers(seed);
        bed.server.all_connects(Fate::Takes(7));
        bed.server.closes(Fate::Takes(3));
        let mut borrowers = tokio::task::JoinSet::new();
        for each in 0..6 {
            let numbers = Numbers(seed * 100 + each);
            borrowers.spawn(borrow(pool.clone(), numbers));
        }
        let mut crashes = 0;
        while !borrowers.is_empty() {
            let part = ["connectors", "keeper", "health_monitor"][numbers.below(3) as usize];
            if crashes < 12 && numbers.below(3) == 0 {
                let part = bed.part(part).await;
                part.kill();
                part.ended().await;
                crashes += 1;
                // No more of them than a pool may have.
                advance(seconds(3)).await;
            }
            let [.., waiting] = counts(&pool);
            let stats = pool.stats();
            assert!(stats.live <= 3, "seed {seed}: {stats:?}");
            assert!(waiting <= 6, "seed {seed}: {stats:?}");
            for _ in 0..numbers.below(40) {
                tokio::task::yield_now().await;
            }
            tokio::time::advance(millis(1 + numbers.below(15))).await;
            while let Some(done) = borrowers.try_join_next() {
                assert!(done.expect("no panic") > 0, "seed {seed}");
            }
        }
        advance(seconds(6)).await;
        advance(seconds(6)).await;
        let [idle, leased, connecting, mending, closing, waiting] = counts(&pool);
        assert!((2..=3).contains(&idle), "seed {seed}: {idle}");
        let rest = [leased, connecting, mending, closing, waiting];
        assert_eq!(rest, [0; 5], "seed {seed}");
        assert_eq!(bed.server.open().len(), idle as usize, "seed {seed}");
        bed.end().await;
    }
}
