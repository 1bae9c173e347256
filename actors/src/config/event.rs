//! What has changed.

use std::sync::Arc;

use serde::Serialize;

use super::document::Difference;
use super::path::ConfigPath;
use super::value::ConfigValue;

/// An update that was carried out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What was updated.
    pub path: ConfigPath,
    /// The value that was there; `None` if there was none.
    pub previous: Option<ConfigValue>,
    /// The value that is there now.
    pub value: ConfigValue,
    /// The version that came of it.
    pub version: u64,
}

/// A reset that was carried out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reset {
    /// What became different by it. Empty if all was as at the start.
    pub changes: Arc<[Difference]>,
    /// The version that came of it.
    pub version: u64,
}

/// What a subscriber is told. Every version but the first comes with exactly one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConfigEvent {
    /// A value was updated.
    Updated(Change),
    /// The content is again what it was at the start.
    Reset(Reset),
}

impl ConfigEvent {
    /// The version that came of it.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            Self::Updated(change) => change.version,
            Self::Reset(reset) => reset.version,
        }
    }

    /// Whether somebody who is interested in what lies at `prefix` wants to know: of an update there or further in; of one
    /// further out, or a reset, that has made it different.
    #[must_use]
    pub fn concerns(&self, prefix: &ConfigPath) -> bool {
        match self {
            Self::Updated(change) => {
                let (previous, value) = (change.previous.as_ref(), Some(&change.value));
                change.path.is_within(prefix) || differs(prefix, &change.path, previous, value)
            }
            Self::Reset(reset) => {
                let mut changes = reset.changes.iter();
                prefix.is_root() || changes.any(|change| change.concerns(prefix))
            }
        }
    }
}

impl Difference {
    fn concerns(&self, prefix: &ConfigPath) -> bool {
        let (previous, value) = (self.previous.as_ref(), self.value.as_ref());
        self.path.is_within(prefix) || differs(prefix, &self.path, previous, value)
    }
}

/// Whether something else is at `path` if `value` comes in the place of `previous` at `outer`.
fn differs(
    path: &ConfigPath,
    outer: &ConfigPath,
    previous: Option<&ConfigValue>,
    value: Option<&ConfigValue>,
) -> bool {
    let Some(rest) = path.segments().strip_prefix(outer.segments()) else {
        return false;
    };
    walk(previous, rest) != walk(value, rest)
}

fn walk<'a>(value: Option<&'a ConfigValue>, rest: &[Box<str>]) -> Option<&'a ConfigValue> {
    rest.iter().fold(value, |value, segment| value?.step(segment))
}

#[cfg(test)]
mod tests;
