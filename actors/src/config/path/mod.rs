//! Paths: where in the configuration a value is.

mod parse;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The most segments of a path that is given to the config server.
pub const SEGMENTS_MAX: usize = 50;

/// Why a text or a list of segments is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A segment is empty. To name the whole configuration, use the empty path.
    #[error("segment {nth} of the path is empty")]
    EmptySegment {
        /// Which segment, from 1.
        nth: usize,
    },
    /// There are more segments than [`SEGMENTS_MAX`].
    #[error("expected a path of at most {SEGMENTS_MAX} segments, found more")]
    TooManySegments,
    /// A quoted segment has no end.
    #[error("the quote at character {column} of the path is not closed")]
    OpenQuote {
        /// The character of the path at which the quote begins, from 1.
        column: usize,
    },
    /// A quote inside a segment that does not begin with one, or something between a closing quote and the next dot.
    #[error("expected a dot or the end of the path at character {column}, found {found:?}")]
    BesideQuote {
        /// The character of the path, from 1.
        column: usize,
        /// What is there.
        found: char,
    },
    /// A backslash in a quoted segment before anything but `"` and `\`.
    #[error(r#"expected \" or \\ after the backslash at character {column} of the path"#)]
    Escape {
        /// The character of the path at which the backslash is, from 1.
        column: usize,
    },
}

/// Where in the configuration a value is: keys of maps and indices of lists, from the outside in.
///
/// As text, segments are joined by dots: `pools.main.size`, `hosts.0.name`. A segment that holds a dot or a quote is
/// quoted: `limits."example.com"`; inside quotes, `\"` and `\\` stand for `"` and `\`. Whether a segment of digits is a
/// key or an index is decided by what it meets: a map or a list. The empty path is the whole configuration.
///
/// Cheap to clone. Parse a path once and keep it where it is used often.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConfigPath(Arc<[Box<str>]>);

impl ConfigPath {
    /// The path of the whole configuration.
    #[must_use]
    pub fn root() -> Self {
        Self(Arc::default())
    }

    /// The path with these segments, each taken as it is: dots and quotes in them mean nothing.
    ///
    /// # Errors
    ///
    /// An empty segment, or more than [`SEGMENTS_MAX`].
    pub fn from_segments<S: Into<Box<str>>>(
        segments: impl IntoIterator<Item = S>,
    ) -> Result<Self, PathError> {
        let segments = segments.into_iter().take(SEGMENTS_MAX + 1);
        let segments: Vec<Box<str>> = segments.map(Into::into).collect();
        if let Some(nth) = segments.iter().position(|segment| segment.is_empty()) {
            return Err(PathError::EmptySegment { nth: nth + 1 });
        }
        if segments.len() > SEGMENTS_MAX {
            return Err(PathError::TooManySegments);
        }
        Ok(Self(segments.into()))
    }

    /// The path of something that is there, however deep.
    pub(crate) fn of_existing(segments: &[Box<str>]) -> Self {
        Self(segments.into())
    }

    /// The segments, from the outside in.
    #[must_use]
    pub fn segments(&self) -> &[Box<str>] {
        &self.0
    }

    /// Whether it is the path of the whole configuration.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is `outer`, or leads to something inside of what `outer` leads to.
    #[must_use]
    pub fn is_within(&self, outer: &Self) -> bool {
        self.0.starts_with(&outer.0)
    }
}

impl FromStr for ConfigPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::from_segments(parse::segments(text)?)
    }
}

impl TryFrom<String> for ConfigPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        text.parse()
    }
}

impl From<ConfigPath> for String {
    fn from(path: ConfigPath) -> Self {
        path.to_string()
    }
}

impl fmt::Display for ConfigPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, segment) in self.0.iter().enumerate() {
            if nth > 0 {
                f.write_str(".")?;
            }
            if segment.contains(['.', '"']) {
                let escaped = segment.replace('\\', r"\\").replace('"', r#"\""#);
                write!(f, "\"{escaped}\"")?;
            } else {
                f.write_str(segment)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ConfigPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigPath({self})")
    }
}

/// What can be given where a path is wanted: text, a list of segments, or a path.
pub trait IntoConfigPath {
    /// Makes it a path.
    ///
    /// # Errors
    ///
    /// What is wrong with it as a path.
    fn into_path(self) -> Result<ConfigPath, PathError>;
}

impl IntoConfigPath for ConfigPath {
    fn into_path(self) -> Result<ConfigPath, PathError> {
        Ok(self)
    }
}

impl IntoConfigPath for &ConfigPath {
    fn into_path(self) -> Result<ConfigPath, PathError> {
        Ok(self.clone())
    }
}

impl IntoConfigPath for &str {
    fn into_path(self) -> Result<ConfigPath, PathError> {
        self.parse()
    }
}

impl IntoConfigPath for &String {
    fn into_path(self) -> Result<ConfigPath, PathError> {
        self.parse()
    }
}

impl IntoConfigPath for String {
    fn into_path(self) -> Result<ConfigPath, PathError> {
        self.parse()
    }
}

impl<S: Into<Box<str>>, const N: usize> IntoConfigPath for [S; N] {
    fn into_path(self) -> Result<ConfigPath, PathError> {
        ConfigPath::from_segments(self)
    }
}

impl<S: Into<Box<str>>> IntoConfigPath for Vec<S> {
    fn into_path(self) -> Result<ConfigPath, PathError> {
        ConfigPath::from_segments(self)
    }
}

#[cfg(test)]
mod tests;
