//! Sources of the application's own, and the heap.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use mainstay_actors::memory::PressureLevel::{Critical, High, Low};
use mainstay_actors::memory::{
    HeapMeter, Measure, MemoryError, MemorySetup, SourceError, SourceState,
};
use mainstay_supervisors::specs::MemoryManagerSpec;

use super::support::{Bed, name};

/// A heap of so many bytes; not measured if it is `u64::MAX`.
#[derive(Debug)]
struct Heap(AtomicU64);

impl HeapMeter for Heap {
    fn live_bytes(&self) -> Option<u64> {
        let live = self.0.load(Ordering::Relaxed);
        (live < u64::MAX).then_some(live)
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_goes_on_with_its_last_share_and_is_told_to_have_failed() {
    let bed = Bed::new().await;
    let fails = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&fails);
    let source = move || {
        if asked.load(Ordering::Relaxed) {
            Err(SourceError::new("the device is gone"))
        } else {
            Ok(Measure::bytes(96, 100))
        }
    };
    let source = bed.memory.register_source(name("device"), source);
    let source = source.expect("room");
    bed.memory.check_now().await.expect("a sample");
    fails.store(true, Ordering::Relaxed);
    let reading = bed.memory.check_now().await.expect("a sample");
    assert_eq!((reading.level, reading.ratio), (Critical, 0.96));
    let failed = SourceState::Failed("the device is gone".to_owned());
    assert_eq!(bed.state("device"), Some(failed));
    fails.store(false, Ordering::Relaxed);
    bed.memory.check_now().await.expect("a sample");
    assert_eq!(bed.state("device"), Some(SourceState::Measured));
    drop(source);
    bed.memory.check_now().await.expect("a sample");
    assert_eq!(bed.state("device"), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_has_failed_and_harms_nobody() {
    let bed = Bed::new().await;
    let gauge = bed.gauge();
    let panics = || panic!("quiet: no device");
    let source = bed.memory.register_source(name("device"), panics);
    let source = source.expect("room");
    assert_eq!(bed.sample(&gauge, 0.85).await, High);
    let failed = SourceState::Failed("it has panicked: quiet: no device".to_owned());
    assert_eq!(bed.state("device"), Some(failed));
    drop((gauge, source));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn names_are_taken_once_and_there_is_a_bound() {
    let bed = Bed::by_hand(MemoryManagerSpec::default().sources_max(1)).await;
    for own in [
        "container",
        "host",
        "psi",
        "allocator",
        "budget",
        "simulation",
    ] {
        let taken = bed
            .memory
            .register_gauge(name(own))
            .expect_err("it is taken");
        assert_eq!(taken, MemoryError::SourceTaken(name(own)));
    }
    let gauge = bed.gauge();
    let taken = bed
        .memory
        .register_source(name("test"), || Ok(Measure::share(0.1)));
    let taken = taken.expect_err("it is taken");
    assert_eq!(
        taken.to_string(),
        "there is a source of memory pressure test already"
    );
    let full = bed
        .memory
        .register_gauge(name("more"))
        .expect_err("no room");
    assert_eq!(
        full.to_string(),
        "there is no room for the source more: there are 1 already, as many as there may be"
    );
    drop(gauge);
    drop(
        bed.memory
            .register_gauge(name("more"))
            .expect("there is room again"),
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_of_the_heap_is_in_use_is_a_source_of_its_own() {
    let heap = Arc::new(Heap(AtomicU64::new(90 << 20)));
    let spec = MemoryManagerSpec::default().heap_budget(100 << 20);
    let meter: Arc<dyn HeapMeter> = Arc::<Heap>::clone(&heap);
    let bed = Bed::with(MemorySetup::new(spec).by_hand().heap(meter)).await;
    let reading = bed.memory.check_now().await.expect("a sample");
    assert_eq!((reading.level, reading.ratio), (High, 0.9));
    assert_eq!(reading.cause, Some(name("allocator")));
    assert_eq!(bed.memory.stats().process_memory, Some(90 << 20));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_heap_that_is_not_measured_is_not_zero() {
    let heap: Arc<dyn HeapMeter> = Arc::new(Heap(AtomicU64::new(u64::MAX)));
    let spec = MemoryManagerSpec::default().heap_budget(100 << 20);
    let bed = Bed::with(MemorySetup::new(spec).by_hand().heap(heap)).await;
    let reading = bed.memory.check_now().await.expect("a sample");
    assert_eq!(reading.facts.heap, None);
    assert_eq!(bed.memory.stats().process_memory, None);
    assert_eq!(bed.state("allocator"), Some(SourceState::Absent));
    assert!(reading.stale, "nobody says anything");
    bed.end().await;
    let without = Bed::new().await;
    without.memory.check_now().await.expect("a sample");
    assert_eq!(without.state("allocator"), Some(SourceState::Absent));
    assert_eq!(without.memory.stats().process_memory, None);
    without.end().await;
}

#[tokio::test]
async fn a_source_that_hangs_is_told_to_have_failed_while_the_others_go_on() {
    let spec = MemoryManagerSpec::default()
        .check_interval(Duration::from_millis(10))
        .stale_after(20);
    let bed = Bed::with(MemorySetup::new(spec)).await;
    let (let_go, wait) = mpsc::channel::<()>();
    let hangs = move || {
        wait.recv().ok();
        Ok(Measure::share(0.0))
    };
    let source = bed.memory.register_source(name("slow"), hangs);
    let source = source.expect("room");
    let gauge = bed.gauge();
    gauge.set(Measure::share(0.99));
    let failed = SourceState::Failed("it has not answered for 200ms and more".to_owned());
    while bed.state("slow").as_ref() != Some(&failed) {
        bed.memory.check_now().await.ok();
    }
    assert_eq!(bed.memory.check_pressure(), Critical);
    drop(let_go);
    while bed.state("slow") != Some(SourceState::Measured) {
        bed.memory.check_now().await.ok();
    }
    drop((source, gauge));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_gauge_that_has_said_nothing_counts_for_nothing() {
    let bed = Bed::new().await;
    let gauge = bed.gauge();
    let reading = bed.memory.check_now().await.expect("a sample");
    assert_eq!((reading.level, reading.stale), (Low, true));
    assert_eq!(bed.state("test"), Some(SourceState::Absent));
    gauge.set(Measure::bytes(0, 0));
    assert_eq!(bed.memory.check_now().await.expect("a sample").ratio, 0.0);
    gauge.set(Measure::bytes(5, 0));
    assert_eq!(
        bed.memory.check_now().await.expect("a sample").level,
        Critical
    );
    drop(gauge);
    bed.end().await;
}
