//! Which paths are meant.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{EventPath, EventPathError, check_length, check_segment};

/// Stands for exactly one segment.
const ONE: &str = "*";

/// Stands for all segments that are left, none included.
const REST: &str = "**";

/// A pattern of paths. Cheap to clone.
///
/// * A segment stands for itself: `foundation.config_server.get` is that one path.
/// * `*` as a segment stands for exactly one segment: `foundation.*.get`.
/// * `**` as the last segment stands for all that are left, none included: `foundation.**` is `foundation` and all below it, `**`
///   is every path.
///
/// A `*` inside of a segment, and anything after `**`, is refused.
///
/// ```
/// use mainstay_specs::PathPattern;
///
/// let pattern = PathPattern::new("foundation.*.get")?;
/// assert!(pattern.matches("foundation.config_server.get"));
/// assert!(!pattern.matches("foundation.config_server.cache.get"));
/// assert!(PathPattern::new("foundation.**")?.matches("foundation.config_server.cache.get"));
/// # Ok::<(), mainstay_specs::EventPathError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern(SmolStr);

impl PathPattern {
    /// Checks and takes a pattern.
    ///
    /// # Errors
    ///
    /// [`EventPathError`] tells what is wrong with the text.
    pub fn new(text: impl AsRef<str>) -> Result<Self, EventPathError> {
        let text = text.as_ref();
        check_length(text)?;
        let mut parts = text.split('.').peekable();
        while let Some(part) = parts.next() {
            match part {
                ONE => {}
                REST if parts.peek().is_none() => {}
                REST => return Err(EventPathError::AfterRest(text.to_owned())),
                segment => check_segment(text, segment)?,
            }
        }
        Ok(Self(SmolStr::new(text)))
    }

    /// The pattern of every path.
    #[must_use]
    pub const fn all() -> Self {
        Self(SmolStr::new_static(REST))
    }

    /// The pattern as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for one path only, which then is its text.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether it stands for this path. A text that is no path is matched segment by segment all the same.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let mut segments = path.split('.');
        for part in self.0.split('.') {
            if part == REST {
                return true;
            }
            match segments.next() {
                Some(segment) if part == ONE || part == segment => {}
                _ => return false,
            }
        }
        segments.next().is_none()
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PathPattern({self})")
    }
}

impl TryFrom<&str> for PathPattern {
    type Error = EventPathError;
    fn try_from(text: &str) -> Result<Self, EventPathError> {
        Self::new(text)
    }
}

impl TryFrom<String> for PathPattern {
    type Error = EventPathError;
    fn try_from(text: String) -> Result<Self, EventPathError> {
        Self::new(text)
    }
}

impl std::str::FromStr for PathPattern {
    type Err = EventPathError;
    fn from_str(text: &str) -> Result<Self, EventPathError> {
        Self::new(text)
    }
}

/// The pattern of this one path.
impl From<EventPath> for PathPattern {
    fn from(path: EventPath) -> Self {
        Self(path.0)
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.0.as_str().to_owned()
    }
}

impl AsRef<str> for PathPattern {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::new(text).expect("a pattern")
    }

    #[test]
    fn a_pattern_without_stars_stands_for_one_path() {
        assert!(pattern("a.b").matches("a.b"));
        assert!(pattern("a.b").is_exact());
        for path in ["a", "a.b.c", "a.c", "b.a", "a.bb", "aa.b"] {
            assert!(!pattern("a.b").matches(path), "{path}");
        }
    }

    #[test]
    fn one_star_stands_for_exactly_one_segment() {
        for path in ["a.b.c", "a.x.c"] {
            assert!(pattern("a.*.c").matches(path), "{path}");
        }
        for path in ["a.c", "a.b.b.c", "a.b", "a.b.c.d"] {
            assert!(!pattern("a.*.c").matches(path), "{path}");
        }
        assert!(pattern("*").matches("a"));
        assert!(!pattern("*").matches("a.b"));
    }

    #[test]
    fn two_stars_stand_for_what_is_left_even_if_that_is_nothing() {
        for path in ["a", "a.b", "a.b.c"] {
            assert!(pattern("a.**").matches(path), "{path}");
            assert!(PathPattern::all().matches(path), "{path}");
        }
        assert!(!pattern("a.**").matches("ab"));
        assert!(pattern("*.b.**").matches("x.b.c.d"));
        assert!(!pattern("*.b.**").matches("x"));
    }

    #[test]
    fn a_pattern_is_refused_with_what_is_wrong_with_it() {
        let refused = |text: &str| PathPattern::new(text).map(drop);
        let owned = str::to_owned;
        assert_eq!(refused(""), Err(EventPathError::Empty));
        for text in ["**.a", "a.**.b", "**.**"] {
            assert_eq!(refused(text), Err(EventPathError::AfterRest(owned(text))));
        }
        for segment in ["a*", "*a", "***", "a**", "**a", "a b"] {
            let text = format!("x.{segment}");
            assert_eq!(
                refused(&text),
                Err(EventPathError::BadSegment(owned(segment)))
            );
        }
        for text in [".", "a.", ".**", "a..**", "*..b"] {
            assert_eq!(
                refused(text),
                Err(EventPathError::EmptySegment(owned(text)))
            );
        }
    }

    /// The same, with whole lists.
    fn by_lists(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern, path) {
            (["**"], _) | ([], []) => true,
            ([part, parts @ ..], [segment, segments @ ..]) => {
                (*part == "*" || part == segment) && by_lists(parts, segments)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_is_that_of_lists(
            parts in prop::collection::vec(prop::sample::select(vec!["a", "b", "*"]), 1..5),
            rest in any::<bool>(),
            path in prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..6),
        ) {
            let mut parts = parts;
            parts.extend(rest.then_some("**"));
            let text = parts.join(".");
            prop_assert_eq!(pattern(&text).matches(&path.join(".")), by_lists(&parts, &path));
        }

        #[test]
        fn no_text_is_taken_that_cannot_be_matched_as_it_reads(text in "[a*. ]{0,8}") {
            if let Ok(pattern) = PathPattern::new(&text) {
                let rest = text.strip_suffix("**").unwrap_or(&text);
                let path = rest.trim_end_matches('.').replace('*', "x");
                prop_assert!(path.is_empty() || pattern.matches(&path));
            } else if EventPath::new(&text).is_ok() {
                prop_assert!(false, "a path is a pattern");
            }
        }
    }
}
