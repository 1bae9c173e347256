use std::time::{Duration, SystemTime};

use super::{Baseline, BaselineError, Comparison, Estimate, Measure, Profile, Tolerance, Verdict};
use crate::metrics::histogram::Distribution;
use crate::metrics::tags::Tags;
use crate::metrics::unit::Unit;
use crate::metrics::window::TimeWindow;

/// An operation of samples that a minute saw, so many of which failed.
fn profile(name: &str, samples: impl IntoIterator<Item = u64>, failed: u64) -> Profile {
    let samples: Distribution = samples.into_iter().collect();
    let key = (name.parse().unwrap(), Tags::new(), Unit::Nanoseconds);
    let errors = Estimate::part(failed, samples.count());
    Profile::of(key, &samples, Duration::from_secs(60), errors)
}

fn baseline(mut operations: Vec<Profile>) -> Baseline {
    operations.sort_by(Profile::order);
    Baseline {
        taken: SystemTime::UNIX_EPOCH + Duration::from_millis(1_500),
        window: TimeWindow::Minute,
        operations,
    }
}

/// Samples about so many microseconds, a tenth up and down.
fn about(micros: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |nth| micros * (900 + nth % 200))
}

fn compare(before: Profile, now: Profile, tolerance: &Tolerance) -> Comparison {
    let (before, now) = (baseline(vec![before]), baseline(vec![now]));
    before.compare(&now, tolerance).unwrap()
}

fn verdict(before: Profile, now: Profile) -> (Verdict, Vec<Measure>, Vec<Measure>) {
    let compared = compare(before, now, &Tolerance::default());
    let change = compared.changes()[0].clone();
    (change.verdict, change.worse, change.better)
}

const TIMES: [Measure; 4] = [Measure::Mean, Measure::P50, Measure::P95, Measure::P99];

#[test]
fn the_same_again_is_the_same() {
    let once = || profile("a", about(100, 2_000), 10);
    assert_eq!(verdict(once(), once()), (Verdict::Same, vec![], vec![]));
}

#[test]
fn what_takes_longer_regressed_and_what_takes_less_improved() {
    let (quick, slow) = (
        || profile("a", about(100, 2_000), 0),
        || profile("a", about(130, 2_000), 0),
    );
    assert_eq!(
        verdict(quick(), slow()),
        (Verdict::Regressed, TIMES.to_vec(), vec![])
    );
    assert_eq!(
        verdict(slow(), quick()),
        (Verdict::Improved, vec![], TIMES.to_vec())
    );
}

#[test]
fn a_change_within_the_tolerance_is_none_however_sure_it_is() {
    let (one, other) = (
        profile("a", about(100, 100_000), 0),
        profile("a", about(109, 100_000), 0),
    );
    assert_eq!(verdict(one.clone(), other.clone()).0, Verdict::Same);
    let strict = Tolerance::default().relative(0.05);
    let compared = compare(one, other, &strict);
    assert_eq!(compared.changes()[0].verdict, Verdict::Regressed);
}

#[test]
fn a_change_that_chance_explains_is_none_however_large_it_is() {
    // One sample in ten takes a thousand times as long: the mean of 120 says little.
    let noisy = |slow: u64| (0..120).map(move |nth| if nth < slow { 100_000_000 } else { 100_000 });
    let (before, now) = (profile("a", noisy(10), 0), profile("a", noisy(16), 0));
    let (was, is) = (before.mean.unwrap(), now.mean.unwrap());
    assert!(is.value > was.value * 1.5);
    assert_eq!(verdict(before, now), (Verdict::Same, vec![], vec![]));
}

#[test]
fn a_slower_tail_is_a_regression_of_the_tail_alone() {
    let with_tail =
        |slow: u64| (0..10_000_u64).map(move |nth| if nth % 100 < 2 { slow } else { 100_000 });
    let (before, now) = (
        profile("a", with_tail(200_000), 0),
        profile("a", with_tail(400_000), 0),
    );
    assert_eq!(
        verdict(before, now),
        (Verdict::Regressed, vec![Measure::P99], vec![])
    );
}

#[test]
fn what_a_histogram_cannot_tell_apart_is_no_change() {
    // Both ends of one bucket, and no tolerance at all.
    let equal = |value: u64| profile("a", std::iter::repeat_n(value, 2_000), 0);
    let none = Tolerance::default().relative(0.0).absolute(Duration::ZERO);
    let compared = compare(equal(992), equal(1_007), &none);
    // The mean is exact and tells; quantiles do not.
    assert_eq!(compared.changes()[0].worse, [Measure::Mean]);
}

