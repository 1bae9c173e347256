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

/// Another content to start with that was taken over: of what was not changed since the start.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reload {
    /// What became different by it; at least one thing.
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
    /// The content to start with is another, and what was not changed since the start has followed it.
    Reloaded(Reload),
}

impl ConfigEvent {
    /// The version that came of it.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            Self::Updated(change) => change.version,
            Self::Reset(reset) => reset.version,
            Self::Reloaded(reload) => reload.version,
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
            Self::Reset(Reset { changes, .. }) | Self::Reloaded(Reload { changes, .. }) => {
                prefix.is_root() || changes.iter().any(|change| change.concerns(prefix))
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
    rest.iter()
        .fold(value, |value, segment| value?.step(segment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::path::IntoConfigPath;

    fn path(text: &str) -> ConfigPath {
        text.into_path().expect("a path")
    }

    fn value(ron: &str) -> ConfigValue {
        ron::from_str(ron).expect("RON")
    }

    fn updated(at: &str, previous: Option<&str>, now: &str) -> ConfigEvent {
        ConfigEvent::Updated(Change {
            path: path(at),
            previous: previous.map(value),
            value: value(now),
            version: 1,
        })
    }

    fn reset(at: &str, previous: Option<&str>, now: Option<&str>) -> ConfigEvent {
        let change = Difference {
            path: path(at),
            previous: previous.map(value),
            value: now.map(value),
        };
        ConfigEvent::Reset(Reset {
            changes: [change].into(),
            version: 1,
        })
    }

    #[test]
    fn an_update_there_or_further_in_concerns_a_subscriber_even_if_it_sets_the_same() {
        assert!(updated("a.b", Some("1"), "2").concerns(&path("")));
        assert!(updated("a.b", Some("1"), "2").concerns(&path("a")));
        assert!(updated("a.b", Some("1"), "1").concerns(&path("a.b")));
        assert!(!updated("a.b", Some("1"), "2").concerns(&path("a.c")));
        assert!(!updated("ab", Some("1"), "2").concerns(&path("a")));
    }

    #[test]
    fn an_update_further_out_concerns_a_subscriber_if_it_makes_a_difference() {
        let prefix = path("a.b.0");
        assert!(updated("a", Some("(b: [1])"), "(b: [2])").concerns(&prefix));
        assert!(!updated("a", Some("(b: [1, 5])"), "(b: [1, 6])").concerns(&prefix));
        assert!(
            updated("a", Some("(b: [1])"), "(c: 1)").concerns(&prefix),
            "it is gone"
        );
        assert!(updated("a", None, "(b: [1])").concerns(&prefix), "it came");
        assert!(
            !updated("a", None, "(c: 1)").concerns(&prefix),
            "it never was"
        );
    }

    #[test]
    fn a_reset_concerns_whom_it_makes_a_difference_for() {
        assert!(reset("a.b", Some("1"), Some("2")).concerns(&path("a")));
        assert!(reset("a.b", Some("1"), None).concerns(&path("a.b")));
        assert!(reset("a", Some("(b: 1)"), None).concerns(&path("a.b")));
        assert!(!reset("a", Some("(b: 1)"), None).concerns(&path("a.c")));
        assert!(!reset("a.b", Some("1"), None).concerns(&path("c")));
        let nothing = ConfigEvent::Reset(Reset {
            changes: [].into(),
            version: 1,
        });
        assert!(nothing.concerns(&path("")));
        assert!(!nothing.concerns(&path("a")));
    }

    #[test]
    fn events_are_told_in_json_by_their_type() {
        assert_eq!(
            serde_json::to_string(&updated("a.b", None, "(c: 1)")).expect("JSON"),
            r#"{"type":"updated","path":"a.b","previous":null,"value":{"c":1},"version":1}"#
        );
        assert_eq!(
            serde_json::to_string(&reset("a", Some("1"), None)).expect("JSON"),
            r#"{"type":"reset","changes":[{"path":"a","previous":1,"value":null}],"version":1}"#
        );
    }
}
