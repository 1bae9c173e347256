//! What tells the series of a family apart.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The most pairs of [`Tags`] that a store takes.
pub const TAGS_MAX: usize = 16;

/// The most bytes of the key of a tag.
pub const TAG_KEY_BYTES_MAX: usize = 64;

/// The most bytes of the value of a tag.
pub const TAG_VALUE_BYTES_MAX: usize = 256;

/// Pairs of key and value, sorted by key, each key once. Cheap to clone.
///
/// ```
/// use mainstay_actors::metrics::Tags;
///
/// let tags = Tags::from([("status", "success"), ("class", "read")]);
/// assert_eq!(tags.to_string(), r#"{class="read", status="success"}"#);
/// assert_eq!(tags.with("class", "write").get("class"), Some("write"));
/// ```
///
/// A store takes up to [`TAGS_MAX`] pairs. A key is of ASCII letters, digits and `_`, does not begin with a digit or with two `_`,
/// and is of at most [`TAG_KEY_BYTES_MAX`] bytes; a value is any text of at most [`TAG_VALUE_BYTES_MAX`] bytes.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tags(Option<Arc<[Pair]>>);

type Pair = (Box<str>, Box<str>);

impl Tags {
    /// No tags.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// These tags and one more, which takes the place of one with the same key.
    #[must_use]
    pub fn with(self, key: impl Into<Box<str>>, value: impl Into<Box<str>>) -> Self {
        let (key, value) = (key.into(), value.into());
        let mut pairs = self.pairs().to_vec();
        match pairs.binary_search_by(|(there, _)| there.cmp(&key)) {
            Ok(at) => pairs[at].1 = value,
            Err(at) => pairs.insert(at, (key, value)),
        }
        Self(Some(pairs.into()))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let pairs = self.pairs();
        let at = pairs.binary_search_by(|(there, _)| (**there).cmp(key));
        at.ok().map(|at| &*pairs[at].1)
    }

    /// The pairs, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs().iter().map(|(key, value)| (&**key, &**value))
    }

    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs().is_empty()
    }

    /// The pairs that these and the others have in common.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        let shared = self.pairs().iter();
        let shared = shared.filter(|(key, value)| other.get(key) == Some(&**value));
        shared.cloned().collect()
    }

    /// These tags but for one, if it is there.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        let rest = self.pairs().iter();
        rest.filter(|(there, _)| **there != *key).cloned().collect()
    }

    fn pairs(&self) -> &[Pair] {
        self.0.as_deref().unwrap_or_default()
    }

    pub(crate) fn check(&self) -> Result<(), TagsError> {
        if self.len() > TAGS_MAX {
            return Err(TagsError::TooMany { found: self.len() });
        }
        self.iter().try_for_each(|(key, value)| {
            let key = key.to_owned();
            if !is_key(&key) {
                return Err(TagsError::Key { key });
            }
            if value.len() > TAG_VALUE_BYTES_MAX {
                let found = value.len();
                return Err(TagsError::ValueTooLong { key, found });
            }
            Ok(())
        })
    }

    /// What they take on the heap.
    pub(crate) fn bytes(&self) -> usize {
        let pair = |(key, value): (&str, &str)| key.len() + value.len() + size_of::<Pair>();
        self.iter().map(pair).sum()
    }
}

fn is_key(key: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    key.len() <= TAG_KEY_BYTES_MAX
        && key.bytes().all(is_part)
        && !key.starts_with("__")
        && key
            .bytes()
            .next()
            .is_some_and(|first| !first.is_ascii_digit())
}

/// Why tags are not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagsError {
    /// More than [`TAGS_MAX`].
    #[error("expected at most {TAGS_MAX} tags, found {found}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// A key that is none.
    #[error(
        "expected a tag key of up to {TAG_KEY_BYTES_MAX} letters, digits and `_`, not beginning with a digit or `__`, found {key:?}"
    )]
    Key {
        /// What was given.
        key: String,
    },
    /// A value of more than [`TAG_VALUE_BYTES_MAX`] bytes.
    #[error(
        "expected at most {TAG_VALUE_BYTES_MAX} bytes as the value of the tag `{key}`, found {found}"
    )]
    ValueTooLong {
        /// Whose value.
        key: String,
        /// How many bytes there are.
        found: usize,
    },
}

impl<K: Into<Box<str>>, V: Into<Box<str>>> FromIterator<(K, V)> for Tags {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        let mut pairs: Vec<Pair> = pairs
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        // Stable, so that of two with the same key the later one comes first and stays.
        pairs.reverse();
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        pairs.dedup_by(|(later, _), (earlier, _)| later == earlier);
        Self((!pairs.is_empty()).then(|| pairs.into()))
    }
}

impl<K: Into<Box<str>>, V: Into<Box<str>>, const N: usize> From<[(K, V); N]> for Tags {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl From<&Self> for Tags {
    fn from(tags: &Self) -> Self {
        tags.clone()
    }
}

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (nth, (key, value)) in self.iter().enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            write!(f, "{comma}{key}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Tags that a store would not take are refused.
impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = BTreeMap::<String, String>::deserialize(deserializer)?;
        let tags: Self = pairs.into_iter().collect();
        tags.check().map_err(de::Error::custom)?;
        Ok(tags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_given_does_not_matter_and_the_last_of_a_key_counts() {
        let one = Tags::from([("b", "1"), ("a", "2"), ("b", "3")]);
        let other = Tags::new().with("a", "2").with("b", "1").with("b", "3");
        assert_eq!(one, other);
        assert_eq!(one.to_string(), r#"{a="2", b="3"}"#);
    }

    #[test]
    fn no_tags_are_equal_however_they_came_to_be() {
        assert_eq!(Tags::new(), Tags::from_iter([] as [(&str, &str); 0]));
    }

    #[test]
    fn common_tags_have_the_same_key_and_value() {
        let one = Tags::from([("a", "1"), ("b", "1")]);
        let other = Tags::from([("a", "1"), ("b", "2"), ("c", "1")]);
        assert_eq!(one.common(&other), Tags::from([("a", "1")]));
    }

    #[test]
    fn keys_that_an_export_could_not_name_are_refused() {
        for good in ["a", "_a", "a1", "A_b"] {
            assert_eq!(Tags::new().with(good, "").check(), Ok(()), "{good}");
        }
        for bad in ["", "1a", "__a", "a-b", "ä", &"a".repeat(65)] {
            let key = bad.to_owned();
            assert_eq!(
                Tags::new().with(bad, "").check(),
                Err(TagsError::Key { key })
            );
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let many: Tags = (0..17).map(|nth| (format!("k{nth}"), "")).collect();
        assert_eq!(many.check(), Err(TagsError::TooMany { found: 17 }));
        let long = Tags::new().with("a", "x".repeat(257));
        let key = "a".to_owned();
        assert_eq!(
            long.check(),
            Err(TagsError::ValueTooLong { key, found: 257 })
        );
    }
}
