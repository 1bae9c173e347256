//! What a metric is called.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The most bytes of a [`MetricName`].
pub const METRIC_NAME_BYTES_MAX: usize = 255;

/// The name of a family of series: a dotted path, from the widest to the narrowest, such as `foundation.config_server.get`.
///
/// Segments are of ASCII letters, digits, `_` and `-`, and not empty; the whole is of at most [`METRIC_NAME_BYTES_MAX`] bytes.
/// Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MetricName(Arc<str>);

/// Why a text is not the name of a metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricNameError {
    /// A segment is empty, or there is none.
    #[error("segment {nth} of the metric name {name:?} is empty")]
    EmptySegment {
        /// What was given.
        name: String,
        /// Which segment, from 1.
        nth: usize,
    },
    /// Something that names are not made of.
    #[error(
        "expected letters, digits, `_`, `-` and dots in the metric name {name:?}, found {found:?}"
    )]
    Character {
        /// What was given.
        name: String,
        /// What is in it.
        found: char,
    },
    /// More bytes than [`METRIC_NAME_BYTES_MAX`].
    #[error("expected a metric name of at most {METRIC_NAME_BYTES_MAX} bytes, found {found}")]
    TooLong {
        /// How many there are.
        found: usize,
    },
}

impl MetricName {
    /// The name that a text is.
    ///
    /// # Errors
    ///
    /// A text that is not one.
    pub fn new(text: &str) -> Result<Self, MetricNameError> {
        check(text)?;
        Ok(Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments, from the widest to the narrowest. There is at least one.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether it is `outer`, or a name further in.
    #[must_use]
    pub fn is_within(&self, outer: &str) -> bool {
        let rest = self.0.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

fn check(text: &str) -> Result<(), MetricNameError> {
    if text.len() > METRIC_NAME_BYTES_MAX {
        return Err(MetricNameError::TooLong { found: text.len() });
    }
    let name = || text.to_owned();
    if let Some(at) = text.split('.').position(str::is_empty) {
        let (name, nth) = (name(), at + 1);
        return Err(MetricNameError::EmptySegment { name, nth });
    }
    let is_foreign = |&c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    match text.chars().find(is_foreign) {
        Some(found) => Err(MetricNameError::Character {
            name: name(),
            found,
        }),
        None => Ok(()),
    }
}

impl std::str::FromStr for MetricName {
    type Err = MetricNameError;

    fn from_str(text: &str) -> Result<Self, MetricNameError> {
        Self::new(text)
    }
}

impl TryFrom<String> for MetricName {
    type Error = MetricNameError;

    fn try_from(text: String) -> Result<Self, MetricNameError> {
        Self::new(&text)
    }
}

impl From<MetricName> for String {
    fn from(name: MetricName) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What can be given where the name of a metric is asked for: a name, or a text that is one.
pub trait IntoMetricName {
    /// The name.
    ///
    /// # Errors
    ///
    /// A text that is not one.
    fn into_metric_name(self) -> Result<MetricName, MetricNameError>;
}

impl IntoMetricName for MetricName {
    fn into_metric_name(self) -> Result<MetricName, MetricNameError> {
        Ok(self)
    }
}

impl IntoMetricName for &MetricName {
    fn into_metric_name(self) -> Result<MetricName, MetricNameError> {
        Ok(self.clone())
    }
}

impl IntoMetricName for &str {
    fn into_metric_name(self) -> Result<MetricName, MetricNameError> {
        MetricName::new(self)
    }
}

impl IntoMetricName for &String {
    fn into_metric_name(self) -> Result<MetricName, MetricNameError> {
        MetricName::new(self)
    }
}

impl IntoMetricName for String {
    fn into_metric_name(self) -> Result<MetricName, MetricNameError> {
        MetricName::new(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_path_of_plain_segments() {
        let name = MetricName::new("foundation.config_server.get").unwrap();
        let segments: Vec<&str> = name.segments().collect();
        assert_eq!(segments, ["foundation", "config_server", "get"]);
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        let refused = |text: &str| MetricName::new(text).unwrap_err().to_string();
        assert_eq!(refused(""), "segment 1 of the metric name \"\" is empty");
        assert_eq!(
            refused("a..b"),
            "segment 2 of the metric name \"a..b\" is empty"
        );
        assert_eq!(
            refused("a b"),
            "expected letters, digits, `_`, `-` and dots in the metric name \"a b\", found ' '"
        );
        assert_eq!(
            refused(&"a".repeat(256)),
            "expected a metric name of at most 255 bytes, found 256"
        );
    }

    #[test]
    fn a_name_is_within_whole_segments_only() {
        let name = MetricName::new("process.wait").unwrap();
        assert!(name.is_within("process"));
        assert!(name.is_within("process.wait"));
        assert!(!name.is_within("proc"));
        assert!(!name.is_within("process.wait.more"));
    }
}
