//! Whether a pool is well, and what is done if it is not.

use std::collections::BTreeMap;

use mainstay_actors::pool::{ConnectionHealthMonitor, ConnectionPoolSupervisor, PoolSick};
use mainstay_supervisors::specs::{ConnectionPoolsSpec, PoolConfig, PoolHealth};
use tokio::time::Instant;

use super::support::{Bed, Fate, Server, advance, counts, millis, name, plain, seconds, settle};

/// Looked at every ten seconds, with a step at every second look that finds it sick.
fn looked_at(max: u32) -> PoolConfig {
    let health = PoolHealth::default().interval(seconds(10)).failures_max(2);
    plain(max)
        .health(health)
        .idle_timeout(None)
        .max_lifetime(None)
}

#[tokio::test(start_paused = true)]
async fn what_is_idle_is_pinged_on_the_interval_a_few_at_a_time() {
    let bed = Bed::new().await;
    let pool = bed.pool(looked_at(5).min_size(5).connects_max(2)).await;
    bed.server.pings(Fate::Takes(100));
    let lease = pool.checkout().await.expect("there are five");
    advance(seconds(10)).await;
    assert_eq!(counts(&pool), [2, 1, 0, 2, 0, 0]);
    advance(millis(100)).await;
    advance(millis(100)).await;
    assert_eq!(counts(&pool), [4, 1, 0, 0, 0, 0]);
    let mut pinged = bed.server.pinged();
    pinged.sort_unstable();
    let number = lease.number;
    let others: Vec<_> = (1..=5).filter(|&one| one != number).collect();
    assert_eq!(pinged, others, "each that is idle, once");
    drop(lease);
    advance(seconds(10)).await;
    assert_eq!(bed.server.pinged().len(), 4 + 2, "the next round has begun");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn some_that_do_not_answer_are_replaced_and_the_pool_is_well() {
    let bed = Bed::new().await;
    let pool = bed.pool(looked_at(2).min_size(2)).await;
    bed.server.pings(Fate::Hangs);
    advance(seconds(10)).await;
    advance(seconds(1)).await;
    assert_eq!(bed.server.closed().len(), 2, "a ping may take a second");
    assert_eq!(counts(&pool)[0], 2);
    bed.server.pings(Fate::Works);
    assert!(pool.health_check().await.is_ok());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn steps_against_a_sick_pool_get_sharper_and_the_last_one_starts_it_anew_by_the_same_spec() {
    let bed = Bed::new().await;
    let config = looked_at(3).drain_timeout(seconds(15));
    let pool = bed.pool(config.clone()).await;
    let lease = pool.checkout().await.expect("there is room");
    drop((pool.checkout().await, lease));
    bed.server.pings(Fate::Fails);
    bed.server.all_connects(Fate::Fails);
    let connectors = bed.part("connectors").await;
    let keeper = bed.part("keeper").await;
    // It has nothing, and nobody asks: nothing is known of it.
    advance(seconds(10)).await;
    settle().await;
    assert_eq!(counts(&pool)[0], 0, "none of them answers");
    advance(seconds(3600)).await;
    assert_eq!(bed.part("keeper").await, keeper);
    // Somebody asks, in vain.
    assert!(pool.checkout_within(seconds(1)).await.is_err());
    for _ in 0..5 {
        advance(seconds(10)).await;
    }
    assert_eq!(bed.part("connectors").await, connectors);
    // One look found the pings bad; the second and fourth and sixth were followed by steps, the eighth starts it anew.
    for _ in 0..3 {
        advance(seconds(10)).await;
    }
    assert_ne!(bed.part("connectors").await, connectors);
    assert_ne!(bed.part("keeper").await, keeper);
    assert_eq!(*pool.config(), config);
    bed.server.all_connects(Fate::Works);
    bed.server.pings(Fate::Works);
    let lease = pool.checkout().await.expect("it works again");
    assert_eq!(bed.server.passwords().last(), Some(&"first"));
    drop(lease);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn no_step_against_a_pool_that_cannot_connect_takes_the_attempt_from_it_that_works() {
    // The first look finds it sick, and so does each after it; in the midst of an attempt there is another step.
    for step in 2..=4 {
        let bed = Bed::new().await;
        let health = PoolHealth::default().interval(seconds(1)).failures_max(1);
        let pool = bed.pool(plain(1).max_retries(0).health(health)).await;
        let keeper = bed.part("keeper").await;
        bed.server.connects(&[Fate::Fails, Fate::Takes(1000)]);
        assert!(pool.checkout().await.is_err());
        for _ in 1..step {
            advance(seconds(1)).await;
        }
        advance(millis(500)).await;
        let waits = tokio::spawn({
            let pool = pool.clone();
            async move { pool.checkout().await.map(|lease| lease.number) }
        });
        settle().await;
        assert_eq!(counts(&pool), [0, 0, 1, 0, 0, 1], "before step {step}");
        for _ in 0..12 {
            advance(millis(100)).await;
        }
        let number = waits.await.expect("it ended").expect("it works");
        assert_eq!((number, bed.server.attempts()), (1, 2), "at step {step}");
        assert_eq!(
            bed.part("keeper").await,
            keeper,
            "there is no need any more"
        );
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn leases_that_do_not_end_in_time_are_taken_from_a_pool_that_is_sick_for_long() {
    let bed = Bed::new().await;
    let config = looked_at(2).min_size(2).drain_timeout(seconds(5));
    let pool = bed.pool(config).await;
    let lease = pool.checkout().await.expect("there are two");
    bed.server.pings(Fate::Fails);
    // New ones can be made all the time, and none of them answers.
    let mut revoked_after = None;
    let begun = Instant::now();
    for _ in 0..80 {
        advance(seconds(1)).await;
        if lease.is_revoked() && revoked_after.is_none() {
            revoked_after = Some(begun.elapsed());
        }
    }
    // Sick at 10, 20, 30, 40, 50, 60 s: the third step is taken at 60 s.
    assert_eq!(revoked_after, Some(seconds(65)));
    drop(lease);
    bed.server.pings(Fate::Works);
    advance(seconds(20)).await;
    let lease = pool.checkout().await.expect("it works again");
    advance(seconds(120)).await;
    assert!(!lease.is_revoked(), "it is well again");
    drop(lease);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_stuck_pool_delays_no_other() {
    let bed = Bed::new().await;
    let stuck = Server::default();
    let slow = looked_at(4)
        .min_size(4)
        .connects_max(1)
        .ping_timeout(seconds(3600));
    let slow = slow.health(
        PoolHealth::default()
            .interval(seconds(10))
            .timeout(seconds(600)),
    );
    let first = bed.pool_of("stuck", slow, &stuck).await;
    let second = bed
        .pool_of("well", looked_at(2).min_size(1), &bed.server)
        .await;
    stuck.pings(Fate::Hangs);
    advance(seconds(10)).await;
    for _ in 0..3 {
        advance(seconds(10)).await;
    }
    assert_eq!(stuck.pinged().len(), 1, "it is still waited for");
    assert_eq!(bed.server.pinged(), [1, 1, 1, 1]);
    let monitor = ConnectionHealthMonitor::of(&bed.namespace);
    let begun = Instant::now();
    let well = monitor.check(&name("well")).await;
    assert_eq!((well.is_ok(), begun.elapsed()), (true, seconds(0)));
    // What is idle beside the one that hangs can still be lent.
    drop(first.checkout().await.expect("three are idle"));
    drop(second.checkout().await.expect("it works"));
    bed.namespace.stop(seconds(3600)).await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_is_told_what_is_wrong_with_each_pool() {
    let bed = Bed::new().await;
    let (broken, down, fine) = (Server::default(), Server::default(), Server::default());
    let quiet = |max| looked_at(max).health(PoolHealth::default().interval(seconds(36_000)));
    bed.pool_of("broken", quiet(2).min_size(2), &broken).await;
    let down_pool = bed.pool_of("down", quiet(2).max_retries(0), &down).await;
    bed.pool_of("fine", quiet(2), &fine).await;
    broken.pings(Fate::Panics);
    down.all_connects(Fate::Fails);
    assert!(down_pool.checkout().await.is_err());
    let monitor = ConnectionHealthMonitor::of(&bed.namespace);
    let found: BTreeMap<_, _> = monitor
        .check_all()
        .await
        .into_iter()
        .map(|(name, found)| (name.to_string(), found.map_err(|sick| sick.to_string())))
        .collect();
    let expected = [
        (
            "broken",
            Err("none of the 2 idle connections of the pool broken answers"),
        ),
        (
            "down",
            Err("the pool down has failed to connect 1 times in a row: the server says no"),
        ),
        ("fine", Ok(())),
    ];
    let expected = expected.map(|(name, found)| (name.to_owned(), found.map_err(str::to_owned)));
    assert_eq!(found, BTreeMap::from(expected));
    assert_eq!(fine.attempts(), 1, "it was tried whether one can be made");
    let sick = monitor.check(&name("nobody")).await.unwrap_err();
    assert!(matches!(sick, PoolSick::Unavailable(_)), "{sick}");
    assert_eq!(sick.to_string(), "there is no connection pool nobody");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_check_of_ones_own_decides_as_well() {
    let bed = Bed::with(ConnectionPoolsSpec::default()).await;
    let spec = mainstay_actors::pool::ConnectionSpec::new(
        super::support::Driver(bed.server.clone()),
        "first",
    );
    let spec = spec.health_check(|conn: &mut super::support::Conn| conn.number > 1);
    let made = bed
        .pools
        .register_pool(name("db"), looked_at(1).min_size(1), spec)
        .await;
    let pool = made.expect("there is none yet");
    settle().await;
    let sick = pool.health_check().await.unwrap_err();
    assert!(matches!(sick, PoolSick::Pings { pinged: 1, .. }), "{sick}");
    settle().await;
    assert_eq!(bed.server.closed(), [1]);
    assert!(pool.health_check().await.is_ok());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_sick_pool_survives_who_looks_at_it() {
    let bed = Bed::new().await;
    let pool = bed.pool(looked_at(2).min_size(1)).await;
    bed.server.pings(Fate::Fails);
    let mut restarted = None;
    let keeper = bed.part("keeper").await;
    for look in 1..=8 {
        advance(seconds(10)).await;
        settle().await;
        if restarted.is_none() && bed.part("keeper").await != keeper {
            restarted = Some(look);
        }
        if restarted.is_none() {
            bed.crash("health_monitor").await;
        }
    }
    assert_eq!(restarted, Some(8), "as if nothing had happened in between");
    // The attempt that was under way has failed with it.
    advance(millis(50)).await;
    assert_eq!(counts(&pool)[0], 1);
    assert!(ConnectionPoolSupervisor::of(&bed.namespace).is_some());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_pool_of_which_everything_answers_is_well_also_where_a_look_has_no_time_for_all() {
    let bed = Bed::new().await;
    let health = PoolHealth::default()
        .interval(seconds(10))
        .timeout(seconds(1));
    let config = looked_at(40).min_size(40).connects_max(2).health(health);
    let pool = bed.pool(config).await;
    bed.server.pings(Fate::Takes(300));
    let begun = Instant::now();
    assert!(pool.health_check().await.is_ok());
    assert_eq!(
        begun.elapsed(),
        millis(1200),
        "to the end of the ping it is at"
    );
    assert_eq!(bed.server.pinged().len(), 2 * 4);
    settle().await;
    assert_eq!(counts(&pool), [40, 0, 0, 0, 0, 0]);
    // Looks of its own come to the same.
    let connectors = bed.part("connectors").await;
    for _ in 0..20 {
        advance(seconds(10)).await;
        advance(seconds(2)).await;
    }
    assert_eq!(bed.part("connectors").await, connectors);
    assert_eq!(bed.server.closed(), Vec::<u64>::new());
    assert_eq!(counts(&pool)[0], 40);
    bed.end().await;
}
