//! The table against what it is to hold, at random.

use mainstay_specs::{AdmissionAction, AdmissionRow, AdmissionSpec, PressureLevel};
use proptest::prelude::*;

use super::class::{OperationClass, OperationPriority, Weather};
use super::table::{Table, Verdict};

const LEVELS: [PressureLevel; 4] = PressureLevel::ALL;

fn threshold(level: PressureLevel) -> f64 {
    [0.0, 0.7, 0.8, 0.9][level as usize]
}

fn table(spec: AdmissionSpec) -> Table {
    Table::new(spec, threshold)
}

const fn weather(level: PressureLevel, ratio: f64) -> Weather {
    Weather { level, ratio }
}

fn decide(spec: AdmissionSpec, class: OperationClass, weather: Weather, chance: f64) -> Verdict {
    table(spec).decide(class, OperationPriority::Normal, weather, chance)
}

/// At levels with their thresholds, and with no luck.
fn by_default(class: OperationClass) -> [Verdict; 4] {
    let spec = AdmissionSpec::default();
    let at = [0.1, 0.75, 0.85, 0.95];
    [0, 1, 2, 3].map(|nth| decide(spec, class, weather(LEVELS[nth], at[nth]), 0.0))
}

fn delay(milliseconds: u64) -> Verdict {
    Verdict::Delay(std::time::Duration::from_millis(milliseconds))
}

#[test]
fn by_default_each_class_has_its_row() {
    use Verdict::{Allow, Refuse, Shed};
    let rounded = |verdicts: [Verdict; 4]| {
        verdicts.map(|verdict| match verdict {
            Verdict::Delay(time) => delay(time.as_secs_f64().mul_add(1000.0, 0.5) as u64),
            other => other,
        })
    };
    let rows = OperationClass::ALL.map(|class| rounded(by_default(class)));
    assert_eq!(
        rows,
        [
            [Allow, Allow, Allow, Allow],
            [Allow, Allow, Allow, Allow],
            [Allow, Allow, Allow, Shed],
            [Allow, Allow, delay(50), Refuse],
            [Allow, delay(50), Shed, Refuse],
        ]
    );
}

#[test]
fn chances_grow_from_where_they_begin_to_where_the_next_level_does() {
    // Read is shed from critical on, up to everything: 0.9 to 1.
    let shed = |ratio: f64, chance: f64| {
        let at = weather(PressureLevel::Critical, ratio);
        decide(AdmissionSpec::default(), OperationClass::Read, at, chance) == Verdict::Shed
    };
    assert_eq!(
        [shed(0.9, 0.0), shed(0.925, 0.24), shed(0.925, 0.26)],
        [false, true, false]
    );
    assert_eq!([shed(1.0, 0.999), shed(1.04, 0.999)], [true, true]);
}

#[test]
fn levels_at_which_the_same_becomes_of_a_class_have_one_slope() {
    let row = AdmissionRow {
        low: AdmissionAction::Allow,
        medium: AdmissionAction::Shed,
        high: AdmissionAction::Shed,
        critical: AdmissionAction::Refuse,
    };
    let spec = AdmissionSpec::default().read(row);
    let shed = |level, ratio, chance| {
        decide(spec, OperationClass::Read, weather(level, ratio), chance) == Verdict::Shed
    };
    // From 0.7 to 0.9: at 0.8 one half, on either side of the level.
    assert!(shed(PressureLevel::Medium, 0.8, 0.49) && shed(PressureLevel::High, 0.8, 0.49));
    assert!(!shed(PressureLevel::Medium, 0.8, 0.51) && !shed(PressureLevel::High, 0.8, 0.51));
}

#[test]
fn while_a_level_lasts_only_as_it_falls_slowly_nothing_is_shed_or_delayed() {
    for class in OperationClass::ALL {
        let at = weather(PressureLevel::High, 0.78);
        assert_eq!(
            decide(AdmissionSpec::default(), class, at, 0.0),
            Verdict::Allow
        );
    }
}

#[test]
fn the_priority_bends_the_chance() {
    let at = weather(PressureLevel::Critical, 0.95);
    let shed = |priority, chance| {
        let table = table(AdmissionSpec::default());
        table.decide(OperationClass::Read, priority, at, chance) == Verdict::Shed
    };
    // One half; three quarters; one quarter.
    assert!(shed(OperationPriority::Normal, 0.49) && !shed(OperationPriority::Normal, 0.51));
    assert!(shed(OperationPriority::Low, 0.74) && !shed(OperationPriority::Low, 0.76));
    assert!(shed(OperationPriority::High, 0.24) && !shed(OperationPriority::High, 0.26));
}

