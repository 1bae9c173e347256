//! The scenarios as they stand in the files: one JSON document a line.

mod behaviour;
mod registry;
mod step;
mod tasks;
mod tree;

pub use behaviour::{Init, OnTerminate, Outcome, Reason, Start};
pub use registry::{Keys, RegistryExpect, RegistryOp, RegistrySpec};
pub use step::{EventItem, Expect, Id, Op, Pid, ProcessName, Reply, StartChild, Stranger};
pub use tasks::{TaskExpect, TaskOp, TaskSpec, Timeout};
pub use tree::{Child, Kind, ShutdownSpec, ShutdownWord, StrategyName, Supervisor};

use serde::Deserialize;
use serde_json::Value;

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Unique in all files.
    pub name: String,
    /// What it checks, in words.
    pub doc: String,
    /// What a runner may need to know before it tries; see [`Scenario::has`].
    pub tags: Vec<String>,
    /// What is done, step by step, as it is written.
    pub done: Vec<String>,
    /// What is done and what has to come of it.
    pub story: Story,
}

/// The kinds of scenarios.
#[derive(Clone, Debug)]
pub enum Story {
    /// A supervision tree and what happens to it.
    Supervision(Supervisor, Vec<Step<Op, Expect>>),
    /// A registry.
    Registry(RegistrySpec, Vec<Step<RegistryOp, RegistryExpect>>),
    /// A task supervisor.
    Tasks(TaskSpec, Vec<Step<TaskOp, TaskExpect>>),
    /// Uses values that our types cannot even hold (tag `untyped` only); with what could not be read.
    Untypable(String),
}

/// Something that is done, and what is expected to come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step<O, E> {
    /// What is done.
    #[serde(rename = "do")]
    pub op: O,
    /// What has to come of it.
    pub expect: E,
}

/// A line, before its kind is known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    #[serde(rename = "theme")]
    _theme: String,
    #[serde(rename = "origin")]
    _origin: String,
    #[serde(default, rename = "seed")]
    _seed: Value,
    doc: String,
    #[serde(default)]
    tags: Vec<String>,
    root: Option<Value>,
    registry: Option<Value>,
    supervisor: Option<Value>,
    steps: Value,
}

impl Scenario {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// What is wrong with the line. Values that cannot be read are no fault of a scenario tagged `untyped`.
    pub fn parse(line: &str) -> Result<Self, serde_json::Error> {
        let mut line: Line = serde_json::from_str(line)?;
        let untyped = line.tags.iter().any(|tag| tag == "untyped");
        let done = written_ops(&line.steps);
        let story = match Story::parse(&mut line) {
            Err(error) if untyped => Story::Untypable(error.to_string()),
            other => other?,
        };
        Ok(Self {
            name: line.name,
            doc: line.doc,
            tags: line.tags,
            done,
            story,
        })
    }

    /// Whether the scenario has this tag.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }
}

fn written_ops(steps: &Value) -> Vec<String> {
    let steps = steps.as_array().map_or(&[][..], Vec::as_slice);
    steps.iter().map(|step| step["do"].to_string()).collect()
}

impl Story {
    fn parse(line: &mut Line) -> Result<Self, serde_json::Error> {
        use serde_json::from_value;
        let steps = line.steps.take();
        match (
            line.root.take(),
            line.registry.take(),
            line.supervisor.take(),
        ) {
            (Some(root), None, None) => {
                Ok(Self::Supervision(from_value(root)?, from_value(steps)?))
            }
            (None, Some(spec), None) => Ok(Self::Registry(from_value(spec)?, from_value(steps)?)),
            (None, None, Some(spec)) => Ok(Self::Tasks(from_value(spec)?, from_value(steps)?)),
            _ => Err(serde::de::Error::custom(
                "expected exactly one of the fields root, registry, supervisor",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(tags: &str, root: &str) -> String {
        format!(
            r#"{{"name":"n","theme":"t","origin":"hand","doc":"d","tags":{tags},"root":{root},"steps":[]}}"#
        )
    }

    #[test]
    fn defaults_are_otps() {
        let scenario = Scenario::parse(&line("[]", r#"{"children":[{"id":"a"}]}"#)).unwrap();
        let Story::Supervision(root, steps) = scenario.story else {
            panic!("not a supervision scenario");
        };
        assert!(steps.is_empty());
        assert_eq!((root.intensity(), root.period_s), (1, 5));
        assert_eq!(root.children[0].starts_rest, Outcome::ok());
        assert_eq!(root.children[0].on_terminate, None);
    }

    #[test]
    fn a_value_that_no_type_holds_is_a_fault_unless_the_scenario_says_untyped() {
        let root = r#"{"strategy":"foo"}"#;
        let refused = Scenario::parse(&line("[]", root)).unwrap_err().to_string();
        assert!(refused.contains("unknown variant `foo`"), "{refused}");
        let scenario = Scenario::parse(&line(r#"["untyped"]"#, root)).unwrap();
        assert!(matches!(scenario.story, Story::Untypable(why) if why == refused));
    }

    #[test]
    fn a_field_that_nobody_knows_is_a_fault() {
        let refused = Scenario::parse(&line("[]", r#"{"colour":"red"}"#)).unwrap_err();
        assert!(refused.to_string().contains("unknown field `colour`"));
    }

    #[test]
    fn a_scenario_is_of_one_kind() {
        let both = r#"{"name":"n","theme":"t","origin":"hand","doc":"d","root":{},"registry":{"keys":"unique"},"steps":[]}"#;
        assert!(Scenario::parse(both).is_err());
    }
}