#[test]
fn times_below_the_absolute_tolerance_do_not_matter() {
    let equal = |value: u64| profile("a", std::iter::repeat_n(value, 2_000), 0);
    assert_eq!(verdict(equal(100), equal(1_000)).0, Verdict::Same);
    assert_eq!(verdict(equal(100), equal(1_200)).0, Verdict::Regressed);
}

#[test]
fn more_failures_are_a_regression_and_faster_ones_do_not_hide_them() {
    let (before, now) = (
        profile("a", about(100, 2_000), 2),
        profile("a", about(50, 2_000), 100),
    );
    assert_eq!(
        verdict(before, now),
        (Verdict::Regressed, vec![Measure::ErrorRate], TIMES.to_vec())
    );
}

#[test]
fn fewer_calls_are_no_regression_unless_a_tolerance_says_so() {
    let (many, few) = (
        profile("a", about(100, 20_000), 0),
        profile("a", about(100, 2_000), 0),
    );
    assert_eq!(verdict(many.clone(), few.clone()).0, Verdict::Same);
    let tolerance = Tolerance::default().rate(Some(0.5));
    let change = |before: &Profile, now: &Profile| {
        let compared = compare(before.clone(), now.clone(), &tolerance);
        compared.changes()[0].verdict
    };
    assert_eq!(change(&many, &few), Verdict::Regressed);
    assert_eq!(change(&few, &many), Verdict::Improved);
}

#[test]
fn operations_come_and_go_and_few_samples_say_nothing() {
    let before = baseline(vec![
        profile("few", about(100, 99), 0),
        profile("few_now", about(100, 2_000), 0),
        profile("gone", about(100, 2_000), 0),
        profile("rare", about(100, 5), 0),
        profile("stays", about(100, 2_000), 0),
    ]);
    let now = baseline(vec![
        profile("few", about(1_000, 2_000), 0),
        profile("few_now", about(1_000, 99), 0),
        profile("new", about(100, 2_000), 0),
        profile("stays", about(100, 2_000), 0),
    ]);
    let compared = before.compare(&now, &Tolerance::default()).unwrap();
    let changes = compared.changes().iter();
    let told: Vec<(&str, Verdict)> = changes
        .map(|change| (change.profile().unwrap().name.as_str(), change.verdict))
        .collect();
    use Verdict::{Missing, New, Same, TooFewSamples};
    assert_eq!(
        told,
        [
            ("few", TooFewSamples),
            ("few_now", TooFewSamples),
            ("gone", Missing),
            ("new", New),
            ("rare", TooFewSamples),
            ("stays", Same),
        ]
    );
    let refused = compared.check().unwrap_err();
    assert_eq!(refused.comparison().count(TooFewSamples), 3);
}

#[test]
fn an_operation_in_another_unit_is_another_one() {
    let before = profile("a", about(100, 2_000), 0);
    let mut now = before.clone();
    now.unit = Unit::Bytes;
    let compared = compare(before, now, &Tolerance::default());
    let verdicts: Vec<Verdict> = compared.changes().iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts, [Verdict::Missing, Verdict::New]);
}

#[test]
fn only_regressions_and_what_is_missing_fail_a_check() {
    let quick = || profile("a", about(100, 2_000), 0);
    let slow = || profile("a", about(130, 2_000), 0);
    let check = |before, now| compare(before, now, &Tolerance::default()).check();
    assert_eq!(check(quick(), quick()), Ok(()));
    assert_eq!(check(slow(), quick()), Ok(()));
    assert!(check(quick(), slow()).is_err());
}

#[test]
fn the_table_tells_what_changed_and_by_how_much() {
    let equal = |name, value, count| profile(name, std::iter::repeat_n(value, count), 0);
    let before = baseline(vec![
        equal("shop.checkout", 32_000, 2_000),
        equal("shop.old", 64_000, 200),
        equal("shop.same", 64_000, 200),
    ]);
    let now = baseline(vec![
        equal("shop.checkout", 64_000, 3_000),
        equal("shop.same", 64_000, 200),
    ]);
    let told = before.compare(&now, &Tolerance::default()).unwrap();
    assert_eq!(
        told.to_string(),
        "\
1970-01-01T00:00:01Z → 1970-01-01T00:00:01Z
operation      verdict    samples      mean                   p50                    p95                    p99                    errors     rate
shop.checkout  regressed  2000 → 3000  32.0µs → 64.0µs worse  32.0µs → 64.0µs worse  32.0µs → 64.0µs worse  32.0µs → 64.0µs worse  0.00%      33.3/s → 50.0/s
shop.old       missing    200 → -      64.0µs → -             64.0µs → -             64.0µs → -             -                      0.00% → -  3.3/s → -
1 regressed, 1 missing, 0 too few samples, 0 new, 0 improved, 1 same"
    );
}

