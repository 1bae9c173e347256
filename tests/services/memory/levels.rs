//! From what sources say to levels.

use mainstay_actors::memory::Measure;
use mainstay_actors::memory::PressureLevel::{self, Critical, High, Low, Medium};
use mainstay_supervisors::specs::MemoryManagerSpec;
use tokio::time::advance;

use super::support::{Bed, name, seconds, told};

#[tokio::test(start_paused = true)]
async fn the_level_goes_up_at_once_and_down_after_two_seconds_and_each_change_is_told() {
    let bed = Bed::new().await;
    let (gauge, mut events) = (bed.gauge(), bed.memory.subscribe().expect("room"));
    let mut levels = Vec::new();
    for share in [0.5, 0.75, 0.75, 0.83, 0.95, 0.85] {
        levels.push(bed.sample(&gauge, share).await);
    }
    assert_eq!(levels, [Low, Low, Medium, High, Critical, Critical]);
    advance(seconds(2)).await;
    assert_eq!(bed.sample(&gauge, 0.85).await, High);
    assert_eq!(bed.sample(&gauge, 0.1).await, High);
    advance(seconds(2)).await;
    assert_eq!(bed.sample(&gauge, 0.1).await, Low);
    let expected = [
        "low medium test",
        "medium high test",
        "high critical test",
        "critical high test",
        "high low test",
    ];
    assert_eq!(told(&mut events), expected);
    drop((gauge, events));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_source_with_the_highest_share_counts_and_is_named() {
    let bed = Bed::new().await;
    let one = bed.memory.register_gauge(name("one")).expect("room");
    let other = bed.memory.register_gauge(name("other")).expect("room");
    one.set(Measure::bytes(90, 100));
    other.set(Measure::share(0.96));
    let reading = bed.memory.check_now().await.expect("a sample");
    assert_eq!(
        (reading.level, reading.cause.clone()),
        (Critical, Some(name("other")))
    );
    assert_eq!(reading.ratio, 0.96);
    assert_eq!(bed.memory.ratio(), 0.96);
    let glance = bed.memory.glance();
    assert_eq!(
        (glance.level, glance.ratio, glance.number),
        (Critical, 0.96, 1)
    );
    assert!(!glance.stale && !glance.simulated);
    drop(other);
    let reading = bed.memory.check_now().await.expect("a sample");
    assert_eq!(
        (reading.ratio, reading.cause.clone()),
        (0.9, Some(name("one")))
    );
    let stats = bed.memory.stats();
    assert_eq!(stats.total_memory, Some(100));
    assert_eq!((stats.threshold_percentage, stats.level_changes), (0.9, 1));
    assert_eq!(stats.sampler.samples, 2);
    drop(one);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn before_the_first_sample_the_level_is_low_and_means_nothing() {
    let bed = Bed::new().await;
    assert_eq!(bed.memory.check_pressure(), Low);
    assert_eq!(bed.memory.get_pressure_level(), Low);
    let reading = bed.memory.reading();
    assert!(reading.stale && reading.cause.is_none() && reading.number == 0);
    // There is nobody to ask.
    let reading = bed.memory.check_now().await.expect("a sample");
    assert!(reading.stale && reading.cause.is_none() && reading.number == 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_thresholds_are_those_of_the_spec() {
    let spec = MemoryManagerSpec::default()
        .warning_threshold(0.1)
        .critical_threshold(0.2)
        .hysteresis(0.0)
        .dwell(seconds(0))
        .samples(1);
    let bed = Bed::by_hand(spec).await;
    let gauge = bed.gauge();
    let shares = [0.09, 0.1, 0.149, 0.151, 0.2, 0.151, 0.1, 0.0];
    let expected: [PressureLevel; 8] = [Low, Medium, Medium, High, Critical, High, Medium, Low];
    for (share, expected) in shares.into_iter().zip(expected) {
        assert_eq!(bed.sample(&gauge, share).await, expected, "{share}");
    }
    drop(gauge);
    bed.end().await;
}
