//! Under which names families are exported.

use crate::metrics::name::MetricName;
use crate::metrics::unit::{MetricKind, Unit};

/// The name of a family where it is exported: `foundation.config_server.get` in nanoseconds is
/// `foundation_config_server_get_seconds`. That of a counter is given without its `_total`.
pub(crate) fn exported_name(name: &MetricName, kind: MetricKind, unit: Unit) -> String {
    let mut exported = String::with_capacity(name.as_str().len() + 16);
    if name
        .as_str()
        .starts_with(|first: char| first.is_ascii_digit())
    {
        exported.push('_');
    }
    let plain = |c: char| if matches!(c, '.' | '-') { '_' } else { c };
    exported.extend(name.as_str().chars().map(plain));
    if kind == MetricKind::Counter {
        let bare = exported.strip_suffix("_total").map(str::len);
        exported.truncate(bare.unwrap_or(exported.len()));
    }
    if let Some(unit) = exported_unit(unit)
        && !ends_in(&exported, unit)
    {
        exported.push('_');
        exported.push_str(unit);
    }
    exported
}

/// Whether the unit is the last word of a name: `disk_kilobytes` is not in `bytes` for a reader.
fn ends_in(name: &str, unit: &str) -> bool {
    let rest = name.strip_suffix(unit);
    rest.is_some_and(|rest| rest.ends_with('_'))
}

/// The unit that numbers are exported in: times are in seconds, whatever they are recorded in.
pub(crate) const fn exported_unit(unit: Unit) -> Option<&'static str> {
    match unit {
        Unit::Nanoseconds | Unit::Microseconds | Unit::Milliseconds | Unit::Seconds => {
            Some("seconds")
        }
        Unit::Bytes => Some("bytes"),
        Unit::Ratio => Some("ratio"),
        Unit::PerSecond => Some("per_second"),
        Unit::Count => None,
    }
}

/// All names that the samples of a family are exported under, and its own. No two families may share any.
pub(crate) fn exported_names(name: &MetricName, kind: MetricKind, unit: Unit) -> Vec<String> {
    let suffixes: &[&str] = match kind {
        MetricKind::Counter => &["", "_total", "_created"],
        MetricKind::Gauge => &[""],
        MetricKind::Histogram => &["", "_bucket", "_sum", "_count", "_created"],
    };
    let base = exported_name(name, kind, unit);
    suffixes
        .iter()
        .map(|suffix| format!("{base}{suffix}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(name: &str, kind: MetricKind, unit: Unit) -> String {
        exported_name(&MetricName::new(name).unwrap(), kind, unit)
    }

    #[test]
    fn names_are_joined_by_underscores_and_end_in_the_base_unit() {
        use MetricKind::{Counter, Gauge, Histogram};
        let get = "foundation.config-server.get";
        assert_eq!(
            exported(get, Histogram, Unit::Nanoseconds),
            "foundation_config_server_get_seconds"
        );
        assert_eq!(exported("a.hits", Counter, Unit::Count), "a_hits");
        assert_eq!(exported("a.hits_total", Counter, Unit::Count), "a_hits");
        assert_eq!(exported("rss.bytes", Gauge, Unit::Bytes), "rss_bytes");
        assert_eq!(exported("hit_rate", Gauge, Unit::Ratio), "hit_rate_ratio");
        assert_eq!(exported("9.a", Gauge, Unit::Count), "_9_a");
    }

    #[test]
    fn the_unit_is_a_word_of_its_own_at_the_end_of_a_name() {
        let gauge = |name, unit| exported(name, MetricKind::Gauge, unit);
        assert_eq!(gauge("disk.kilobytes", Unit::Bytes), "disk_kilobytes_bytes");
        assert_eq!(gauge("disk.bytes", Unit::Bytes), "disk_bytes");
        assert_eq!(gauge("bytes", Unit::Bytes), "bytes_bytes");
        for name in ["op_milliseconds", "op_nanoseconds"] {
            assert_eq!(gauge(name, Unit::Milliseconds), format!("{name}_seconds"));
        }
        assert_eq!(gauge("op_seconds", Unit::Milliseconds), "op_seconds");
    }
}
