//! More than anybody should ask.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_actors::memory::{
    Admission, CleanupClass, CleanupPriority, OperationClass, OperationPriority, PressureLevel,
    Requested,
};
use tokio::time::sleep;

use super::support::{Bed, Doing, name, seconds};

#[tokio::test(start_paused = true)]
async fn ten_thousand_requests_a_second_cause_one_run() {
    let bed = Bed::new().await;
    let runs = Arc::new(Mutex::new(Vec::new()));
    bed.strategy("a", Doing::noting(CleanupClass::Cache, &runs));
    bed.simulate(PressureLevel::Medium);
    let a = name("a");
    for _ in 0..1000 {
        for _ in 0..10 {
            bed.memory.request_cleanup(&a, CleanupPriority::Emergency);
        }
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(*runs.lock().expect("whole"), [0]);
    let stats = bed.memory.cleanup_stats();
    // One that was met, and one that waits until the strategy has rested.
    assert_eq!(
        (stats.requests, stats.coalesced, stats.waiting),
        (10_000, 9_998, 1)
    );
    sleep(seconds(100)).await;
    assert_eq!(*runs.lock().expect("whole"), [0, 10]);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_from_many_threads_are_one() {
    let bed = Bed::new().await;
    let runs = Arc::new(Mutex::new(Vec::new()));
    bed.strategy("a", Doing::noting(CleanupClass::Cache, &runs));
    let a = name("a");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2500 {
                    let asked = bed.memory.request_cleanup(&a, CleanupPriority::Emergency);
                    assert!(matches!(asked, Requested::Queued | Requested::Coalesced));
                }
            });
        }
    });
    while bed.stats("a").runs == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bed.memory.cleanup_stats().requests, 10_000);
    bed.end().await;
    assert_eq!(runs.lock().expect("whole").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn at_critical_ten_thousand_writes_are_refused_and_what_frees_memory_is_let_in() {
    let bed = Bed::new().await;
    bed.simulate(PressureLevel::Critical);
    for _ in 0..10_000 {
        let ask = |class| {
            bed.memory
                .check_operation_allowed(class, 1000, OperationPriority::Normal)
        };
        assert!(!ask(OperationClass::Write).is_admitted());
        assert_eq!(ask(OperationClass::Release), Admission::Allow);
        assert_eq!(ask(OperationClass::Control), Admission::Allow);
    }
    let stats = bed.memory.admission_stats();
    assert_eq!(stats.refused(), 10_000);
    let writes = stats.of(OperationClass::Write).expect("a class");
    assert_eq!(
        (writes.refused, writes.shed, writes.no_room),
        (10_000, 0, 0)
    );
    bed.end().await;
}
