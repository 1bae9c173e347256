//! Small lists of names and values.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::value::{Number, Value};

/// The most fields that a list takes; what goes beyond is left out, and counted.
pub const FIELDS_MAX: usize = 32;

/// What was measured: names and numbers.
pub type Measurements = Fields<Number>;

/// What is said beside the numbers: names and values.
pub type Metadata = Fields<Value>;

/// A small list of names and values, in the order in which they were given; each name once. At most [`FIELDS_MAX`].
///
/// An empty one allocates nothing, and neither do names that are literals.
///
/// ```
/// use mainstay_actors::telemetry::{Measurements, Metadata};
///
/// let measurements = Measurements::new().with("count", 1_u64);
/// let metadata = Metadata::from([("service", "config_server"), ("cause", "timeout")]);
/// assert_eq!(measurements.get("count").map(|count| count.as_f64()), Some(1.0));
/// assert_eq!(metadata.to_string(), "service=config_server cause=timeout");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fields<V> {
    list: Vec<(Cow<'static, str>, V)>,
    left_out: u32,
}

impl<V> Fields<V> {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            list: Vec::new(),
            left_out: 0,
        }
    }

    /// With one more. A name that is there already gets the new value.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<V>) -> Self {
        self.put(name.into(), value.into());
        self
    }

    fn put(&mut self, name: Cow<'static, str>, value: V) {
        if let Some((_, present)) = self.list.iter_mut().find(|(known, _)| *known == name) {
            *present = value;
        } else if self.list.len() < FIELDS_MAX {
            self.list.push((name, value));
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// The value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        let found = self.list.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    /// Names and values, in the order in which they were given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> {
        self.list.iter().map(|(name, value)| (&**name, value))
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many were left out, because there were [`FIELDS_MAX`] already.
    #[must_use]
    pub const fn left_out(&self) -> u32 {
        self.left_out
    }
}

impl<V> Default for Fields<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V, N: Into<Cow<'static, str>>, X: Into<V>> FromIterator<(N, X)> for Fields<V> {
    fn from_iter<I: IntoIterator<Item = (N, X)>>(fields: I) -> Self {
        let mut all = Self::new();
        for (name, value) in fields {
            all.put(name.into(), value.into());
        }
        all
    }
}

impl<V, N: Into<Cow<'static, str>>, X: Into<V>, const L: usize> From<[(N, X); L]> for Fields<V> {
    fn from(fields: [(N, X); L]) -> Self {
        fields.into_iter().collect()
    }
}

/// None.
impl<V> From<()> for Fields<V> {
    fn from((): ()) -> Self {
        Self::new()
    }
}

/// Such as `service=config_server attempts=3`.
impl<V: fmt::Display> fmt::Display for Fields<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, (name, value)) in self.iter().enumerate() {
            let gap = if nth == 0 { "" } else { " " };
            write!(f, "{gap}{name}={value}")?;
        }
        Ok(())
    }
}

impl<V: Serialize> Serialize for Fields<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_value_the_last_that_was_given() {
        let fields = Measurements::from([("a", 1_u64), ("b", 2), ("a", 3)]);
        assert_eq!(fields, Measurements::from([("a", 3_u64), ("b", 2)]));
        assert_eq!(
            serde_json::to_string(&fields).expect("JSON"),
            r#"{"a":3,"b":2}"#
        );
    }

    #[test]
    fn what_is_too_much_is_left_out_and_counted() {
        let fields: Measurements = (0..40_u64).map(|n| (format!("f{n}"), n)).collect();
        assert_eq!((fields.len(), fields.left_out()), (32, 8));
        let fields = fields.with("f3", 300_u64);
        assert_eq!(fields.get("f3"), Some(&Number::Unsigned(300)));
        assert_eq!(fields.get("f32"), None);
        assert_eq!(fields.left_out(), 8);
    }
}
