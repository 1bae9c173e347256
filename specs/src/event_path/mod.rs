//! Dotted paths of events and metrics, and patterns of them.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`EventPath`] |
//! | `pattern.rs` | [`PathPattern`] |

mod pattern;

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub use pattern::PathPattern;

/// The longest path or pattern accepted, in bytes.
pub const EVENT_PATH_BYTES_MAX: usize = 255;

/// Why a text is no path, or no pattern, of events or metrics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventPathError {
    /// The text is empty.
    #[error("expected a path such as `foundation.config_server.updates`, found an empty text")]
    Empty,
    /// The text is longer than [`EVENT_PATH_BYTES_MAX`].
    #[error("expected at most {EVENT_PATH_BYTES_MAX} bytes, found {0}")]
    TooLong(usize),
    /// A dot with nothing before it, or nothing after it.
    #[error("expected something between, before and after the dots, found {0:?}")]
    EmptySegment(String),
    /// A segment holds white space, a control character, or a `*` that is not all of it or stands where none may.
    #[error("expected no white space, no control character and no `*` here, found {0:?}")]
    BadSegment(String),
    /// `**` stands for the rest of a path, so nothing can come after it.
    #[error("expected nothing after `**`, found {0:?}")]
    AfterRest(String),
}

/// The name of a kind of event or of a metric: segments joined by dots, such as `foundation.circuit_breaker.opened`.
///
/// Cheap to clone. No segment is empty or holds a dot, a `*`, white space or a control character; all in all there are at most
/// [`EVENT_PATH_BYTES_MAX`] bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventPath(SmolStr);

impl EventPath {
    /// Checks and takes a path.
    ///
    /// # Errors
    ///
    /// [`EventPathError`] tells what is wrong with the text.
    pub fn new(text: impl AsRef<str>) -> Result<Self, EventPathError> {
        let text = text.as_ref();
        Self::check(text)?;
        Ok(Self(SmolStr::new(text)))
    }

    /// Checks a path without taking it: nothing is allocated for a good one.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn check(text: &str) -> Result<(), EventPathError> {
        check_length(text)?;
        text.split('.')
            .try_for_each(|segment| check_segment(text, segment))
    }

    /// The path that this one leads to with `segment` (or several, joined by dots) behind it.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn join(&self, segment: &str) -> Result<Self, EventPathError> {
        Self::new(format!("{self}.{segment}"))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments, from the outside in; never none.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether it is `outer`, or lies below it.
    #[must_use]
    pub fn is_within(&self, outer: &str) -> bool {
        let rest = self.0.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

fn check_length(text: &str) -> Result<(), EventPathError> {
    if text.is_empty() {
        return Err(EventPathError::Empty);
    }
    if text.len() > EVENT_PATH_BYTES_MAX {
        return Err(EventPathError::TooLong(text.len()));
    }
    Ok(())
}

fn check_segment(text: &str, segment: &str) -> Result<(), EventPathError> {
    if segment.is_empty() {
        return Err(EventPathError::EmptySegment(text.to_owned()));
    }
    let bad = |c: char| c == '*' || c.is_whitespace() || c.is_control();
    if segment.contains(bad) {
        return Err(EventPathError::BadSegment(segment.to_owned()));
    }
    Ok(())
}

impl fmt::Display for EventPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventPath({self})")
    }
}

impl TryFrom<&str> for EventPath {
    type Error = EventPathError;
    fn try_from(text: &str) -> Result<Self, EventPathError> {
        Self::new(text)
    }
}

impl TryFrom<String> for EventPath {
    type Error = EventPathError;
    fn try_from(text: String) -> Result<Self, EventPathError> {
        Self::new(text)
    }
}

impl TryFrom<&Self> for EventPath {
    type Error = EventPathError;
    fn try_from(path: &Self) -> Result<Self, EventPathError> {
        Ok(path.clone())
    }
}

impl std::str::FromStr for EventPath {
    type Err = EventPathError;
    fn from_str(text: &str) -> Result<Self, EventPathError> {
        Self::new(text)
    }
}

impl From<EventPath> for String {
    fn from(path: EventPath) -> Self {
        path.0.as_str().to_owned()
    }
}

impl AsRef<str> for EventPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for EventPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for EventPath {
    fn eq(&self, other: &str) -> bool {
        self.0.as_str() == other
    }
}

impl PartialEq<&str> for EventPath {
    fn eq(&self, other: &&str) -> bool {
        self.0.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_refused_with_what_is_wrong_with_it() {
        let refused = |text: &str| EventPath::new(text).map(drop);
        let owned = str::to_owned;
        assert_eq!(refused(""), Err(EventPathError::Empty));
        assert_eq!(refused(&"x".repeat(256)), Err(EventPathError::TooLong(256)));
        for text in [".", "a.", ".a", "a..b"] {
            assert_eq!(
                refused(text),
                Err(EventPathError::EmptySegment(owned(text)))
            );
        }
        for segment in ["*", "**", "a*", "a b", "a\nb", "\u{a0}"] {
            let text = format!("x.{segment}");
            assert_eq!(
                refused(&text),
                Err(EventPathError::BadSegment(owned(segment)))
            );
        }
    }

    #[test]
    fn a_path_may_be_of_one_segment_and_of_any_script() {
        for text in ["a", "größe.a-b.x::y/z", "x".repeat(255).as_str()] {
            assert_eq!(EventPath::new(text).map(String::from), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_path_is_within_itself_and_what_it_lies_below() {
        let path = EventPath::new("a.bc.d").expect("a path");
        assert!(path.is_within("a.bc.d"));
        assert!(path.is_within("a.bc"));
        assert!(!path.is_within("a.b"));
        assert!(!path.is_within("a.bc.d.e"));
        assert_eq!(path.join("e.f").expect("a path"), "a.bc.d.e.f");
        assert_eq!(path.segments().collect::<Vec<_>>(), ["a", "bc", "d"]);
    }
}
