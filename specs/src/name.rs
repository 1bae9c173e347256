//! Names: of namespaces, of services in them, and of children under a supervisor.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The longest name accepted, in bytes.
pub const NAME_MAX: usize = 128;

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text is empty.
    #[error("expected a name, found an empty text")]
    Empty,
    /// The text is longer than [`NAME_MAX`].
    #[error("expected at most {NAME_MAX} bytes, found {0}")]
    TooLong(usize),
    /// The text holds a character that would be ambiguous in a path such as `production/pool/worker`.
    #[error("expected no '/', no control character and no white space at either end, found {0:?}")]
    BadCharacter(String),
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > NAME_MAX {
        return Err(NameError::TooLong(text.len()));
    }
    let bad = |character: char| character == '/' || character.is_control();
    let padded = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    if padded || text.contains(bad) {
        return Err(NameError::BadCharacter(text.to_owned()));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Cheap to clone. Not empty, at most [`NAME_MAX`] bytes, without `/`, control characters and white space at the
        /// ends, so that names joined by `/` make an unambiguous path.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(SmolStr);

        impl $name {
            /// Checks and takes a name.
            ///
            /// # Errors
            ///
            /// [`NameError`] tells what is wrong with the text.
            pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
                let text = text.as_ref();
                check(text)?;
                Ok(Self(SmolStr::new(text)))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.0.as_str(), f)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;
            fn try_from(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_str().to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0.as_str() == *other
            }
        }
    };
}

name! {
    /// The name of a namespace, such as `production`.
    NamespaceName
}

name! {
    /// The name of a process within a namespace: what a service is registered and looked up under.
    ServiceName
}

name! {
    /// What a supervisor calls a child: unique under that supervisor.
    ChildId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_refused_with_what_is_wrong_with_it() {
        assert_eq!(ChildId::new(""), Err(NameError::Empty));
        assert_eq!(ChildId::new("x".repeat(129)), Err(NameError::TooLong(129)));
        for bad in ["a/b", " a", "a ", "a\nb"] {
            assert_eq!(
                ChildId::new(bad),
                Err(NameError::BadCharacter(bad.to_owned()))
            );
        }
    }

    #[test]
    fn a_name_may_hold_inner_spaces_and_any_script() {
        for good in ["worker 1", "größe", "x".repeat(128).as_str()] {
            assert_eq!(
                ServiceName::new(good).map(|name| name.to_string()),
                Ok(good.to_owned())
            );
        }
    }
}
