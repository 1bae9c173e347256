//! Budgets of processes.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainstay_actors::memory::{MemoryEvent, MemoryEvents, ProcessMemoryTracker};
use mainstay_supervisors::specs::{
    BudgetsSpec, MemoryBudget, MemoryManagerSpec, Restart, Shutdown,
};
use mainstay_supervisors::{CallError, Child, Namespace, Process, Supervisor, current};
use mainstay_tests::probe::{Notes, Order, Probe};
use tokio::time::sleep;

use super::support::{Bed, name, seconds};

const SEARCH: &str = "search";
const HARD: u64 = 1000;

fn budget() -> MemoryBudget {
    MemoryBudget::new(name(SEARCH)).soft(500).hard(HARD)
}

fn wet() -> BudgetsSpec {
    let spec = BudgetsSpec::default().dry_run(false);
    spec.restart_interval(seconds(10))
}

async fn bed(budgets: BudgetsSpec) -> (Bed, MemoryEvents) {
    let bed = Bed::by_hand(MemoryManagerSpec::default().budgets(budgets)).await;
    let events = bed.memory.subscribe().expect("there is room");
    (bed, events)
}

/// What was told of budgets.
fn told(events: &mut MemoryEvents) -> Vec<&'static str> {
    let mut told = Vec::new();
    while let Some(event) = events.try_next() {
        if let MemoryEvent::Budget(event) = event.expect("nothing is lost") {
            assert_eq!(event.service, name(SEARCH));
            told.push(event.kind.as_str());
        }
    }
    told
}

/// A service that holds as much as `bytes` says, each incarnation of it.
fn hungry(namespace: &Namespace, bytes: &Arc<AtomicU64>) -> Child {
    let (tracker, bytes) = (ProcessMemoryTracker::of(namespace), Arc::clone(bytes));
    let child = Child::task(SEARCH, move |stop| {
        let (tracker, bytes) = (tracker.clone(), Arc::clone(&bytes));
        async move {
            let footprint = move || Some(bytes.load(Ordering::Relaxed));
            let myself = current().expect("a process");
            let tracked = tracker.track_footprint(&myself, name(SEARCH), footprint);
            tracked.expect("there is room");
            stop.stopped().await;
        }
    });
    child.name(name(SEARCH))
}

/// Under a supervisor that allows no restart at all.
async fn strictly(bed: &Bed, child: Child) -> Process {
    let supervisor = Supervisor::one_for_one()
        .intensity(0, seconds(5))
        .child(child);
    let child = Child::supervisor("strict", supervisor).restart(Restart::Temporary);
    let started = bed.namespace.start_child(child).await.expect("it starts");
    started.process().expect("it runs").clone()
}

fn search(bed: &Bed) -> Process {
    bed.namespace.whereis(SEARCH).expect("it runs")
}

