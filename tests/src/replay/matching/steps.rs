//! One step: all that has to come of it, the events first because they tell most.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Difference, Event, match_events, match_multiset, match_trees, match_value};
use crate::replay::scenario::Expect;

/// What was seen after a step had come to rest.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The answer of the step; `None` while there is none.
    pub result: Option<Value>,
    /// Answers to calls of earlier steps.
    pub replies: BTreeMap<usize, Value>,
    /// What the root is doing.
    pub root_state: Value,
    /// What happened.
    pub events: Vec<Event>,
    /// What supervisors reported.
    pub reports: Vec<Value>,
    /// The tree, unless it was not to be taken.
    pub tree: Option<Vec<Value>>,
}

/// Compares what was seen with what had to come, `same` being the tree before.
///
/// # Errors
///
/// The first thing that differs.
pub fn match_step(expect: &Expect, same: &[Value], seen: &Seen) -> Result<(), Difference> {
    match_events(&expect.events, &seen.events)?;
    let pending = json!({"pending": true});
    match_value(
        "result",
        &expect.result,
        seen.result.as_ref().unwrap_or(&pending),
    )?;
    match_replies(expect, &seen.replies)?;
    match_multiset("report", &expect.reports, &seen.reports)?;
    match_value("root_state", &expect.root_state, &seen.root_state)?;
    match (expected_tree(expect, same), &seen.tree) {
        (None, _) => Ok(()),
        (Some(expected), Some(tree)) => match_trees(expected, tree),
        (Some(_), None) => Err(Difference::new("tree", &expect.tree, &"none was taken")),
    }
}

/// The tree after the step, or `None` if it is not to be taken.
#[must_use]
pub fn expected_tree<'a>(expect: &'a Expect, same: &'a [Value]) -> Option<&'a [Value]> {
    match &expect.tree {
        Value::Null => None,
        Value::Array(nodes) => Some(nodes),
        _ => Some(same),
    }
}

fn match_replies(expect: &Expect, got: &BTreeMap<usize, Value>) -> Result<(), Difference> {
    let expected: BTreeMap<usize, &Value> = expect
        .replies
        .iter()
        .map(|reply| (reply.step, &reply.result))
        .collect();
    for (step, result) in &expected {
        let place = format!("reply to step {step}");
        match got.get(step) {
            Some(there) => match_value(&place, result, there)?,
            None => return Err(Difference::new(place, result, &"nothing")),
        }
    }
    match got.iter().find(|(step, _)| !expected.contains_key(step)) {
        None => Ok(()),
        Some((step, result)) => {
            let place = format!("reply to step {step}");
            Err(Difference::new(place, &"none", result))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(value: Value) -> Expect {
        serde_json::from_value(value).unwrap()
    }

    fn blocked() -> Expect {
        expect(
            json!({"result": {"pending": true}, "root_state": "alive", "events": [],
            "replies": [{"step": 1, "result": null}], "tree": null}),
        )
    }

    fn seen() -> Seen {
        Seen {
            replies: BTreeMap::from([(1, Value::Null)]),
            root_state: json!("alive"),
            ..Seen::default()
        }
    }

    fn place(expect: &Expect, seen: &Seen) -> String {
        match_step(expect, &[], seen).unwrap_err().place
    }

    #[test]
    fn a_call_left_waiting_has_no_result_and_no_tree_is_taken() {
        assert_eq!(match_step(&blocked(), &[], &seen()), Ok(()));
        let answered = Seen {
            result: Some(json!({"ok": true})),
            ..seen()
        };
        assert_eq!(place(&blocked(), &answered), "result");
    }

    #[test]
    fn late_replies_are_compared_as_a_map() {
        let nothing = Seen {
            replies: BTreeMap::new(),
            ..seen()
        };
        assert_eq!(place(&blocked(), &nothing), "reply to step 1");
        let mut more = seen();
        more.replies.insert(0, Value::Null);
        assert_eq!(place(&blocked(), &more), "reply to step 0");
    }

    #[test]
    fn same_means_the_tree_before() {
        let expect =
            expect(json!({"result": null, "root_state": "alive", "events": [], "tree": "same"}));
        let before = [json!({"sup": "root", "n": 1, "children": [], "counts": [0, 0, 0, 0]})];
        let seen = Seen {
            result: Some(Value::Null),
            replies: BTreeMap::new(),
            tree: Some(before.to_vec()),
            ..seen()
        };
        assert_eq!(match_step(&expect, &before, &seen), Ok(()));
        assert_eq!(match_step(&expect, &[], &seen).unwrap_err().place, "node 0");
    }
}