fn action() -> impl Strategy<Value = AdmissionAction> {
    use AdmissionAction::{Allow, Delay, Refuse, Shed};
    prop::sample::select(vec![Allow, Delay, Shed, Refuse])
}

/// Rows as validation lets them through.
fn row() -> impl Strategy<Value = AdmissionRow> {
    prop::array::uniform4(action()).prop_map(|mut actions| {
        actions.sort();
        let [low, medium, high, critical] = actions;
        AdmissionRow {
            low,
            medium,
            high,
            critical,
        }
    })
}

fn spec() -> impl Strategy<Value = AdmissionSpec> {
    (row(), row(), row()).prop_map(|(read, write, background)| {
        let spec = AdmissionSpec::default().read(read).write(write);
        spec.background(background)
    })
}

/// How hard a verdict is, in order; of a delay, how long it is.
fn hardness(verdict: Verdict) -> (u8, u128) {
    match verdict {
        Verdict::Allow => (0, 0),
        Verdict::Delay(time) => (1, time.as_nanos()),
        Verdict::Shed => (2, 0),
        Verdict::Refuse => (2, 1),
    }
}

fn level_of(ratio: f64) -> PressureLevel {
    let reached = LEVELS
        .into_iter()
        .filter(|level| threshold(*level) <= ratio);
    reached.max().unwrap_or_default()
}

proptest! {
    #[test]
    fn what_frees_memory_and_what_controls_always_passes(
        spec in spec(), level in prop::sample::select(LEVELS.to_vec()), ratio in 0.0..1.05, chance in 0.0..1.0,
        priority in prop::sample::select(OperationPriority::ALL.to_vec()),
    ) {
        for class in [OperationClass::Release, OperationClass::Control] {
            let verdict = table(spec).decide(class, priority, weather(level, ratio), chance);
            prop_assert_eq!(verdict, Verdict::Allow);
        }
    }

    #[test]
    fn at_the_same_action_more_pressure_never_makes_it_easier_nor_does_a_lower_priority(
        spec in spec(), one in 0.0..1.05, other in 0.0..1.05, chance in 0.0..1.0,
        class in prop::sample::select(OperationClass::ALL.to_vec()),
    ) {
        let (less, more) = (f64::min(one, other), f64::max(one, other));
        let table = table(spec);
        for priority in OperationPriority::ALL {
            let at = |ratio| table.decide(class, priority, weather(level_of(ratio), ratio), chance);
            let action = |ratio: f64| spec.row(class).at(level_of(ratio));
            if action(less) == action(more) {
                prop_assert!(hardness(at(less)) <= hardness(at(more)));
            }
        }
        let by_priority = OperationPriority::ALL
            .map(|priority| hardness(table.decide(class, priority, weather(level_of(more), more), chance)));
        prop_assert!(by_priority.is_sorted_by(|low, high| low >= high));
    }

    #[test]
    fn a_delay_is_never_longer_than_the_longest_and_none_is_told_as_a_delay_of_nothing(
        spec in spec(), level in prop::sample::select(LEVELS.to_vec()), ratio in 0.0..1.05,
        class in prop::sample::select(OperationClass::ALL.to_vec()),
        priority in prop::sample::select(OperationPriority::ALL.to_vec()),
    ) {
        if let Verdict::Delay(time) = table(spec).decide(class, priority, weather(level, ratio), 0.5) {
            prop_assert!(!time.is_zero() && time <= spec.delay_max);
        }
    }

    #[test]
    fn as_many_are_shed_as_the_share_says(ratio in 0.9..1.0) {
        // Of a thousand chances that are spread evenly.
        let shed = (0..1000).filter(|nth| {
            let chance = f64::from(*nth) / 1000.0;
            let at = weather(PressureLevel::Critical, ratio);
            decide(AdmissionSpec::default(), OperationClass::Read, at, chance) == Verdict::Shed
        }).count();
        let expected = (ratio - 0.9) * 10_000.0;
        prop_assert!((shed as f64 - expected).abs() <= 1.0, "{shed} of 1000, not {expected}");
    }
}
