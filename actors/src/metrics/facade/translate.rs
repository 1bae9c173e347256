//! Names, labels and units of the facade in those of the store.

use ::metrics::{Key, Unit as FacadeUnit};

use crate::metrics::name::METRIC_NAME_BYTES_MAX;
use crate::metrics::tags::{TAG_KEY_BYTES_MAX, TAG_VALUE_BYTES_MAX, TAGS_MAX, Tags};
use crate::metrics::unit::Unit;

/// In which unit values are kept, and what they are multiplied with for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) unit: Unit,
    pub(super) factor: f64,
    /// In which unit they come.
    given: Unit,
}

impl Scale {
    const fn of(given: Unit, unit: Unit, factor: f64) -> Self {
        Self {
            unit,
            factor,
            given,
        }
    }

    /// Gauges hold any number as it comes.
    pub(super) const fn gauge_unit(self) -> Unit {
        self.given
    }
}

/// What a histogram or gauge is in.
pub(super) fn scale(name: &str, described: Option<FacadeUnit>) -> Scale {
    let time = |given, nanoseconds| Scale::of(given, Unit::Nanoseconds, nanoseconds);
    match described {
        Some(FacadeUnit::Seconds) => time(Unit::Seconds, 1e9),
        Some(FacadeUnit::Milliseconds) => time(Unit::Milliseconds, 1e6),
        Some(FacadeUnit::Microseconds) => time(Unit::Microseconds, 1e3),
        Some(FacadeUnit::Nanoseconds) => time(Unit::Nanoseconds, 1.0),
        Some(FacadeUnit::Bytes) => Scale::of(Unit::Bytes, Unit::Bytes, 1.0),
        Some(FacadeUnit::CountPerSecond) => Scale::of(Unit::PerSecond, Unit::PerSecond, 1.0),
        None if speaks_of_time(name) => time(Unit::Seconds, 1e9),
        _ => Scale::of(Unit::Count, Unit::Count, 1.0),
    }
}

fn speaks_of_time(name: &str) -> bool {
    let last = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
    matches!(last, Some("seconds" | "duration" | "latency" | "time"))
}

/// The name, with `.` for `::`, and `_` for what names are not made of.
pub(super) fn name(name: &str) -> String {
    let plain = name.replace("::", ".");
    let plain = plain.chars().map(|c| match c {
        '.' | '-' => c,
        c if c.is_ascii_alphanumeric() => c,
        _ => '_',
    });
    let plain: String = plain.take(METRIC_NAME_BYTES_MAX).collect();
    let segments: Vec<&str> = plain
        .split('.')
        .filter(|segment| !segment.is_empty())
        .collect();
    segments.join(".")
}

pub(super) fn tags(key: &Key) -> Tags {
    let labels = key.labels().take(TAGS_MAX);
    labels
        .map(|label| {
            (
                tag_key(label.key()),
                cut(label.value(), TAG_VALUE_BYTES_MAX),
            )
        })
        .collect()
}

fn tag_key(key: &str) -> String {
    let plain = key
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let plain: String = plain.collect();
    let bare = plain.trim_start_matches('_');
    let lead = if bare.starts_with(|first: char| first.is_ascii_digit()) || bare.is_empty() {
        "_"
    } else {
        ""
    };
    cut(&format!("{lead}{bare}"), TAG_KEY_BYTES_MAX).to_owned()
}

/// As much of a text as so many bytes hold.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use ::metrics::Label;

    use super::*;
    use crate::metrics::MetricName;

    #[test]
    fn any_name_becomes_one() {
        for (given, expected) in [
            ("http.requests", "http.requests"),
            ("hyper::pool::size", "hyper.pool.size"),
            ("a b/ü", "a_b__"),
            ("..a..b.", "a.b"),
        ] {
            let translated = name(given);
            assert_eq!(translated, expected);
            assert!(MetricName::new(&translated).is_ok());
        }
        let long = name(&"é".repeat(1_000));
        assert!(MetricName::new(&long).is_ok());
    }

    #[test]
    fn any_labels_become_tags() {
        let labels = vec![
            Label::new("__name__", "a"),
            Label::new("9", "b"),
            Label::new("content-type", "ä".repeat(200)),
            Label::new("", ""),
        ];
        let translated = tags(&Key::from_parts("x", labels));
        assert_eq!(translated.check(), Ok(()));
        assert_eq!(translated.get("name__"), Some("a"));
        assert_eq!(translated.get("_9"), Some("b"));
        assert_eq!(translated.get("content_type").map(str::len), Some(256));
        let many = (0..40)
            .map(|nth| Label::new(format!("k{nth}"), ""))
            .collect::<Vec<_>>();
        assert_eq!(tags(&Key::from_parts("x", many)).len(), TAGS_MAX);
    }

    #[test]
    fn times_are_kept_in_nanoseconds_whatever_they_come_in() {
        let milliseconds = scale("x", Some(FacadeUnit::Milliseconds));
        assert_eq!(
            (milliseconds.unit, milliseconds.factor),
            (Unit::Nanoseconds, 1e6)
        );
        assert_eq!(milliseconds.gauge_unit(), Unit::Milliseconds);
        assert_eq!(scale("request_duration", None).factor, 1e9);
        assert_eq!(scale("lifetime", None).unit, Unit::Count);
        assert_eq!(scale("sizes", None).unit, Unit::Count);
    }
}