#[tokio::test(start_paused = true)]
async fn an_actor_over_its_hard_budget_takes_no_messages_until_it_holds_less() {
    let (bed, mut events) = bed(wet().service(budget())).await;
    let notes = Notes::default();
    let actor = Probe::new()
        .child(SEARCH)
        .name(name(SEARCH))
        .mailbox_limit(NonZeroUsize::MIN.saturating_add(99));
    bed.namespace.start_child(actor).await.expect("it starts");
    let bytes = Arc::new(AtomicU64::new(0));
    let said = Arc::clone(&bytes);
    let footprint = move || Some(said.load(Ordering::Relaxed));
    let tracker = ProcessMemoryTracker::of(&bed.namespace);
    tracker
        .track_footprint(&search(&bed), name(SEARCH), footprint)
        .expect("there is room");
    let service = bed.namespace.service::<Order>(name(SEARCH));
    let send = || service.cast(Order::note(&notes, "got it"));

    bytes.store(HARD, Ordering::Relaxed);
    assert_eq!(send(), Ok(()));
    sleep(seconds(2)).await;
    assert_eq!(
        told(&mut events),
        ["soft_exceeded", "hard_exceeded", "intake_refused"]
    );
    assert_eq!(send(), Err(CallError::Shut));

    bytes.store(400, Ordering::Relaxed);
    sleep(seconds(2)).await;
    assert_eq!(told(&mut events), ["intake_opened", "within"]);
    assert_eq!(send(), Ok(()));
    sleep(seconds(1)).await;
    assert_eq!(notes.take(), ["got it", "got it"]);
    let stats = bed.memory.stats().budgets;
    assert_eq!(
        (stats.soft_exceeded, stats.hard_exceeded, stats.refused),
        (1, 1, 1)
    );
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn restarts_for_a_budget_do_not_count_towards_the_intensity_of_restarts() {
    let (bed, mut events) = bed(wet().service(budget().restart_safe(true))).await;
    let bytes = Arc::new(AtomicU64::new(2 * HARD));
    let supervisor = strictly(&bed, hungry(&bed.namespace, &bytes)).await;
    let mut incarnations = vec![search(&bed)];
    for _ in 0..5 {
        sleep(seconds(10)).await;
        let next = search(&bed);
        assert!(!incarnations.contains(&next));
        incarnations.push(next);
    }
    assert!(supervisor.is_alive());
    assert_eq!(
        told(&mut events)[..5],
        [
            "soft_exceeded",
            "hard_exceeded",
            // A task has no mailbox.
            "cannot_refuse",
            "restarting",
            "restarted"
        ]
    );
    let stats = bed.memory.stats().budgets;
    assert_eq!((stats.restarts, stats.restarts_failed), (5, 0));
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_does_nothing_and_says_what_it_would_have_done() {
    let spec = BudgetsSpec::default().service(budget().restart_safe(true));
    let (bed, mut events) = bed(spec).await;
    let bytes = Arc::new(AtomicU64::new(2 * HARD));
    strictly(&bed, hungry(&bed.namespace, &bytes)).await;
    let before = search(&bed);
    sleep(seconds(300)).await;
    assert_eq!(search(&bed), before);
    assert_eq!(
        told(&mut events),
        [
            "soft_exceeded",
            "hard_exceeded",
            "would_refuse",
            "would_restart"
        ]
    );
    let stats = bed.memory.stats().budgets;
    assert_eq!((stats.restarts, stats.dry), (0, 2));
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_critical_process_and_one_that_is_not_said_to_be_safe_are_never_restarted() {
    for budget in [budget(), budget().critical(true)] {
        let (bed, events) = bed(wet().service(budget)).await;
        let bytes = Arc::new(AtomicU64::new(1 << 40));
        strictly(&bed, hungry(&bed.namespace, &bytes)).await;
        let before = search(&bed);
        sleep(seconds(300)).await;
        assert_eq!(search(&bed), before);
        drop(events);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_temporary_process_is_left_alone_as_nobody_would_start_it_again() {
    let (bed, mut events) = bed(wet().service(budget().restart_safe(true))).await;
    let bytes = Arc::new(AtomicU64::new(2 * HARD));
    let child = hungry(&bed.namespace, &bytes).restart(Restart::Temporary);
    strictly(&bed, child).await;
    let before = search(&bed);
    sleep(seconds(5)).await;
    assert_eq!(search(&bed), before);
    assert_eq!(told(&mut events).last(), Some(&"restart_failed"));
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_stopped_to_be_restarted_is_started_also_when_who_did_it_has_crashed() {
    let (bed, events) = bed(wet().service(budget().restart_safe(true))).await;
    let bytes = Arc::new(AtomicU64::new(2 * HARD));
    let namespace = &bed.namespace;
    let (tracker, said) = (ProcessMemoryTracker::of(namespace), Arc::clone(&bytes));
    // It takes its time to stop.
    let slow = Child::task(SEARCH, move |stop| {
        let (tracker, said) = (tracker.clone(), Arc::clone(&said));
        async move {
            let footprint = move || Some(said.load(Ordering::Relaxed));
            let myself = current().expect("a process");
            let tracked = tracker.track_footprint(&myself, name(SEARCH), footprint);
            tracked.expect("there is room");
            stop.stopped().await;
            sleep(seconds(3)).await;
        }
    });
    let slow = slow.name(name(SEARCH)).shutdown(Shutdown::Infinity);
    strictly(&bed, slow).await;
    let before = search(&bed);
    // In the midst of the stop.
    sleep(Duration::from_millis(2500)).await;
    let processes = bed.namespace.processes();
    let budgets = processes
        .iter()
        .find(|process| process.id().as_str() == "budgets");
    let budgets = budgets.expect("it runs").clone();
    bytes.store(0, Ordering::Relaxed);
    budgets.kill();
    budgets.ended().await;
    sleep(seconds(10)).await;
    assert_ne!(search(&bed), before);
    assert_eq!(bed.memory.stats().budgets.restarts, 1);
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_a_process_that_is_not_measured_does_nothing_and_says_so_once() {
    let (bed, mut events) = bed(wet().service(budget())).await;
    let child = Child::task(SEARCH, |stop| async move { stop.stopped().await });
    let child = child.name(name(SEARCH));
    bed.namespace.start_child(child).await.expect("it starts");
    sleep(seconds(60)).await;
    assert_eq!(told(&mut events), ["not_measured"]);
    drop(events);
    bed.end().await;
}
