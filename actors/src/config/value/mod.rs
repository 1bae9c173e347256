//! Values: the tree a configuration is.

mod convert;
mod decode;
mod read;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

pub use decode::DecodeError;
pub(crate) use read::Reading;

/// A value of the configuration: a scalar, or a list or map of values.
///
/// Values never change; cloning one is a matter of counters, however large it is. Made from Rust's own values with
/// `into()`, from RON and JSON through serde; read as a type of yours with [`decode`](Self::decode).
///
/// In RON, `(a: 1)` and `{"a": 1}` are the same map, `(1, 2)` and `[1, 2]` the same list, `()` and `None` are null, `Some(x)`
/// is `x`. A name by itself (`Fast`) is the string `"Fast"`; a name before brackets (`Every(5)`) is kept as in JSON, as the map
/// `{"Every": 5}`. Both decode as variants of an enum. So leave the names of structs out. An integer that does not fit in 64 bits
/// is read as a float, as from JSON.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConfigValue {
    /// Nothing: a place that is kept for a value of any kind.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer. Those from `i64::MIN` to `u64::MAX` are accepted.
    Integer(i128),
    /// A number with a fraction. Only finite ones are accepted.
    Float(f64),
    /// A string.
    String(Arc<str>),
    /// A list.
    List(Arc<Vec<Self>>),
    /// A map.
    Map(Arc<BTreeMap<Arc<str>, Self>>),
}

impl ConfigValue {
    /// A list of these.
    pub fn list<V: Into<Self>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::List(Arc::new(values.into_iter().map(Into::into).collect()))
    }

    /// A map of these. Of two with the same key the later one counts.
    pub fn map<K: Into<Arc<str>>, V: Into<Self>>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let entries = entries.into_iter();
        Self::Map(Arc::new(
            entries
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        ))
    }

    /// Which kind of value it is.
    #[must_use]
    pub const fn kind(&self) -> ConfigKind {
        match self {
            Self::Null => ConfigKind::Null,
            Self::Bool(_) => ConfigKind::Bool,
            Self::Integer(_) => ConfigKind::Integer,
            Self::Float(_) => ConfigKind::Float,
            Self::String(_) => ConfigKind::String,
            Self::List(_) => ConfigKind::List,
            Self::Map(_) => ConfigKind::Map,
        }
    }

    /// Whether it is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The truth value, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it is one and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => i64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// The integer, if it is one and fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Integer(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// The number, be it with a fraction or without.
    #[must_use]
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(value) => Some(value),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    /// The entries, if it is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&BTreeMap<Arc<str>, Self>> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// What this segment of a path leads to from here: the entry of a map, or the element of a list.
    #[must_use]
    pub fn step(&self, segment: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.get(segment),
            Self::List(values) => values.get(index(segment)?),
            _ => None,
        }
    }
}

/// The index that a segment names: digits as they are usually written, so that no element has two paths.
pub(crate) fn index(segment: &str) -> Option<usize> {
    let usual = segment == "0" || segment.starts_with(|first| matches!(first, '1'..='9'));
    usual.then(|| segment.parse().ok()).flatten()
}

/// Which kind of value a [`ConfigValue`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConfigKind {
    /// Nothing.
    Null,
    /// A truth value.
    Bool,
    /// An integer.
    Integer,
    /// A number with a fraction.
    Float,
    /// A string.
    String,
    /// A list.
    List,
    /// A map.
    Map,
}

impl fmt::Display for ConfigKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "a bool",
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::String => "a string",
            Self::List => "a list",
            Self::Map => "a map",
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
