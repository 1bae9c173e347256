//! The executor may crash at any moment.

use std::sync::{Arc, Mutex};

use mainstay_actors::memory::{CleanupClass, CleanupPriority, CleanupReport, PressureLevel};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::support::{Bed, Doing, name, next_round, seconds, settle};

#[tokio::test(start_paused = true)]
async fn when_it_crashes_its_run_is_dropped_and_its_successor_goes_on_with_the_round() {
    let bed = Bed::new().await;
    let dropped = Arc::new(Mutex::new(0));
    struct Guard(Arc<Mutex<u32>>);
    impl Drop for Guard {
        fn drop(&mut self) {
            *self.0.lock().expect("whole") += 1;
        }
    }
    let count = Arc::clone(&dropped);
    bed.strategy(
        "hangs",
        Doing::new(CleanupClass::Cache, move |_| {
            let guard = Guard(Arc::clone(&count));
            async move {
                let _guard = guard;
                std::future::pending::<CleanupReport>().await
            }
        }),
    );
    bed.strategy("good", Doing::nothing(CleanupClass::Cache));
    let mut events = bed.memory.subscribe().expect("a place");
    bed.simulate(PressureLevel::High);
    settle().await;
    assert!(bed.stats("hangs").running);
    let old = bed.process("cleanup");
    old.kill();
    old.ended().await;
    let round = next_round(&mut events).await;
    assert_eq!((round.round, round.runs), (1, 2));
    assert_eq!(*dropped.lock().expect("whole"), 1);
    assert!(!bed.stats("hangs").running);
    assert_eq!(bed.stats("good").runs, 1);
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_rests_and_is_counted_outlives_all_processes_of_the_service() {
    let bed = Bed::new().await;
    let runs = Arc::new(Mutex::new(Vec::new()));
    bed.strategy("a", Doing::noting(CleanupClass::Cache, &runs));
    bed.simulate(PressureLevel::Medium);
    bed.memory
        .request_cleanup(&name("a"), CleanupPriority::Proactive);
    settle().await;
    bed.memory
        .request_cleanup(&name("a"), CleanupPriority::Proactive);
    for id in ["cleanup", "keeper"] {
        let old = bed.process(id);
        old.kill();
        old.ended().await;
        settle().await;
        let stats = bed.memory.cleanup_stats();
        assert_eq!((stats.requests, stats.rounds, stats.waiting), (2, 1, 1));
        assert_eq!(*runs.lock().expect("whole"), [0]);
    }
    sleep(seconds(11)).await;
    assert_eq!(*runs.lock().expect("whole"), [0, 10]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn levels_are_measured_and_told_while_a_cleanup_takes_long() {
    let bed = Bed::new().await;
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    bed.strategy(
        "slow",
        Doing::new(CleanupClass::Cache, move |_| {
            let wait = Arc::clone(&wait);
            async move {
                wait.notified().await;
                CleanupReport::default()
            }
        }),
    );
    bed.memory
        .request_cleanup(&name("slow"), CleanupPriority::Proactive);
    settle().await;
    for level in [
        PressureLevel::Medium,
        PressureLevel::High,
        PressureLevel::Critical,
    ] {
        bed.simulate(level);
        assert_eq!(bed.memory.check_pressure(), level);
        bed.memory.check_now().await.expect("a sample");
    }
    assert!(bed.stats("slow").running);
    go.notify_one();
    settle().await;
    assert_eq!(bed.stats("slow").runs, 1);
    bed.end().await;
}
