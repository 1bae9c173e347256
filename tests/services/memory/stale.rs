//! Samples that are too old.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mainstay_actors::memory::PressureLevel::Critical;
use mainstay_actors::memory::{HeapMeter, MemoryEvent, MemoryEvents, MemorySetup};
use mainstay_supervisors::Fault;
use mainstay_supervisors::specs::MemoryManagerSpec;
use tokio::time::{advance, sleep};

use super::support::{Bed, all_told, seconds, settle};

#[tokio::test(start_paused = true)]
async fn without_new_samples_the_level_stays_and_is_told_to_be_stale() {
    let bed = Bed::measuring().await;
    let (gauge, mut events) = (bed.gauge(), bed.memory.subscribe().expect("room"));
    assert_eq!(bed.sample(&gauge, 0.99).await, Critical);
    assert!(!bed.memory.reading().stale);
    // Five intervals of 250 ms.
    sleep(std::time::Duration::from_millis(1249)).await;
    assert!(!bed.memory.reading().stale);
    sleep(std::time::Duration::from_millis(2)).await;
    let reading = bed.memory.reading();
    assert!(reading.stale);
    assert_eq!(reading.level, Critical, "it is never silently low");
    sleep(seconds(3600)).await;
    assert_eq!(bed.memory.check_pressure(), Critical);
    bed.sample(&gauge, 0.99).await;
    assert!(!bed.memory.reading().stale);
    assert_eq!(
        all_told(&mut events),
        ["low critical test", "stale true", "stale false"]
    );
    drop((gauge, events));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_sample_is_stale_also_when_nobody_is_there_to_say_so() {
    let bed = Bed::measuring().await;
    let gauge = bed.gauge();
    bed.sample(&gauge, 0.99).await;
    let keeper = bed.keeper();
    assert!(keeper.inject(Fault::Hang));
    settle().await;
    advance(seconds(2)).await;
    let reading = bed.memory.reading();
    assert!(reading.stale);
    assert_eq!(bed.memory.stats().sampler.age, Some(seconds(2)));
    drop(gauge);
    keeper.kill();
    keeper.ended().await;
    settle().await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_sample_for_which_no_source_says_anything_is_told_to_be_stale() {
    let bed = Bed::measuring().await;
    let (gauge, mut events) = (bed.gauge(), bed.memory.subscribe().expect("room"));
    assert_eq!(bed.sample(&gauge, 0.99).await, Critical);
    drop(gauge);
    let reading = bed.memory.check_now().await.expect("a sample");
    assert_eq!((reading.level, reading.stale), (Critical, true));
    bed.memory.check_now().await.expect("a sample");
    let gauge = bed.gauge();
    bed.sample(&gauge, 0.99).await;
    assert_eq!(
        all_told(&mut events),
        ["low critical test", "stale true", "stale false"]
    );
    drop((gauge, events));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn when_the_memory_manager_is_stopped_its_last_sample_is_stale() {
    let bed = Bed::measuring().await;
    let gauge = bed.gauge();
    assert_eq!(bed.sample(&gauge, 0.99).await, Critical);
    let memory = bed.memory.clone();
    assert!(!memory.glance().stale);
    drop(gauge);
    bed.end().await;
    let glance = memory.glance();
    assert_eq!((glance.level, glance.stale), (Critical, true));
}

/// Asked for the heap by the sampler, it has it wait as long as a test wants.
#[derive(Debug, Default)]
struct Slow(AtomicBool);

impl HeapMeter for Slow {
    fn live_bytes(&self) -> Option<u64> {
        while thread::current().name() == Some("memory-sampler") && self.0.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        None
    }
}

/// What is told next of stale samples.
async fn next_stale(events: &mut MemoryEvents) -> bool {
    loop {
        let event = events.next().await.expect("it goes on");
        if let MemoryEvent::Stale(is_stale) = event.expect("nothing is lost") {
            return is_stale;
        }
    }
}

#[tokio::test]
async fn a_sampler_that_hangs_within_a_sample_is_told_to_be_back_when_that_is_there() {
    let slow = Arc::new(Slow::default());
    let spec = MemoryManagerSpec::default()
        .check_interval(Duration::from_millis(10))
        .pressure_relief_enabled(false);
    let meter: Arc<dyn HeapMeter> = Arc::<Slow>::clone(&slow);
    let bed = Bed::with(MemorySetup::new(spec).heap(meter)).await;
    let mut events = bed.memory.subscribe().expect("room");
    while bed.memory.reading().number == 0 {
        tokio::task::yield_now().await;
    }
    slow.0.store(true, Ordering::Relaxed);
    assert!(next_stale(&mut events).await);
    // The sampler is in the midst of a sample, which it has begun when the last one was not stale.
    slow.0.store(false, Ordering::Relaxed);
    assert!(!next_stale(&mut events).await);
    drop(events);
    bed.end().await;
}
