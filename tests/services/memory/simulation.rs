//! Pressure that is made up.

use mainstay_actors::memory::PressureLevel::{Critical, High, Low, Medium};
use mainstay_actors::memory::{MemoryError, PressureSimulation};
use mainstay_supervisors::specs::MemoryManagerSpec;
use tokio::time::sleep;

use super::support::{Bed, name, seconds, told};

#[tokio::test(start_paused = true)]
async fn a_simulation_shows_everywhere_and_ends_by_itself() {
    let bed = Bed::new().await;
    let mut events = bed.memory.subscribe().expect("room");
    bed.memory
        .simulate_pressure(High, seconds(30))
        .expect("it is allowed");
    assert_eq!(bed.memory.check_pressure(), High);
    let reading = bed.memory.reading();
    assert!(reading.simulated);
    assert_eq!((reading.ratio, reading.measured_level), (0.825, Low));
    assert_eq!(reading.cause, Some(name("simulation")));
    sleep(seconds(29)).await;
    assert_eq!(bed.memory.check_pressure(), High);
    sleep(seconds(2)).await;
    assert_eq!(bed.memory.check_pressure(), Low);
    assert!(!bed.memory.reading().simulated);
    assert_eq!(
        told(&mut events),
        ["low high simulation simulated", "high low "]
    );
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_simulation_does_not_make_light_of_a_real_critical_level_unless_it_is_told_to() {
    let bed = Bed::new().await;
    let gauge = bed.gauge();
    assert_eq!(bed.sample(&gauge, 0.99).await, Critical);
    let low = PressureSimulation::level(Low);
    bed.memory.simulate(low).expect("it is allowed");
    let reading = bed.memory.reading();
    assert_eq!((reading.level, reading.simulated), (Critical, false));
    bed.memory
        .simulate(low.hiding_critical())
        .expect("it is allowed");
    let reading = bed.memory.reading();
    assert_eq!((reading.level, reading.simulated), (Low, true));
    assert_eq!(reading.measured_level, Critical);
    bed.memory.stop_simulation();
    assert_eq!(bed.memory.check_pressure(), Critical);
    drop(gauge);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_level_that_is_real_becomes_critical_under_a_simulation_of_another() {
    let bed = Bed::new().await;
    let gauge = bed.gauge();
    bed.memory
        .simulate_pressure(Medium, seconds(60))
        .expect("it is allowed");
    assert_eq!(bed.sample(&gauge, 0.9).await, Medium);
    assert_eq!(bed.sample(&gauge, 0.95).await, Critical);
    drop(gauge);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_share_can_be_made_up_with_the_level_that_it_has() {
    let bed = Bed::new().await;
    for (ratio, level) in [(0.0, Low), (0.7, Medium), (0.9, High), (1.0, Critical)] {
        let simulation = PressureSimulation::ratio(ratio);
        bed.memory.simulate(simulation).expect("it is allowed");
        assert_eq!(
            (bed.memory.check_pressure(), bed.memory.ratio()),
            (level, ratio)
        );
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn where_the_spec_does_not_allow_it_nothing_is_made_up() {
    let bed = Bed::by_hand(MemoryManagerSpec::default()).await;
    let refused = bed.memory.simulate_pressure(Critical, seconds(1));
    let error = refused.expect_err("it is not allowed");
    assert_eq!(
        error.to_string(),
        "pressure may not be simulated in the namespace bed: its memory manager needs `simulation: true`"
    );
    assert_eq!(bed.memory.check_pressure(), Low);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_share_or_a_time_that_is_none_is_told() {
    let bed = Bed::new().await;
    let wrong = |simulation: PressureSimulation| {
        let error = bed.memory.simulate(simulation).expect_err("it is wrong");
        assert!(matches!(error, MemoryError::Invalid(_)));
        error.to_string()
    };
    assert_eq!(
        wrong(PressureSimulation::ratio(1.5)),
        "expected a share of 0 to 1 to simulate, found 1.5"
    );
    assert_eq!(
        wrong(PressureSimulation::ratio(f64::NAN)),
        "expected a share of 0 to 1 to simulate, found NaN"
    );
    let bounds = "expected a simulation of more than 0s and at most 24h, found";
    let none = PressureSimulation::level(High).lasting(seconds(0));
    assert_eq!(wrong(none), format!("{bounds} 0s"));
    let long = PressureSimulation::level(High).lasting(seconds(86_401));
    assert_eq!(wrong(long), format!("{bounds} 1day 1s"));
    assert_eq!(bed.memory.check_pressure(), Low);
    bed.end().await;
}
