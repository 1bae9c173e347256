//! The Prometheus text format 0.0.4 and OpenMetrics 1.0.

use std::fmt::{self, Write};
use std::time::UNIX_EPOCH;

use super::families::{Families, Family, Labelled};
use super::help::Help;
use super::ladder;
use super::name::exported_unit;
use super::snapshot::{Snapshot, TotalValue};
use crate::metrics::histogram::Distribution;
use crate::metrics::unit::MetricKind;

/// In which of the two formats that Prometheus reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextFormat {
    /// The text format 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl TextFormat {
    /// The media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Writes snapshots, each with labels of its own beside those of the series; a tag of the same name as one of these is written as
    /// `exported_…`.
    ///
    /// Families that are [described](crate::metrics::MetricsStore::describe) have that text as their `HELP`, others their name and unit.
    /// Names are joined by `_` and end in their unit; times are in seconds; histograms have buckets whose bounds are powers of two less 1
    /// of what is recorded, so that they are counted exactly, with `_sum` and `_count`. A family of a later snapshot of which any exported name is that of another
    /// family is left out there, which is logged and told by [`left_out`](Self::left_out): one text cannot hold both. It is the same family
    /// if it has the same name, kind and exported unit: nanoseconds and milliseconds are both seconds.
    ///
    /// ```
    /// use mainstay_actors::metrics::TextFormat;
    ///
    /// assert_eq!(TextFormat::Prometheus.write(&[]), "");
    /// assert_eq!(TextFormat::OpenMetrics.write(&[]), "# EOF\n");
    /// ```
    #[must_use]
    pub fn write(self, snapshots: &[(&[(&str, &str)], &Snapshot)]) -> String {
        let mut text = String::new();
        let families = Families::of(snapshots);
        if let Some(first) = families.left_out.first() {
            let (series, first) = (families.left_out.len(), &first.name);
            tracing::warn!(series, %first, "metrics left out: their names are exported for others");
        }
        for (name, family) in &families.by_name {
            let mut writer = Writer {
                format: self,
                name,
                text: &mut text,
            };
            // To a string: it does not fail.
            let _infallible = writer.family(family);
        }
        if self == Self::OpenMetrics {
            text.push_str("# EOF\n");
        }
        text
    }

    /// How many series of these snapshots [`write`](Self::write) leaves out, as their names clash with those of a family that comes before.
    #[must_use]
    pub fn left_out(snapshots: &[(&[(&str, &str)], &Snapshot)]) -> usize {
        Families::of(snapshots).left_out.len()
    }
}

struct Writer<'a> {
    format: TextFormat,
    name: &'a str,
    text: &'a mut String,
}

impl Writer<'_> {
    fn family(&mut self, family: &Family<'_>) -> fmt::Result {
        let Self { format, name, .. } = *self;
        let is_open = format == TextFormat::OpenMetrics;
        // In the older format the samples of a counter are its family.
        let suffix = if !is_open && family.kind == MetricKind::Counter {
            "_total"
        } else {
            ""
        };
        let help = Help::of(family, format);
        writeln!(self.text, "# HELP {name}{suffix} {help}")?;
        writeln!(self.text, "# TYPE {name}{suffix} {}", family.kind)?;
        if let Some(unit) = exported_unit(family.unit).filter(|_| is_open) {
            writeln!(self.text, "# UNIT {name} {unit}")?;
        }
        family
            .series
            .iter()
            .try_for_each(|series| self.series(series))
    }

    fn series(&mut self, series: &Labelled<'_>) -> fmt::Result {
        match &series.series.value {
            TotalValue::Total(total) => {
                self.sample("_total", series, None, *total)?;
                self.created(series)
            }
            TotalValue::Value(Some(value)) => {
                self.sample("", series, None, Float(value * scale(series)))
            }
            TotalValue::Value(None) => Ok(()),
            TotalValue::Samples(samples) => {
                self.histogram(series, samples)?;
                self.created(series)
            }
        }
    }

    fn histogram(&mut self, series: &Labelled<'_>, samples: &Distribution) -> fmt::Result {
        let scale = scale(series);
        for bound in ladder::bounds(series.series.key.unit) {
            let count = samples.count_up_to(bound);
            self.sample("_bucket", series, Some(bound as f64 * scale), count)?;
        }
        self.sample("_bucket", series, Some(f64::INFINITY), samples.count())?;
        self.sample("_sum", series, None, Float(samples.sum() as f64 * scale))?;
        self.sample("_count", series, None, samples.count())
    }

    /// When the series began: how a reader tells that one has begun anew.
    fn created(&mut self, series: &Labelled<'_>) -> fmt::Result {
        if self.format != TextFormat::OpenMetrics {
            return Ok(());
        }
        let began = series.series.began;
        let since = began.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.sample(
            "_created",
            series,
            None,
            format_args!("{:.3}", since.as_secs_f64()),
        )
    }

    fn sample(
        &mut self,
        suffix: &str,
        series: &Labelled<'_>,
        limit: Option<f64>,
        value: impl fmt::Display,
    ) -> fmt::Result {
        write!(self.text, "{}{suffix}", self.name)?;
        self.labels(series, limit)?;
        writeln!(self.text, " {value}")
    }

    fn labels(&mut self, series: &Labelled<'_>, limit: Option<f64>) -> fmt::Result {
        let mut separator = '{';
        let mut label = |prefix: &str, key: &str, value: &dyn fmt::Display| {
            write!(self.text, "{separator}{prefix}{key}=\"{value}\"")?;
            separator = ',';
            Ok(())
        };
        for (key, value) in series.labels {
            label("", key, &Escaped(value))?;
        }
        for (key, value) in series.series.key.tags.iter() {
            // `le` is the bound of a bucket.
            let is_taken = key == "le" || series.labels.iter().any(|(taken, _)| *taken == key);
            label(
                if is_taken { "exported_" } else { "" },
                key,
                &Escaped(value),
            )?;
        }
        if let Some(limit) = limit {
            label("", "le", &Float(limit))?;
        }
        if separator == ',' {
            self.text.write_char('}')?;
        }
        Ok(())
    }
}

