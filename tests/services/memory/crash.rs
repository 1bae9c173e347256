//! The end of the keeper, which nobody notices.

use mainstay_actors::memory::PressureLevel::{Critical, High, Low};
use mainstay_supervisors::Fault;
use tokio::time::sleep;

use super::support::{Bed, seconds, settle, told};

#[tokio::test(start_paused = true)]
async fn the_level_the_sources_and_the_subscribers_survive_the_keeper() {
    let bed = Bed::measuring().await;
    let (gauge, mut events) = (bed.gauge(), bed.memory.subscribe().expect("room"));
    assert_eq!(bed.sample(&gauge, 0.99).await, Critical);
    bed.crash().await;
    assert_eq!(
        bed.memory.check_pressure(),
        Critical,
        "no flood is admitted"
    );
    assert_eq!(bed.memory.reading().number, 1);
    // It does not begin anew: the dwell goes on.
    sleep(seconds(3)).await;
    assert_eq!(bed.sample(&gauge, 0.1).await, Critical);
    bed.crash().await;
    sleep(seconds(2)).await;
    assert_eq!(bed.sample(&gauge, 0.1).await, Low);
    assert_eq!(
        told(&mut events),
        ["low critical test", "critical low test"]
    );
    drop((gauge, events));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_simulation_survives_the_keeper_and_ends_all_the_same() {
    let bed = Bed::new().await;
    bed.memory
        .simulate_pressure(High, seconds(10))
        .expect("it is allowed");
    bed.crash().await;
    assert_eq!(bed.memory.check_pressure(), High);
    sleep(seconds(11)).await;
    assert_eq!(bed.memory.check_pressure(), Low);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_keeper_hangs_fails_or_panics_samples_are_taken_and_told() {
    for fault in [
        Fault::Hang,
        Fault::error("no more"),
        Fault::panic("quiet: no more"),
    ] {
        let bed = Bed::new().await;
        let (gauge, mut events) = (bed.gauge(), bed.memory.subscribe().expect("room"));
        let keeper = bed.keeper();
        assert!(keeper.inject(fault));
        settle().await;
        assert_eq!(bed.sample(&gauge, 0.99).await, Critical);
        assert_eq!(told(&mut events), ["low critical test"]);
        keeper.kill();
        keeper.ended().await;
        settle().await;
        assert_eq!(bed.memory.check_pressure(), Critical);
        drop((gauge, events));
        bed.end().await;
    }
}
