//! The Prometheus text format 0.0.4 and OpenMetrics 1.0.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use super::ladder;
use super::name::{exported_name, exported_unit};
use super::snapshot::{SeriesTotal, Snapshot, TotalValue};
use crate::metrics::histogram::Distribution;
use crate::metrics::key::SeriesKey;
use crate::metrics::unit::{MetricKind, Unit};

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
    /// Names are joined by `_` and end in their unit; times are in seconds; histograms have buckets whose bounds are powers of two less 1
    /// of what is recorded, so that they are counted exactly, with `_sum` and `_count`. If a family of the same exported name is recorded
    /// otherwise in a later snapshot, it is left out there: one text cannot hold both.
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
        for (name, family) in families(snapshots) {
            let mut writer = Writer {
                format: self,
                name: &name,
                unit: family.unit,
                text: &mut text,
            };
            // To a string: it does not fail.
            let _infallible = writer.family(&family);
        }
        if self == Self::OpenMetrics {
            text.push_str("# EOF\n");
        }
        text
    }
}

/// The series of one family, of all snapshots.
struct Family<'a> {
    key: &'a SeriesKey,
    kind: MetricKind,
    unit: Unit,
    series: Vec<Labelled<'a>>,
}

struct Labelled<'a> {
    labels: &'a [(&'a str, &'a str)],
    series: &'a SeriesTotal,
    began: SystemTime,
}

fn families<'a>(
    snapshots: &'a [(&'a [(&'a str, &'a str)], &'a Snapshot)],
) -> BTreeMap<String, Family<'a>> {
    let mut families = BTreeMap::new();
    for (labels, snapshot) in snapshots {
        for series in &snapshot.series {
            let key = &series.key;
            let name = exported_name(&key.name, key.kind, key.unit);
            let family = families.entry(name).or_insert_with(|| Family {
                key,
                kind: key.kind,
                unit: key.unit,
                series: Vec::new(),
            });
            if (family.kind, family.unit) == (key.kind, key.unit) {
                let began = snapshot.taken.checked_sub(series.age);
                family.series.push(Labelled {
                    labels,
                    series,
                    began: began.unwrap_or(snapshot.began),
                });
            }
        }
    }
    families
}

struct Writer<'a> {
    format: TextFormat,
    name: &'a str,
    unit: Unit,
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
        writeln!(
            self.text,
            "# HELP {name}{suffix} {}, in {}.",
            family.key.name, family.unit
        )?;
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
                self.sample("", series, None, Float(value * self.scale()))
            }
            TotalValue::Value(None) => Ok(()),
            TotalValue::Samples(samples) => {
                self.histogram(series, samples)?;
                self.created(series)
            }
        }
    }

    fn histogram(&mut self, series: &Labelled<'_>, samples: &Distribution) -> fmt::Result {
        let scale = self.scale();
        for bound in ladder::bounds(self.unit) {
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
        let since = series.began.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.sample(
            "_created",
            series,
            None,
            format_args!("{:.3}", since.as_secs_f64()),
        )
    }

    fn scale(&self) -> f64 {
        self.unit.in_seconds().unwrap_or(1.0)
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
    use std::time::Duration;

    use super::*;
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
            value,
        }
    }

    fn snapshot(series: Vec<SeriesTotal>) -> Snapshot {
        Snapshot {
            began: UNIX_EPOCH,
            taken: UNIX_EPOCH + Duration::from_millis(12_500),
            generation: 1,
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
}
