//! What people are told of families.

use std::fmt::{self, Write};

use super::families::Family;
use super::text::TextFormat;
use crate::metrics::name::MetricName;
use crate::metrics::unit::Unit;

/// The text of a `HELP` line: what a family is described as, or else its name and unit.
pub(super) struct Help<'a> {
    described: Option<&'a str>,
    name: &'a MetricName,
    unit: Unit,
    format: TextFormat,
}

impl<'a> Help<'a> {
    pub(super) const fn of(family: &Family<'a>, format: TextFormat) -> Self {
        Self {
            described: family.help,
            name: &family.key.name,
            unit: family.unit,
            format,
        }
    }
}

impl fmt::Display for Help<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(described) = self.described else {
            return write!(f, "{}, in {}.", self.name, self.unit);
        };
        described.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '\n' => f.write_str("\\n"),
            // The older format takes quotes as they are.
            '"' if self.format == TextFormat::OpenMetrics => f.write_str("\\\""),
            other => f.write_char(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_line_is_escaped_as_each_format_has_it() {
        let name = "a.b".parse().unwrap();
        let told = |described, format| {
            let (name, unit) = (&name, Unit::Bytes);
            Help {
                described,
                name,
                unit,
                format,
            }
            .to_string()
        };
        use TextFormat::{OpenMetrics, Prometheus};
        let text = Some("One \\ \"two\"\nthree");
        assert_eq!(told(text, Prometheus), r#"One \\ "two"\nthree"#);
        assert_eq!(told(text, OpenMetrics), r#"One \\ \"two\"\nthree"#);
        assert_eq!(told(None, OpenMetrics), "a.b, in bytes.");
    }
}
