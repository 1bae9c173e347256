//! Samples that are too old.

use mainstay_actors::memory::PressureLevel::Critical;
use mainstay_supervisors::Fault;
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
