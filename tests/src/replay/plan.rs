//! The trees of a document made ready to be started any number of times: each CHILD as written has one script.

use std::sync::Arc;

use super::scenario::{Child, OnTerminate, Outcome, StartChild, Supervisor};
use super::script::Script;

/// A supervisor of the document.
#[derive(Debug)]
pub struct SupervisorPlan {
    /// As written.
    pub written: Supervisor,
    /// Its children, in start order; for `simple_one_for_one` the template.
    pub children: Vec<Arc<ChildPlan>>,
    /// What each partition is.
    pub partition: Option<Arc<ChildPlan>>,
}

/// A child of the document.
#[derive(Debug)]
pub struct ChildPlan {
    /// As written.
    pub written: Child,
    /// What its start attempts come to.
    pub script: Script,
    /// The supervisor that it is.
    pub sup: Option<Arc<SupervisorPlan>>,
}

impl SupervisorPlan {
    /// Makes a supervisor and all below it ready.
    #[must_use]
    pub fn new(written: &Supervisor) -> Arc<Self> {
        Arc::new(Self {
            children: written.children.iter().map(ChildPlan::new).collect(),
            partition: written.child.as_deref().map(ChildPlan::new),
            written: written.clone(),
        })
    }
}

impl ChildPlan {
    /// Makes a child and all below it ready.
    #[must_use]
    pub fn new(written: &Child) -> Arc<Self> {
        Arc::new(Self {
            script: Script::of(written),
            sup: written.sup.as_ref().map(SupervisorPlan::new),
            written: written.clone(),
        })
    }

    /// The child that a step adds by key: made after the template if there is one, with the script of the step.
    #[must_use]
    pub fn of_step(step: &StartChild, template: Option<&Child>) -> Arc<Self> {
        let mut written = step
            .child
            .clone()
            .or_else(|| template.cloned())
            .unwrap_or_default();
        // A dynamic supervisor's child may be written whole, and then the script is the child's own.
        if step.child.is_none() || !step.starts.is_empty() || step.starts_rest.is_some() {
            written.starts = step.starts.clone();
            written.starts_rest = step.starts_rest.clone().unwrap_or_else(Outcome::ok);
        }
        written.on_terminate = step.on_terminate.clone().or(written.on_terminate);
        written.args.extend(step.args.iter().cloned());
        Self::new(&written)
    }

    /// How the worker reacts to a stop.
    #[must_use]
    pub fn on_terminate(&self) -> OnTerminate {
        self.written.on_terminate.clone().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scenario::Start;
    use super::*;

    fn child(value: serde_json::Value) -> Child {
        serde_json::from_value(value).unwrap()
    }

    fn step(value: serde_json::Value) -> StartChild {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_child_made_after_a_template_has_the_steps_script_and_both_their_arguments() {
        let template = child(json!({"id": "tm", "on_terminate": "hang", "args": ["a"]}));
        let step = step(json!({"sup": "root", "key": "k1", "args": ["b"], "starts": ["ignore"]}));
        let plan = ChildPlan::of_step(&step, Some(&template));
        assert_eq!(plan.written.args, ["a", "b"]);
        assert_eq!(plan.on_terminate(), OnTerminate::Hang);
        assert_eq!(plan.script.next().start, Start::Ignore);
        assert_eq!(plan.script.next(), Outcome::ok());
    }

    #[test]
    fn the_step_may_say_how_the_child_stops() {
        let template = child(json!({"id": "tm", "on_terminate": "hang"}));
        let step = step(json!({"sup": "root", "key": "k1", "on_terminate": "prompt"}));
        let plan = ChildPlan::of_step(&step, Some(&template));
        assert_eq!(plan.on_terminate(), OnTerminate::Prompt);
    }

    #[test]
    fn children_of_a_nested_supervisor_keep_their_scripts() {
        let nested =
            child(json!({"id": "s", "sup": {"children": [{"id": "x", "starts": ["ignore"]}]}}));
        let plan = ChildPlan::new(&nested);
        let inner = &plan.sup.as_ref().unwrap().children[0];
        assert_eq!(inner.script.next().start, Start::Ignore);
        assert_eq!(inner.script.next().start, Start::Ok);
    }
}
