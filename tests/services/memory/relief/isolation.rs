//! Strategies that do not do as they should.

use std::future::pending;
use std::sync::{Arc, Mutex, mpsc};

use mainstay_actors::memory::{
    CleanupClass, CleanupPriority, CleanupReport, CleanupResult, PressureLevel, Requested,
};
use mainstay_supervisors::specs::CleanupSpec;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::support::{Bed, Doing, name, next_end, seconds, settle};

/// Asks for a cleanup each second, so long.
async fn ask(bed: &Bed, service: &str, time: u64) {
    for _ in 0..time {
        bed.memory
            .request_cleanup(&name(service), CleanupPriority::Emergency);
        sleep(seconds(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_panics_harms_nobody_and_is_tried_ever_less_often() {
    let bed = Bed::new().await;
    let runs = Arc::new(Mutex::new(Vec::new()));
    let began = tokio::time::Instant::now();
    let times = Arc::clone(&runs);
    bed.strategy(
        "bad",
        Doing::new(CleanupClass::Cache, move |_| {
            times.lock().expect("whole").push(began.elapsed().as_secs());
            async { panic!("out of luck") }
        }),
    );
    bed.strategy("good", Doing::nothing(CleanupClass::Cache));
    let executor = bed.process("cleanup");
    bed.simulate(PressureLevel::Medium);
    let mut events = bed.memory.subscribe().expect("a place");
    ask(&bed, "bad", 70).await;
    assert_eq!(*runs.lock().expect("whole"), [0, 20, 60]);
    let end = next_end(&mut events).await;
    assert_eq!(end.result, CleanupResult::Panicked);
    assert!(end.error.is_some_and(|error| error.contains("out of luck")));
    ask(&bed, "good", 5).await;
    assert_eq!((bed.stats("good").runs, bed.stats("bad").panicked), (1, 3));
    assert!(executor.is_alive());
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_dropped_at_its_deadline_and_others_get_their_turn() {
    let bed = Bed::new().await;
    bed.strategy(
        "hangs",
        Doing::new(CleanupClass::Cache, |_| pending::<CleanupReport>()),
    );
    bed.strategy("good", Doing::nothing(CleanupClass::Cache));
    let mut events = bed.memory.subscribe().expect("a place");
    bed.simulate(PressureLevel::High);
    let end = next_end(&mut events).await;
    assert_eq!(
        (end.service, end.result),
        (name("hangs"), CleanupResult::TimedOut)
    );
    assert_eq!(
        (end.took, end.error),
        (seconds(5), Some("no end within 5s".to_owned()))
    );
    assert_eq!(next_end(&mut events).await.service, name("good"));
    let stats = bed.stats("hangs");
    assert_eq!(
        (stats.running, stats.timed_out, stats.rests),
        (false, 1, seconds(100))
    );
    drop(events);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_blocks_is_given_up_and_not_run_again_before_it_has_ended() {
    let limit = std::time::Duration::from_millis(1);
    let cleanup = CleanupSpec::default().strategies([]).time_limit(limit);
    let bed = Bed::with(cleanup.min_interval(10 * limit)).await;
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let ended = Arc::new(Notify::new());
    let end = Arc::clone(&ended);
    bed.strategy(
        "blocks",
        Doing::new(CleanupClass::Cache, move |_| {
            // It does not await: nothing can drop it.
            released
                .lock()
                .expect("whole")
                .recv()
                .expect("it is released");
            end.notify_one();
            async { CleanupReport::default() }
        }),
    );
    bed.strategy("good", Doing::nothing(CleanupClass::Cache));
    let mut events = bed.memory.subscribe().expect("a place");
    bed.memory
        .request_cleanup(&name("blocks"), CleanupPriority::Emergency);
    assert_eq!(next_end(&mut events).await.result, CleanupResult::TimedOut);
    assert!(bed.stats("blocks").running);
    // Nobody waits for it.
    let good = name("good");
    while bed.stats("good").runs == 0 {
        bed.memory
            .request_cleanup(&good, CleanupPriority::Emergency);
        tokio::task::yield_now().await;
    }
    assert_eq!(bed.stats("blocks").runs, 1);
    release.send(()).expect("it waits");
    ended.notified().await;
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_slower_than_its_interval_never_runs_twice_at_a_time() {
    let cleanup = CleanupSpec::default().strategies([]);
    let bed = Bed::with(cleanup.min_interval(seconds(1)).time_limit(seconds(60))).await;
    let (running, runs) = (Arc::new(Mutex::new(0_u32)), Arc::new(Mutex::new(0_u32)));
    let (now, count) = (Arc::clone(&running), Arc::clone(&runs));
    bed.strategy(
        "slow",
        Doing::new(CleanupClass::Cache, move |_| {
            let (now, count) = (Arc::clone(&now), Arc::clone(&count));
            async move {
                *now.lock().expect("whole") += 1;
                assert_eq!(*now.lock().expect("whole"), 1);
                sleep(seconds(30)).await;
                *now.lock().expect("whole") -= 1;
                *count.lock().expect("whole") += 1;
                CleanupReport::default()
            }
        }),
    );
    bed.simulate(PressureLevel::Medium);
    ask(&bed, "slow", 1200).await;
    // It rests for twenty times as long as it has taken.
    assert_eq!(*runs.lock().expect("whole"), 2);
    assert_eq!(bed.stats("slow").panicked, 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_removed_while_it_runs_comes_to_its_end_and_is_run_no_more() {
    let bed = Bed::new().await;
    let (go, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (start, end) = (Arc::clone(&go), Arc::clone(&ended));
    let strategy = Doing::new(CleanupClass::Cache, move |_| {
        let (start, end) = (Arc::clone(&start), Arc::clone(&end));
        async move {
            start.notified().await;
            end.notify_one();
            CleanupReport::default()
        }
    });
    let registered = bed.memory.register_cleanup(name("a"), Arc::new(strategy));
    let registered = registered.expect("there is room");
    bed.memory
        .request_cleanup(&name("a"), CleanupPriority::Emergency);
    settle().await;
    assert!(bed.stats("a").running);
    drop(registered);
    assert_eq!(bed.memory.cleanup_stats().strategies, []);
    go.notify_one();
    ended.notified().await;
    settle().await;
    let again = bed
        .memory
        .request_cleanup(&name("a"), CleanupPriority::Emergency);
    assert_eq!(again, Requested::NoStrategy);
    assert!(!bed.memory.cleanup_stats().running);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_ends_does_not_wait_for_a_cleanup() {
    let bed = Bed::new().await;
    bed.strategy(
        "hangs",
        Doing::new(CleanupClass::Cache, |_| pending::<CleanupReport>()),
    );
    bed.memory
        .request_cleanup(&name("hangs"), CleanupPriority::Emergency);
    settle().await;
    let began = tokio::time::Instant::now();
    bed.end().await;
    assert_eq!(began.elapsed(), std::time::Duration::ZERO);
}