/// How much of the exported unit that of the series is.
fn scale(series: &Labelled<'_>) -> f64 {
    series.series.key.unit.in_seconds().unwrap_or(1.0)
}

/// A number as both formats write it.
struct Float(f64);

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            infinite if infinite == f64::INFINITY => f.write_str("+Inf"),
            infinite if infinite == f64::NEG_INFINITY => f.write_str("-Inf"),
            // As short as it can be read back, and with a point: the bounds of buckets are floats.
            number => write!(f, "{number:?}"),
        }
    }
}

/// The value of a label.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            other => f.write_char(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::metrics::export::SeriesTotal;
    use crate::metrics::key::SeriesKey;
    use crate::metrics::unit::Unit;
    use crate::metrics::{MetricName, Tags};

    fn series(name: &str, unit: Unit, tags: impl Into<Tags>, value: TotalValue) -> SeriesTotal {
        let kind = match value {
            TotalValue::Total(_) => MetricKind::Counter,
            TotalValue::Value(_) => MetricKind::Gauge,
            TotalValue::Samples(_) => MetricKind::Histogram,
        };
        let (name, tags) = (MetricName::new(name).unwrap(), tags.into());
        SeriesTotal {
            key: SeriesKey {
                name,
                tags,
                kind,
                unit,
            },
            age: Duration::from_secs(10),
            began: UNIX_EPOCH + Duration::from_millis(2_500),
            value,
        }
    }

    fn snapshot(series: Vec<SeriesTotal>) -> Snapshot {
        Snapshot {
            began: UNIX_EPOCH,
            taken: UNIX_EPOCH + Duration::from_millis(12_500),
            generation: 1,
            help: BTreeMap::new(),
            series,
        }
    }

    #[test]
    fn counters_and_gauges_are_written_in_both_formats() {
        let all = snapshot(vec![
            series("a.hits", Unit::Count, [("k", "v")], TotalValue::Total(3)),
            series(
                "a.used",
                Unit::Bytes,
                Tags::new(),
                TotalValue::Value(Some(0.5)),
            ),
            series("a.unset", Unit::Count, Tags::new(), TotalValue::Value(None)),
        ]);
        let labels = [("namespace", "app")];
        assert_eq!(
            TextFormat::Prometheus.write(&[(&labels, &all)]),
            "# HELP a_hits_total a.hits, in count.\n\
             # TYPE a_hits_total counter\n\
             a_hits_total{namespace=\"app\",k=\"v\"} 3\n\
             # HELP a_unset a.unset, in count.\n\
             # TYPE a_unset gauge\n\
             # HELP a_used_bytes a.used, in bytes.\n\
             # TYPE a_used_bytes gauge\n\
             a_used_bytes{namespace=\"app\"} 0.5\n"
        );
        assert_eq!(
            TextFormat::OpenMetrics.write(&[(&labels, &all)]),
            "# HELP a_hits a.hits, in count.\n\
             # TYPE a_hits counter\n\
             a_hits_total{namespace=\"app\",k=\"v\"} 3\n\
             a_hits_created{namespace=\"app\",k=\"v\"} 2.500\n\
             # HELP a_unset a.unset, in count.\n\
             # TYPE a_unset gauge\n\
             # HELP a_used_bytes a.used, in bytes.\n\
             # TYPE a_used_bytes gauge\n\
             # UNIT a_used_bytes bytes\n\
             a_used_bytes{namespace=\"app\"} 0.5\n\
             # EOF\n"
        );
    }

    #[test]
    fn a_histogram_has_cumulative_buckets_a_sum_and_a_count() {
        let samples = [500, 1_023, 1_024, 3_000_000].into_iter().collect();
        let all = snapshot(vec![series(
            "t",
            Unit::Nanoseconds,
            Tags::new(),
            TotalValue::Samples(samples),
        )]);
        let text = TextFormat::Prometheus.write(&[(&[], &all)]);
        for line in [
            "t_seconds_bucket{le=\"1.023e-6\"} 2",
            "t_seconds_bucket{le=\"+Inf\"} 4",
            "t_seconds_count 4",
        ] {
            assert!(text.lines().any(|there| there == line), "{line} in {text}");
        }
        assert_eq!(
            text.lines().filter(|line| line.contains("_bucket")).count(),
            26
        );
    }

    #[test]
    fn what_would_break_a_line_is_escaped_and_labels_do_not_meet() {
        let tags = [("namespace", "a\"b"), ("le", "c\\d\ne")];
        let all = snapshot(vec![series("x", Unit::Count, tags, TotalValue::Total(1))]);
        let text = TextFormat::Prometheus.write(&[(&[("namespace", "app")], &all)]);
        let sample = text.lines().last().unwrap();
        assert_eq!(
            sample,
            "x_total{namespace=\"app\",exported_le=\"c\\\\d\\ne\",exported_namespace=\"a\\\"b\"} 1"
        );
    }

    #[test]
    fn namespaces_share_families_and_what_clashes_is_left_out() {
        let one = snapshot(vec![series(
            "x",
            Unit::Count,
            Tags::new(),
            TotalValue::Total(1),
        )]);
        let two = snapshot(vec![series(
            "x",
            Unit::Count,
            Tags::new(),
            TotalValue::Total(2),
        )]);
        let three = snapshot(vec![series(
            "x",
            Unit::Count,
            Tags::new(),
            TotalValue::Value(Some(3.0)),
        )]);
        let labels = ["one", "two", "three"].map(|name| [("namespace", name)]);
        let text = TextFormat::Prometheus.write(&[
            (&labels[0], &one),
            (&labels[1], &two),
            (&labels[2], &three),
        ]);
        assert_eq!(
            text,
            "# HELP x_total x, in count.\n\
             # TYPE x_total counter\n\
             x_total{namespace=\"one\"} 1\n\
             x_total{namespace=\"two\"} 2\n"
        );
    }

    #[test]
    fn no_name_is_written_for_two_families_of_different_namespaces() {
        let none = Tags::new;
        let samples = || TotalValue::Samples([7].into_iter().collect());
        let one = snapshot(vec![
            series("hits", Unit::Count, none(), TotalValue::Total(1)),
            series("x", Unit::Count, none(), samples()),
        ]);
        let two = snapshot(vec![
            series(
                "hits.total",
                Unit::Count,
                none(),
                TotalValue::Value(Some(2.0)),
            ),
            series("x.count", Unit::Count, none(), TotalValue::Value(Some(3.0))),
        ]);
        let (first, second) = ([("namespace", "a")], [("namespace", "b")]);
        let both: [(&[_], _); 2] = [(&first, &one), (&second, &two)];
        assert_eq!(TextFormat::left_out(&both), 2);
        for format in [TextFormat::Prometheus, TextFormat::OpenMetrics] {
            let alone = format.write(&both[..1]);
            assert_eq!(format.write(&both), alone);
        }
    }

    #[test]
    fn times_in_different_units_are_one_family_in_seconds() {
        let time = |unit, value| series("t", unit, Tags::new(), TotalValue::Value(Some(value)));
        let one = snapshot(vec![time(Unit::Nanoseconds, 5e8)]);
        let two = snapshot(vec![time(Unit::Milliseconds, 1_500.0)]);
        let (first, second) = ([("namespace", "a")], [("namespace", "b")]);
        let both: [(&[_], _); 2] = [(&first, &one), (&second, &two)];
        assert_eq!(TextFormat::left_out(&both), 0);
        let text = TextFormat::Prometheus.write(&both);
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "t_seconds{namespace=\"a\"} 0.5",
                "t_seconds{namespace=\"b\"} 1.5"
            ]
        );
    }
}
