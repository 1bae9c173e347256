//! The texts that an event carries: what kind it is, what it belongs to, who it is of.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is not one that an event can carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// It is empty.
    #[error("expected a text that is not empty")]
    Empty,
    /// It is too long.
    #[error("expected at most {max} bytes, found {found}")]
    TooLong {
        /// How long it may be.
        max: usize,
        /// How long it is.
        found: usize,
    },
    /// It holds a control character, or white space at an end.
    #[error("expected no control character and no white space at either end, found {0:?}")]
    BadCharacter(String),
}

fn check(text: &str, max: usize) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > max {
        let found = text.len();
        return Err(TextError::TooLong { max, found });
    }
    let padded = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    if padded || text.contains(char::is_control) {
        return Err(TextError::BadCharacter(text.to_owned()));
    }
    Ok(())
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        $(#[$doc])*
        ///
        /// Cheap to clone. Not empty, without control characters, and without white space at the ends.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The most bytes.
            pub const BYTES_MAX: usize = $max;

            /// Checks and takes a text.
            ///
            /// # Errors
            ///
            /// [`TextError`] tells what is wrong with it.
            pub fn new(text: impl AsRef<str>) -> Result<Self, TextError> {
                let text = text.as_ref();
                check(text, Self::BYTES_MAX)?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                *self.0 == *text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                *self.0 == **text
            }
        }
    };
}

text! {
    /// What kind of event it is, such as `user_login`: at most 128 bytes.
    EventType, 128
}

text! {
    /// What events of one matter have in common, such as the number of a request: at most 128 bytes.
    CorrelationId, 128
}

text! {
    /// The process an event is of, such as `production/children/clock`: at most 1,024 bytes.
    EventProcess, 1024
}
