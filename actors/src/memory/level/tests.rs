//! The ladder against what the rules say in words, and against a second, slow way to get there.

use mainstay_specs::{MemoryManagerSpec, Sustained};
use proptest::prelude::*;

use super::*;
use PressureLevel::{Critical, High, Low, Medium};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn ladder(spec: &MemoryManagerSpec) -> Ladder {
    Ladder::new(Rules::of(spec))
}

/// The levels after each of these samples, taken every 250 ms.
fn levels(spec: &MemoryManagerSpec, ratios: &[f64]) -> Vec<PressureLevel> {
    let mut ladder = ladder(spec);
    let samples = ratios.iter().zip(0..);
    samples
        .map(|(ratio, nth)| ladder.step(*ratio, ms(250 * nth)))
        .collect()
}

/// High at 0.825.
fn spec() -> MemoryManagerSpec {
    MemoryManagerSpec::default()
}

#[test]
fn the_level_rises_with_the_share_medium_after_two_samples_and_the_others_after_one() {
    let ratios = [0.69, 0.70, 0.71, 0.82, 0.825, 0.94, 0.95, 1.5];
    let expected = [Low, Low, Medium, Medium, High, High, Critical, Critical];
    assert_eq!(levels(&spec(), &ratios), expected);
}

#[test]
fn a_jump_to_critical_takes_one_sample() {
    assert_eq!(levels(&spec(), &[0.1, 0.99]), [Low, Critical]);
}

#[test]
fn one_sample_alone_does_not_make_medium() {
    assert_eq!(
        levels(&spec(), &[0.7, 0.1, 0.7, 0.1, 0.7, 0.7]),
        [Low, Low, Low, Low, Low, Medium]
    );
}

#[test]
fn the_level_falls_after_the_share_was_low_enough_for_two_seconds() {
    let mut ladder = ladder(&spec());
    assert_eq!(ladder.step(0.96, ms(0)), Critical);
    assert_eq!(ladder.step(0.96, ms(10)), Critical);
    // Under the threshold, and not low enough.
    assert_eq!(ladder.step(0.901, ms(9000)), Critical);
    assert_eq!(ladder.step(0.75, ms(10_000)), Critical);
    assert_eq!(ladder.step(0.75, ms(11_999)), Critical);
    assert_eq!(ladder.step(0.75, ms(12_000)), Medium);
    assert_eq!(ladder.step(0.64, ms(13_000)), Medium);
    assert_eq!(ladder.step(0.66, ms(14_999)), Medium);
    assert_eq!(ladder.step(0.64, ms(15_000)), Medium);
    assert_eq!(ladder.step(0.64, ms(17_000)), Low);
}

#[test]
fn a_level_that_was_never_reached_does_not_remain() {
    let mut ladder = ladder(&spec());
    ladder.step(0.96, ms(0));
    ladder.step(0.1, ms(250));
    assert_eq!(ladder.step(0.1, ms(2250)), Low);
}

