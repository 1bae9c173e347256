//! Readings, from what sources say and what is made up.

use PressureLevel::{Critical, High, Low, Medium};
use mainstay_specs::MemoryManagerSpec;
use proptest::prelude::*;

use super::*;
use crate::memory::reading::{Facts, SourceReading, SourceState};

fn pressure() -> Pressure {
    Pressure::new(Rules::of(&MemoryManagerSpec::default()))
}

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn sample(shares: &[(&str, Option<f64>)]) -> Sample {
    let source = |(source, ratio): &(&str, Option<f64>)| SourceReading {
        name: name(source),
        ratio: *ratio,
        used: None,
        limit: None,
        state: SourceState::Measured,
    };
    Sample {
        sources: shares.iter().map(source).collect(),
        facts: Facts::default(),
    }
}

fn simulation(level: PressureLevel, until: u64) -> Simulation {
    Simulation {
        level,
        ratio: 0.5,
        until: secs(until),
        hides_critical: false,
    }
}

#[test]
fn the_highest_share_wins_and_a_source_without_one_does_not_count() {
    let mut pressure = pressure();
    let change = pressure.sample(
        sample(&[("a", Some(0.3)), ("b", Some(0.99)), ("c", None)]),
        secs(1),
    );
    let change = change.expect("it has changed");
    assert_eq!((change.from, change.to), (Low, Critical));
    assert_eq!((change.cause, change.ratio), (Some(name("b")), 0.99));
    assert_eq!((change.number, change.at), (1, secs(1)));
}

#[test]
fn when_no_source_says_anything_the_level_stays_and_is_stale() {
    let mut pressure = pressure();
    pressure.sample(sample(&[("a", Some(0.99))]), secs(1));
    assert_eq!(pressure.sample(sample(&[("a", None)]), secs(60)), None);
    assert_eq!(pressure.sample(sample(&[]), secs(120)), None);
    let reading = pressure.shown();
    assert_eq!(
        (reading.level, reading.stale, reading.number),
        (Critical, true, 3)
    );
    assert_eq!(
        (reading.ratio, reading.cause.clone()),
        (0.99, Some(name("a")))
    );
}

#[test]
fn when_all_sources_have_failed_their_last_shares_are_no_sample_of_their_own() {
    let failed = |shares| {
        let mut sample = sample(shares);
        for source in &mut sample.sources {
            source.state = SourceState::Failed("gone".to_owned());
        }
        sample
    };
    let mut pressure = pressure();
    pressure.sample(sample(&[("a", Some(0.75))]), secs(1));
    // Medium needs two samples.
    assert_eq!(pressure.sample(failed(&[("a", Some(0.75))]), secs(2)), None);
    let reading = pressure.shown();
    assert_eq!((reading.level, reading.stale), (Low, true));
    assert_eq!(reading.sources[0].ratio, Some(0.75));
    // One that has not is enough: then the last share of the other counts.
    let mut both = failed(&[("a", Some(0.75)), ("b", Some(0.1))]);
    both.sources[1].state = SourceState::Measured;
    let change = pressure.sample(both, secs(3)).expect("it has changed");
    assert_eq!((change.to, change.cause), (Medium, Some(name("a"))));
    assert!(!pressure.shown().stale);
}

#[test]
fn a_sample_becomes_stale_once_and_its_level_stays() {
    let mut pressure = pressure();
    assert!(!pressure.set_stale(), "nothing was measured yet");
    pressure.sample(sample(&[("a", Some(0.99))]), secs(1));
    assert!(!pressure.shown().stale);
    assert!(pressure.set_stale());
    assert!(!pressure.set_stale());
    assert_eq!(
        (pressure.shown().stale, pressure.shown().level),
        (true, Critical)
    );
}

#[test]
fn a_simulation_is_told_when_it_begins_and_when_it_ends() {
    let mut pressure = pressure();
    let begins = pressure.simulate(Some(simulation(High, 10)), secs(1));
    let begins = begins.expect("it has changed");
    assert_eq!((begins.to, begins.simulated), (High, true));
    assert_eq!(pressure.expire(secs(9)), None);
    let ends = pressure.expire(secs(10)).expect("it has changed");
    assert_eq!((ends.from, ends.to, ends.simulated), (High, Low, false));
    assert_eq!(pressure.simulation(), None);
}

#[test]
fn a_sample_ends_a_simulation_whose_time_has_come() {
    let mut pressure = pressure();
    pressure.simulate(Some(simulation(High, 10)), secs(1));
    pressure.sample(sample(&[("a", Some(0.1))]), secs(10));
    assert!(!pressure.shown().simulated);
}

#[derive(Clone, Debug)]
enum Step {
    Sample(f64),
    Nothing,
    Simulate(usize, u64, bool),
    Stop,
    Expire,
}

fn steps() -> impl Strategy<Value = Vec<(Step, u64)>> {
    let step = prop_oneof![
        4 => (0.0..1.1_f64).prop_map(Step::Sample),
        1 => Just(Step::Nothing),
        2 => (0..4_usize, 0..9_u64, any::<bool>()).prop_map(|(a, b, c)| Step::Simulate(a, b, c)),
        1 => Just(Step::Stop),
        1 => Just(Step::Expire),
    ];
    prop::collection::vec((step, 0..4_u64), 1..40)
}

proptest! {
    #[test]
    fn changes_are_a_chain_and_a_real_critical_level_is_seen(steps in steps()) {
        let mut pressure = pressure();
        let mut ladder = Ladder::new(Rules::of(&MemoryManagerSpec::default()));
        let (mut now, mut level, mut real) = (0, Low, Low);
        for (step, after) in steps {
            now += after;
            let at = secs(now);
            let change = match step {
                Step::Sample(ratio) => {
                    real = ladder.step(ratio, at);
                    pressure.sample(sample(&[("a", Some(ratio))]), at)
                }
                Step::Nothing => pressure.sample(sample(&[]), at),
                Step::Simulate(nth, time, hides_critical) => {
                    let made = Simulation {
                        hides_critical,
                        ..simulation(PressureLevel::ALL[nth], now + time)
                    };
                    pressure.simulate(Some(made), at)
                }
                Step::Stop => pressure.simulate(None, at),
                Step::Expire => pressure.expire(at),
            };
            let reading = pressure.shown();
            if let Some(change) = change {
                prop_assert_eq!(change.from, level);
                prop_assert_ne!(change.to, level);
                level = change.to;
            }
            prop_assert_eq!(reading.level, level, "each change is told");
            prop_assert_eq!(reading.measured_level, real);
            match pressure.simulation() {
                None => prop_assert_eq!((reading.level, reading.simulated), (real, false)),
                Some(made) => {
                    prop_assert!(at < made.until);
                    if real == Critical && !made.hides_critical {
                        prop_assert_eq!(reading.level, Critical);
                    } else {
                        prop_assert_eq!((reading.level, reading.simulated), (made.level, true));
                    }
                }
            }
        }
    }

    #[test]
    fn medium_needs_as_many_samples_as_the_spec_says(count in 1..20_u32) {
        let spec = MemoryManagerSpec::default().samples(count);
        let mut pressure = Pressure::new(Rules::of(&spec));
        for nth in 1..=count {
            let change = pressure.sample(sample(&[("a", Some(0.75))]), secs(nth.into()));
            prop_assert_eq!(change.map(|change| change.to), (nth == count).then_some(Medium));
        }
    }
}
