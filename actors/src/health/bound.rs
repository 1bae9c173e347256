//! No result is larger than the spec lets it be: pure.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::result::{CheckResult, HealthResult};

/// How large a result may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) parts: usize,
    pub(crate) text: usize,
}

/// Cuts a result to its bounds, and says how many parts are left out: those that fare best, the last of them first. Its status and its
/// score still tell of all. A score that is none becomes that of the status, and a time that cannot be told becomes `now`.
pub(crate) fn bound(
    mut result: HealthResult,
    bounds: Bounds,
    now: SystemTime,
) -> (HealthResult, usize) {
    let left_out = result.checks.len().saturating_sub(bounds.parts);
    if left_out > 0 {
        let mut places: Vec<usize> = (0..result.checks.len()).collect();
        places.sort_by_key(|nth| Reverse(result.checks[*nth].status));
        places.truncate(bounds.parts);
        places.sort_unstable();
        let mut kept = places.into_iter().peekable();
        let mut nth = 0;
        result.checks.retain(|_| {
            let keep = kept.next_if_eq(&nth).is_some();
            nth += 1;
            keep
        });
    }
    result
        .checks
        .iter_mut()
        .for_each(|check| cut(check, bounds.text));
    if !(0.0..=1.0).contains(&result.overall_score) {
        result.overall_score = result.status.score();
    }
    if !can_be_told(result.timestamp) {
        result.timestamp = now;
    }
    (result, left_out)
}

/// RFC 3339 has years of four digits, and what writes it panics over those before 1970.
fn can_be_told(time: SystemTime) -> bool {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.is_ok_and(|since| since < YEAR_10000)
}

/// From 1970 to the end of the year 9999.
const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

fn cut(check: &mut CheckResult, max: usize) {
    cut_text(&mut check.name, max);
    cut_text(&mut check.message, max);
    cut_metadata(&mut check.metadata, max);
}

/// The beginning, and a sign that there was more.
fn cut_text(text: &mut Cow<'static, str>, max: usize) {
    const MORE: &str = "...";
    if text.len() > max {
        let end = text.floor_char_boundary(max.saturating_sub(MORE.len()));
        *text = Cow::Owned(format!("{}{MORE}", &text[..end]));
    }
}

/// Those entries that have room, in order of their keys.
fn cut_metadata(metadata: &mut BTreeMap<Cow<'static, str>, Value>, max: usize) {
    let mut room = max;
    metadata.retain(|key, value| {
        let size = key.len() + size(value, room);
        let fits = size <= room;
        room -= if fits { size } else { 0 };
        fits
    });
}

/// About how many bytes it has, or more than `max`.
fn size(value: &Value, max: usize) -> usize {
    let mut sum = 0;
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        sum += match value {
            Value::String(text) => text.len() + 2,
            Value::Array(list) => {
                left.extend(list);
                2
            }
            Value::Object(map) => {
                left.extend(map.values());
                map.keys().map(|key| key.len() + 3).sum::<usize>() + 2
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        };
        if sum > max {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::status::HealthStatus;
    use super::*;

    const BOUNDS: Bounds = Bounds { parts: 2, text: 16 };
    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn a_time_that_cannot_be_told_is_now() {
        let last = NOW + YEAR_10000 - Duration::from_nanos(1);
        for (given, told) in [
            (NOW, NOW),
            (last, last),
            (NOW - Duration::from_nanos(1), NOW),
            (last + Duration::from_nanos(1), NOW),
        ] {
            let check = vec![CheckResult::healthy("x", "")];
            let result = HealthResult::at(check, given, Duration::ZERO);
            let (found, _) = bound(result, BOUNDS, NOW);
            assert_eq!(found.timestamp, told);
            assert!(serde_json::to_value(found).is_ok());
        }
    }

    #[test]
    fn the_worst_parts_are_kept_in_their_order() {
        let checks = vec![
            CheckResult::healthy("a", ""),
            CheckResult::degraded("b", ""),
            CheckResult::healthy("c", ""),
            CheckResult::unhealthy("d", ""),
        ];
        let (found, left_out) = bound(HealthResult::of(checks, Duration::ZERO), BOUNDS, NOW);
        let names: Vec<_> = found.checks.iter().map(|check| &*check.name).collect();
        assert_eq!((names, left_out), (vec!["b", "d"], 2));
        assert_eq!(
            (found.status, found.overall_score),
            (HealthStatus::Unhealthy, 0.625)
        );
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_large_figures_left_out() {
        let check = CheckResult::healthy("x", "äöüäöüäöüäöü")
            .with("a", 1)
            .with("b", "x".repeat(100))
            .with("c", serde_json::json!([[[1]]]));
        let (found, _) = bound(HealthResult::single(check), BOUNDS, NOW);
        assert_eq!(found.checks[0].message, "äöüäöü...");
        let keys: Vec<_> = found.checks[0].metadata.keys().collect();
        assert_eq!(keys, ["a"]);
    }

    #[test]
    fn a_score_that_is_none_is_that_of_the_status() {
        for score in [f64::NAN, -1.0, 2.0] {
            let mut result = HealthResult::single(CheckResult::degraded("x", ""));
            result.overall_score = score;
            assert_eq!(bound(result, BOUNDS, NOW).0.overall_score, 0.5);
        }
    }
}
