//! Who holds how much. This program has no allocator that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mainstay_actors::memory::{MemoryError, MemoryReport, MemorySample, ProcessMemoryTracker};
use mainstay_supervisors::specs::{BudgetsSpec, MemoryManagerSpec, Restart};
use mainstay_supervisors::{Child, HeapUse, Process};
use mainstay_tests::probe::ON_PURPOSE;

use super::support::{Bed, name, seconds};

async fn child(bed: &Bed, id: &str) -> Process {
    let child = Child::task(id, |stop| async move { stop.stopped().await });
    let child = child.restart(Restart::Temporary);
    let started = bed.namespace.start_child(child).await.expect("it starts");
    started.process().expect("it runs").clone()
}

/// The services of a report, in order, with what they hold.
fn lines(report: &MemoryReport) -> Vec<String> {
    let entries = report.entries.iter();
    entries
        .map(|entry| match entry.sample.bytes() {
            Some(bytes) => format!("{} {bytes}", entry.service),
            None => format!("{} ?", entry.service),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_nobody_measures_is_not_measured_and_not_nothing() {
    let bed = Bed::new().await;
    let tracker = ProcessMemoryTracker::of(&bed.namespace);
    let process = child(&bed, "a").await;
    assert_eq!(process.heap_bytes(), None);
    assert_eq!(HeapUse::now(), None);
    assert_eq!(HeapUse::live_now(), None);
    tracker
        .track_process(&process, name("a"))
        .expect("there is room");
    let report = tracker.get_memory_report();
    assert_eq!(report.entries[0].sample, MemorySample::NotMeasured);
    assert_eq!((report.total, report.not_measured), (None, 1));
    assert_eq!((report.heap, report.entries[0].growth), (None, None));
    let json = serde_json::to_value(&report.entries[0].sample).expect("it can be written");
    assert_eq!(json, serde_json::json!({"kind": "not_measured"}));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_lives_as_long_as_its_process_and_is_one_however_often_it_is_tracked() {
    let bed = Bed::new().await;
    let tracker = ProcessMemoryTracker::of(&bed.namespace);
    let (a, b) = (child(&bed, "a").await, child(&bed, "b").await);
    for _ in 0..3 {
        tracker
            .track_process(&a, name("first"))
            .expect("there is room");
    }
    tracker
        .track_footprint(&b, name("second"), || Some(10))
        .expect("there is room");
    tracker
        .track_process(&b, name("other"))
        .expect("there is room");
    assert_eq!(lines(&tracker.get_memory_report()), ["other 10", "first ?"]);
    a.kill();
    a.ended().await;
    assert_eq!(lines(&tracker.get_memory_report()), ["other 10"]);
    // A process that has ended is not tracked.
    tracker
        .track_process(&a, name("late"))
        .expect("there is room");
    assert!(tracker.untrack_process(&b));
    assert!(!tracker.untrack_process(&b));
    assert_eq!(lines(&tracker.get_memory_report()), [""; 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_footprint_holds_goes_with_its_process() {
    let bed = Bed::new().await;
    let tracker = ProcessMemoryTracker::of(&bed.namespace);
    let a = child(&bed, "a").await;
    let state = Arc::new(AtomicU64::new(7));
    let held = Arc::clone(&state);
    let footprint = move || Some(held.load(Ordering::Relaxed));
    tracker
        .track_footprint(&a, name("a"), footprint)
        .expect("there is room");
    assert_eq!(Arc::strong_count(&state), 2);
    a.kill();
    a.ended().await;
    // With the next look at budgets.
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(Arc::strong_count(&state), 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn those_that_hold_most_come_first_and_growth_looks_back_a_window_or_two() {
    let bed = Bed::new().await;
    let tracker = ProcessMemoryTracker::of(&bed.namespace);
    let mut sizes = Vec::new();
    for (id, size) in [("a", 10), ("b", 300), ("c", 200)] {
        let process = child(&bed, id).await;
        let bytes = Arc::new(AtomicU64::new(size));
        let said = Arc::clone(&bytes);
        let footprint = move || Some(said.load(Ordering::Relaxed));
        tracker
            .track_footprint(&process, name(id), footprint)
            .expect("there is room");
        sizes.push(bytes);
    }
    let report = tracker.get_memory_report();
    assert_eq!(lines(&report), ["b 300", "c 200", "a 10"]);
    assert_eq!(report.total, Some(510));
    assert_eq!(report.largest(2).count(), 2);
    assert!(report.growing(3).is_empty());
    tokio::time::advance(seconds(30)).await;
    sizes[0].store(500, Ordering::Relaxed);
    sizes[1].store(310, Ordering::Relaxed);
    sizes[2].store(100, Ordering::Relaxed);
    let report = tracker.get_memory_report();
    let growing: Vec<String> = report
        .growing(3)
        .iter()
        .map(|entry| {
            let growth = entry.growth.expect("it is known");
            format!("{} {} in {:?}", entry.service, growth.bytes, growth.over)
        })
        .collect();
    assert_eq!(growing, ["a 490 in 30s", "b 10 in 30s"]);
    assert_eq!(report.service("c").count(), 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_footprint_that_panics_spoils_only_its_own_entry() {
    let bed = Bed::new().await;
    let tracker = ProcessMemoryTracker::of(&bed.namespace);
    let (a, b) = (child(&bed, "a").await, child(&bed, "b").await);
    let panics = || -> Option<u64> { panic!("{ON_PURPOSE}") };
    tracker
        .track_footprint(&a, name("a"), panics)
        .expect("there is room");
    tracker
        .track_footprint(&b, name("b"), || Some(1))
        .expect("there is room");
    let report = tracker.get_memory_report();
    assert_eq!(lines(&report), ["b 1", "a ?"]);
    let error = ON_PURPOSE.to_owned();
    assert_eq!(report.entries[1].sample, MemorySample::Failed { error });
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn no_more_are_tracked_than_may_be_and_those_that_have_ended_make_room() {
    let budgets = BudgetsSpec::default().tracked_max(1);
    let bed = Bed::by_hand(MemoryManagerSpec::default().budgets(budgets)).await;
    let tracker = ProcessMemoryTracker::of(&bed.namespace);
    let (a, b) = (child(&bed, "a").await, child(&bed, "b").await);
    tracker.track_process(&a, name("a")).expect("there is room");
    let refused = tracker
        .track_process(&b, name("b"))
        .expect_err("there is none");
    let (service, max) = (name("b"), 1);
    assert_eq!(refused, MemoryError::TooManyTracked { service, max });
    a.kill();
    a.ended().await;
    tracker.track_process(&b, name("b")).expect("there is room");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_report_has_every_process_of_the_namespace_once() {
    let bed = Bed::new().await;
    let tracker = ProcessMemoryTracker::of(&bed.namespace);
    let a = child(&bed, "a").await;
    tracker
        .track_footprint(&a, name("mine"), || Some(1))
        .expect("there is room");
    let report = tracker.full_report();
    assert_eq!(report.entries.len(), bed.namespace.processes().len());
    assert_eq!(report.entries[0].service, name("mine"));
    assert!(report.service("keeper").count() == 1);
    bed.end().await;
}