#[test]
fn what_is_written_is_read_back_the_same_from_ron_and_json() {
    let mut tagged = profile("a.b", about(100, 2_000), 3);
    tagged.tags = Tags::from([("region", "eu \"west\""), ("tier", "1")]);
    let written = baseline(vec![tagged, profile("a.few", [1, 2, 3], 0)]);
    let ron = written.to_ron();
    assert!(ron.starts_with(
        "(\n    version: 1,\n    taken: \"1970-01-01T00:00:01.500Z\",\n    window: minute,\n"
    ));
    assert_eq!(Baseline::from_ron(&ron).unwrap(), written);
    let json = serde_json::to_string(&written).unwrap();
    assert_eq!(serde_json::from_str::<Baseline>(&json).unwrap(), written);
}

fn refused(text: &str) -> String {
    Baseline::from_ron(text).unwrap_err().to_string()
}

#[test]
fn another_version_is_refused_whatever_else_is_in_it() {
    assert_eq!(
        refused("(version: 2, surprises: [1, 2])"),
        "expected a baseline of version 1, found version 2: take it again"
    );
    let json = r#"{"version": 2, "surprises": 1}"#;
    let told = serde_json::from_str::<Baseline>(json).unwrap_err();
    assert_eq!(
        told.to_string(),
        "expected a baseline of version 1, found version 2: take it again at line 1 column 13"
    );
}

#[test]
fn a_text_that_is_no_baseline_is_refused_with_where_it_is_wrong() {
    let whole = baseline(vec![profile("a", about(100, 2_000), 0)]).to_ron();
    let told = [
        refused(""),
        refused(&whole[..whole.len() / 2]),
        refused(&whole.replace("window: minute", "window: week")),
        refused(&whole.replace("1970-01-01T", "yesterday ")),
        refused(&whole.replace("p95", "p96")),
        refused(&whole.replace("\"a\"", "\"a b\"")),
    ];
    let expected = [
        "2:1: expected a value, found the end of the file",
        "6:9: operations[0]: this bracket is never closed, expected `)`",
        "window: unknown value `week`, expected one of `minute`, `hour`, `day`",
        "taken: expected a time such as \"2026-01-31T12:00:00.000Z\", found \"yesterday 00:00:01.500Z\"",
        "operations[0].p96: unknown field `p96`, did you mean `p95`?",
        "operations[0].name: expected letters, digits, `_`, `-` and dots in the metric name \"a b\", found ' '",
    ];
    assert_eq!(
        told,
        expected.map(|what| format!("the text is no baseline: {what}"))
    );
}

#[test]
fn numbers_that_cannot_be_are_refused_with_whose_they_are() {
    let with = |change: fn(&mut Profile)| {
        let mut one = profile("a", about(100, 2_000), 0);
        one.tags = Tags::from([("k", "v")]);
        change(&mut one);
        refused(&baseline(vec![one]).to_ron())
    };
    assert_eq!(
        with(|one| one.count = 0),
        "the operation a{k=\"v\"} of the baseline: expected at least one sample"
    );
    assert_eq!(
        with(|one| one.p50 = Some(Estimate {
            value: 3.0,
            low: 4.0,
            high: 5.0
        })),
        "the operation a{k=\"v\"} of the baseline: expected low, value and high of `p50` in this order, from 0 and finite, found 4, 3 and 5"
    );
    assert_eq!(
        with(|one| one.error_rate = Some(Estimate::exact(1.5))),
        "the operation a{k=\"v\"} of the baseline: expected low, value and high of `errors` in this order, from 0 to 1, found 1.5, 1.5 and 1.5"
    );
    assert_eq!(
        with(|one| one.rate = Estimate::exact(f64::NAN)),
        "the operation a{k=\"v\"} of the baseline: expected low, value and high of `rate` in this order, from 0 and finite, found NaN, NaN and NaN"
    );
    let one = || profile("a", about(100, 2_000), 0);
    assert_eq!(
        refused(&baseline(vec![one(), one()]).to_ron()),
        "the operation a{} of the baseline: is there twice"
    );
}

#[test]
fn a_tolerance_that_is_none_is_refused() {
    let one = baseline(vec![]);
    for (tolerance, expected) in [
        (
            Tolerance::default().relative(-0.1),
            "expected a number from 0 as `relative` of the tolerance, found -0.1",
        ),
        (
            Tolerance::default().rate(Some(f64::NAN)),
            "expected a number from 0 as `rate` of the tolerance, found NaN",
        ),
    ] {
        let refused = one.compare(&one, &tolerance).unwrap_err();
        assert!(matches!(refused, BaselineError::Tolerance { .. }));
        assert_eq!(refused.to_string(), expected);
    }
}
