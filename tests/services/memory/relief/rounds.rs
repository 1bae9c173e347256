//! Rounds of cleanups.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use mainstay_actors::memory::{
    CleanupClass, CleanupPriority, CleanupRequest, Measure, MemorySetup, PressureLevel,
    RegisterCleanupError, Requested, RoundOutcome,
};
use mainstay_supervisors::specs::{CleanupSpec, CleanupStrategySpec};
use tokio::time::sleep;

use super::support::{Bed, Doing, Heap, name, next_end, next_round, seconds, settle, spec, told};

const MIB: u64 = 1 << 20;

#[tokio::test(start_paused = true)]
async fn at_high_pressure_memory_is_freed_class_by_class_and_it_is_told() {
    let bed = Bed::new().await;
    bed.strategy("index", Doing::nothing(CleanupClass::Rebuildable));
    bed.strategy("log", Doing::nothing(CleanupClass::Destructive));
    bed.strategy("thumbnails", Doing::nothing(CleanupClass::Cache));
    let mut events = bed.memory.subscribe().expect("a place");
    bed.simulate(PressureLevel::High);
    next_round(&mut events).await;
    drop(events);
    let mut events = bed.memory.subscribe().expect("a place");
    bed.simulate(PressureLevel::Critical);
    sleep(seconds(11)).await;
    assert_eq!(
        told(&mut events),
        [
            "thumbnails cache emergency",
            "thumbnails done",
            "index rebuildable emergency",
            "index done",
            "round missed"
        ]
    );
    let stats = bed.memory.cleanup_stats();
    assert_eq!((stats.rounds, stats.missed, stats.relieved), (2, 2, 0));
    assert_eq!(stats.last_outcome, Some(RoundOutcome::Missed));
    assert_eq!(bed.memory.stats().cleanup, stats);
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn at_medium_pressure_nothing_is_freed_unless_somebody_asks() {
    let bed = Bed::new().await;
    bed.strategy("thumbnails", Doing::nothing(CleanupClass::Cache));
    bed.simulate(PressureLevel::Medium);
    sleep(seconds(60)).await;
    assert_eq!(bed.stats("thumbnails").runs, 0);
    let level = bed.memory.check_pressure();
    assert_eq!(
        bed.memory.request_cleanup(&name("thumbnails"), level),
        Requested::Queued
    );
    settle().await;
    assert_eq!(bed.stats("thumbnails").runs, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn where_relief_is_off_nothing_is_freed() {
    let bed = Bed::with_spec(spec().pressure_relief_enabled(false)).await;
    bed.strategy("thumbnails", Doing::nothing(CleanupClass::Cache));
    bed.simulate(PressureLevel::Critical);
    sleep(seconds(600)).await;
    let asked = bed
        .memory
        .request_cleanup(&name("thumbnails"), CleanupPriority::Emergency);
    assert_eq!(asked, Requested::Off);
    sleep(seconds(600)).await;
    assert_eq!(bed.stats("thumbnails").runs, 0);
    bed.end().await;
}

/// A namespace with a heap of 200 MiB in use, and a source that says that 900 of 1,000 MiB are taken.
async fn with_heap() -> (Bed, Arc<Heap>) {
    let heap = Arc::new(Heap::default());
    heap.set(600 * MIB);
    let trims = Arc::new(AtomicU64::new(0));
    let setup = MemorySetup::new(spec().cleanup(CleanupSpec::default().strategies([])))
        .by_hand()
        .heap(Arc::clone(&heap) as Arc<_>)
        .trim({
            let trims = Arc::clone(&trims);
            move || {
                trims.fetch_add(1, Ordering::Relaxed);
                Some(true)
            }
        });
    (Bed::set_up(setup).await, heap)
}

#[tokio::test(start_paused = true)]
async fn what_counts_is_what_the_allocator_says_and_not_what_a_strategy_says() {
    let (bed, heap) = with_heap().await;
    let gauge = bed.memory.register_gauge(name("test")).expect("a place");
    // 900 of 1,000, with 825 as the threshold for high and 775 the goal: 125 MiB too many.
    gauge.set(Measure::bytes(900 * MIB, 1000 * MIB));
    heap.set(900 * MIB);
    bed.strategy(
        "liar",
        Doing::new(CleanupClass::Cache, |_| async {
            mainstay_actors::memory::CleanupReport::freed(1, 500 * MIB)
        }),
    );
    bed.strategy(
        "index",
        Doing::freeing(CleanupClass::Rebuildable, &heap, 200 * MIB),
    );
    let mut events = bed.memory.subscribe().expect("a place");
    bed.memory.check_now().await.expect("a sample");
    let (first, second) = (next_end(&mut events).await, next_end(&mut events).await);
    assert_eq!((first.told, first.freed), (Some(500 * MIB), Some(0)));
    assert_eq!(
        (second.told, second.freed),
        (Some(200 * MIB), Some(200 * MIB))
    );
    let round = next_round(&mut events).await;
    assert_eq!(
        (round.outcome, round.freed),
        (RoundOutcome::TargetMet, Some(200 * MIB))
    );
    drop((events, gauge));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn where_bytes_in_use_have_fallen_and_the_system_sees_nothing_of_it_there_is_one_cleanup_and_one_trim()
 {
    let heap = Arc::new(Heap::default());
    heap.set(900 * MIB);
    let trims = Arc::new(AtomicU64::new(0));
    let cleanup = CleanupSpec::default().strategies([CleanupStrategySpec::Trim]);
    let setup = MemorySetup::new(spec().cleanup(cleanup))
        .by_hand()
        .heap(Arc::clone(&heap) as Arc<_>)
        .trim({
            let trims = Arc::clone(&trims);
            move || {
                trims.fetch_add(1, Ordering::Relaxed);
                Some(false)
            }
        });
    let bed = Bed::set_up(setup).await;
    let gauge = bed
        .memory
        .register_gauge(name("resident"))
        .expect("a place");
    gauge.set(Measure::bytes(900 * MIB, 1000 * MIB));
    bed.strategy(
        "table",
        Doing::freeing(CleanupClass::Cache, &heap, 880 * MIB),
    );
    bed.memory.check_now().await.expect("a sample");
    for _ in 0..200 {
        sleep(seconds(1)).await;
        bed.memory.check_now().await.expect("a sample");
    }
    assert_eq!(bed.memory.check_pressure(), PressureLevel::High);
    assert_eq!(
        (bed.stats("table").runs, trims.load(Ordering::Relaxed)),
        (1, 1)
    );
    let stats = bed.memory.cleanup_stats();
    assert_eq!(
        (stats.rounds, stats.target_met, stats.freed),
        (1, 1, 880 * MIB)
    );
    drop(gauge);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn pressure_that_cleaning_cannot_relieve_takes_less_than_a_twentieth_of_the_time() {
    let bed = Bed::new().await;
    let busy = Arc::new(Mutex::new(std::time::Duration::ZERO));
    for service in ["a", "b", "c"] {
        let busy = Arc::clone(&busy);
        bed.strategy(
            service,
            Doing::new(CleanupClass::Cache, move |_| {
                let busy = Arc::clone(&busy);
                async move {
                    sleep(seconds(2)).await;
                    *busy.lock().expect("whole") += seconds(2);
                    mainstay_actors::memory::CleanupReport::default()
                }
            }),
        );
    }
    bed.simulate(PressureLevel::Critical);
    for _ in 0..3000 {
        for service in ["a", "b", "c"] {
            bed.memory
                .request_cleanup(&name(service), CleanupPriority::Emergency);
        }
        sleep(seconds(1)).await;
    }
    let busy = *busy.lock().expect("whole");
    assert!(busy * 20 <= seconds(3000) + seconds(6) * 20, "{busy:?}");
    assert!(busy >= seconds(60), "{busy:?}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_with_a_target_goes_on_until_it_is_met_and_says_what_is_left() {
    let (bed, heap) = with_heap().await;
    let targets = Arc::new(Mutex::new(Vec::new()));
    for class in [CleanupClass::Cache, CleanupClass::Rebuildable] {
        let (heap, targets) = (Arc::clone(&heap), Arc::clone(&targets));
        bed.strategy(
            "db",
            Doing::new(class, move |options| {
                targets.lock().expect("whole").push(options.target);
                heap.free(30);
                async { mainstay_actors::memory::CleanupReport::freed(1, 30) }
            }),
        );
    }
    let request = CleanupRequest::of(name("db")).target(50);
    assert_eq!(bed.memory.request(request), Requested::Queued);
    settle().await;
    assert_eq!(*targets.lock().expect("whole"), [Some(50), Some(20)]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_strategies_than_there_may_be() {
    let cleanup = CleanupSpec::default().strategies([]).strategies_max(1);
    let bed = Bed::with(cleanup).await;
    let strategy = || Arc::new(Doing::nothing(CleanupClass::Cache)) as Arc<_>;
    let first = bed
        .memory
        .register_cleanup(name("a"), strategy())
        .expect("there is room");
    let refused = bed
        .memory
        .register_cleanup(name("b"), strategy())
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "expected at most 1 cleanup strategies, and there are as many"
    );
    drop(first);
    bed.memory
        .register_cleanup(name("b"), strategy())
        .expect("there is room")
        .keep();
    let known = bed.memory.cleanup_stats().strategies;
    let services: Vec<&str> = known.iter().map(|one| one.service.as_str()).collect();
    assert_eq!(services, ["b"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn when_the_namespace_has_ended_requests_are_told_so() {
    let bed = Bed::new().await;
    bed.strategy("a", Doing::nothing(CleanupClass::Cache));
    let memory = bed.memory.clone();
    bed.end().await;
    assert_eq!(
        memory.request_cleanup(&name("a"), CleanupPriority::Background),
        Requested::Stopped
    );
    let strategy = Arc::new(Doing::nothing(CleanupClass::Cache));
    let late = memory.register_cleanup(name("b"), strategy).unwrap_err();
    assert_eq!(late, RegisterCleanupError::Stopped);
}