#[test]
fn noise_around_a_threshold_changes_the_level_once() {
    for (threshold, level) in [(0.70, Medium), (0.825, High), (0.95, Critical)] {
        let mut ladder = ladder(&spec());
        let mut seen = vec![ladder.level()];
        for nth in 0..1000 {
            let noise = if nth % 2 == 0 { 0.03 } else { -0.03 };
            // Two samples in a row are needed for medium.
            let ratio = threshold + if nth < 2 { 0.0 } else { noise };
            let now = ladder.step(ratio, ms(250 * nth));
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        assert_eq!(seen.last(), Some(&level));
        assert!(seen.is_sorted(), "{seen:?}");
    }
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    let mut ladder = ladder(&spec());
    ladder.step(0.96, ms(3_600_000));
    ladder.step(0.1, ms(0));
    assert_eq!(ladder.step(0.1, ms(3_600_001)), Critical);
    assert_eq!(ladder.step(0.1, ms(3_602_000)), Low);
}

#[test]
fn a_clock_that_is_set_forward_ends_a_dwell_and_nothing_else() {
    let mut ladder = ladder(&spec());
    ladder.step(0.96, ms(0));
    assert_eq!(ladder.step(0.92, ms(3_600_000)), Critical);
    assert_eq!(ladder.step(0.1, ms(3_600_250)), Critical);
    assert_eq!(ladder.step(0.1, ms(7_200_250)), Low);
}

#[test]
fn with_the_rule_for_lasting_pressure_a_short_peak_changes_nothing() {
    let spec = spec().sustained(Sustained::default().above_for(ms(1000)));
    let peak = [0.99, 0.99, 0.99, 0.99, 0.2];
    assert_eq!(levels(&spec, &peak), [Low; 5]);
    let lasting = [0.99, 0.99, 0.99, 0.99, 0.99];
    assert_eq!(levels(&spec, &lasting), [Low, Low, Low, Low, Critical]);
}

#[test]
fn with_the_rule_for_lasting_pressure_a_share_that_falls_fast_changes_nothing() {
    let spec = spec().sustained(Sustained::default().above_for(ms(1000)));
    // The mean over the time is 0.96, and 0.75 is less than 0.85 of it.
    let falling = [1.05, 1.05, 1.05, 0.9, 0.75];
    assert_eq!(levels(&spec, &falling), [Low; 5]);
    let steady = [1.05, 1.05, 1.05, 0.9, 0.85];
    assert_eq!(levels(&spec, &steady)[4], High);
}

#[test]
fn other_rules_count_from_the_next_sample_on() {
    let mut ladder = ladder(&spec());
    ladder.step(0.5, ms(0));
    let strict = spec().warning_threshold(0.1).critical_threshold(0.4);
    ladder.set_rules(Rules::of(&strict));
    assert_eq!(ladder.level(), Low);
    assert_eq!(ladder.step(0.5, ms(250)), Critical);
}

/// The level as the rules say it in words: of each threshold, look at all samples from the first on.
fn by_definition(rules: &Rules, samples: &[(f64, Duration)]) -> PressureLevel {
    let is_on = |rung: &super::rules::Rung| {
        let (mut on, mut row, mut low): (bool, u32, Option<Duration>) = (false, 0, None);
        for (ratio, at) in samples {
            row = if *ratio >= rung.up { row + 1 } else { 0 };
            if !on {
                on = row >= rung.samples;
                low = None;
            } else if *ratio < rung.up - rules.hysteresis {
                let since = *low.get_or_insert(*at);
                on = *at - since < rules.dwell;
            } else {
                low = None;
            }
        }
        on
    };
    let highest = rules.rungs.iter().rposition(is_on);
    highest.map_or(Low, |nth| PressureLevel::ALL[nth + 1])
}

fn samples() -> impl Strategy<Value = Vec<(f64, u64)>> {
    let ratio = prop_oneof![
        0.0..1.2_f64,
        prop::sample::select(vec![0.65, 0.7, 0.775, 0.825, 0.9, 0.95])
    ];
    prop::collection::vec((ratio, 0..1500_u64), 1..60)
}

fn timed(samples: &[(f64, u64)]) -> Vec<(f64, Duration)> {
    let mut now = 0;
    let timed = samples.iter().map(|(ratio, after)| {
        now += after;
        (*ratio, ms(now))
    });
    timed.collect()
}

proptest! {
    #[test]
    fn the_ladder_does_what_its_rules_say(samples in samples(), samples_needed in 1..4_u32, dwell in 0..3000_u64) {
        let spec = spec().samples(samples_needed).dwell(ms(dwell));
        let (rules, samples) = (Rules::of(&spec), timed(&samples));
        let mut ladder = Ladder::new(rules);
        for (nth, (ratio, at)) in samples.iter().enumerate() {
            let level = ladder.step(*ratio, *at);
            prop_assert_eq!(level, by_definition(&rules, &samples[..=nth]));
        }
    }

    #[test]
    fn a_share_that_stays_ends_at_its_own_level_or_within_the_hysteresis_above(samples in samples(), ratio in 0.0..1.2_f64) {
        let rules = Rules::of(&spec());
        let mut ladder = Ladder::new(rules);
        let samples = timed(&samples);
        let end = samples.last().expect("one at least").1;
        for (ratio, at) in samples {
            ladder.step(ratio, at);
        }
        for nth in 1..=20 {
            ladder.step(ratio, end + ms(250 * nth));
        }
        prop_assert!(ladder.level() >= rules.plain(ratio));
        prop_assert!(ladder.level() <= rules.plain(ratio + rules.hysteresis));
    }

    #[test]
    fn more_pressure_never_gives_a_lower_level(samples in samples(), more in 0.0..0.3_f64) {
        let rules = Rules::of(&spec());
        let (mut one, mut other) = (Ladder::new(rules), Ladder::new(rules));
        for (ratio, at) in timed(&samples) {
            prop_assert!(other.step(ratio + more, at) >= one.step(ratio, at));
        }
    }
}
