//! The service: its start, its thread, its end.

use std::time::Duration;

use mainstay_actors::MemoryManager;
use mainstay_actors::memory::PressureLevel::Low;
use mainstay_actors::memory::{MemoryError, MemorySetup, SourceState};
use mainstay_supervisors::specs::{MemoryManagerSpec, NamespaceName};
use mainstay_supervisors::{Fault, NamespacePlan, Runtime};

use super::support::{Bed, name, seconds, settle};

fn fast() -> MemoryManagerSpec {
    // The machine may be busy: a sample has ten seconds.
    MemoryManagerSpec::default()
        .check_interval(Duration::from_millis(10))
        .stale_after(1000)
}

#[tokio::test]
async fn this_process_and_its_machine_are_measured() {
    let bed = Bed::with(MemorySetup::new(fast().budget(1 << 40))).await;
    let reading = bed.memory.check_now().await.expect("a sample");
    assert!(!reading.stale && reading.cause.is_some());
    let facts = reading.facts;
    assert!(facts.host_total > facts.host_available);
    assert_eq!(bed.state("host"), Some(SourceState::Measured));
    assert_eq!(bed.memory.stats().system_memory, facts.host_total);
    if cfg!(target_os = "linux") {
        assert!(facts.resident.is_some_and(|bytes| bytes > 1 << 20));
        assert_eq!(bed.state("budget"), Some(SourceState::Measured));
    }
    let stats = bed.memory.stats();
    assert!(stats.available && stats.sampler.running);
    assert_eq!(stats.sampler.restarts, 0);
    bed.end().await;
}

#[tokio::test]
async fn samples_are_taken_while_the_executor_is_stuck_and_the_keeper_hangs() {
    let bed = Bed::with(MemorySetup::new(fast())).await;
    let keeper = bed.keeper();
    assert!(keeper.inject(Fault::Hang));
    settle().await;
    let before = bed.memory.reading().number;
    // Nothing else runs on this executor meanwhile.
    while bed.memory.reading().number < before + 3 {
        std::hint::spin_loop();
    }
    keeper.kill();
    keeper.ended().await;
    settle().await;
    bed.end().await;
}

#[tokio::test]
async fn the_thread_ends_with_the_service() {
    let bed = Bed::with(MemorySetup::new(fast())).await;
    bed.memory.check_now().await.expect("a sample");
    let memory = bed.memory.clone();
    bed.end().await;
    assert!(!memory.stats().sampler.running);
    let error = memory.check_now().await.expect_err("nobody is there");
    assert_eq!(
        error.to_string(),
        "no memory manager runs in the namespace bed"
    );
    assert!(matches!(memory.subscribe(), Err(MemoryError::Stopped)));
}

#[tokio::test(start_paused = true)]
async fn where_no_memory_manager_was_started_the_level_is_low_and_stale() {
    let runtime = Runtime::new();
    let name = NamespaceName::new("bare").expect("a name");
    let started = runtime.start_namespace(name, NamespacePlan::new()).await;
    let namespace = started.expect("it starts");
    let memory = MemoryManager::of(&namespace);
    assert!(!memory.is_running());
    assert_eq!(memory.check_pressure(), Low);
    assert!(memory.reading().stale);
    let error = memory.check_now().await.expect_err("nobody is there");
    assert_eq!(error, MemoryError::NotRunning("bare".to_owned()));
    runtime.stop(seconds(60)).await;
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_is_wrong_is_told_at_the_start() {
    let spec = MemoryManagerSpec::default().samples(0);
    let started = Bed::try_with(MemoryManager::child(spec)).await;
    let error = started.err().expect("it does not start");
    let expected = "the spec of the memory manager is wrong: samples: expected 1 to 1000, found 0";
    assert!(error.contains(expected), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_was_registered_before_the_start_counts_from_then_on() {
    let runtime = Runtime::new();
    let namespace = NamespaceName::new("bare").expect("a name");
    let started = runtime
        .start_namespace(namespace, NamespacePlan::new())
        .await;
    let namespace = started.expect("it starts");
    let memory = MemoryManager::of(&namespace);
    let gauge = memory.register_gauge(name("early")).expect("room");
    gauge.set(mainstay_actors::memory::Measure::share(0.5));
    let setup = MemorySetup::new(MemoryManagerSpec::default()).by_hand();
    let child = MemoryManager::child_with(setup);
    namespace.start_child(child).await.expect("it starts");
    let reading = memory.check_now().await.expect("a sample");
    assert_eq!(
        (reading.ratio, reading.cause.clone()),
        (0.5, Some(name("early")))
    );
    drop(gauge);
    runtime.stop(seconds(60)).await;
}

#[tokio::test(start_paused = true)]
async fn there_are_only_so_many_subscribers() {
    let bed = Bed::by_hand(MemoryManagerSpec::default().subscribers_max(1)).await;
    let one = bed.memory.subscribe().expect("room");
    let error = bed.memory.subscribe().expect_err("no room");
    assert_eq!(
        error.to_string(),
        "there are 1 subscribers already, as many as there may be"
    );
    assert_eq!(bed.memory.stats().subscribers, 1);
    drop(one);
    drop(bed.memory.subscribe().expect("there is room again"));
    bed.end().await;
}
