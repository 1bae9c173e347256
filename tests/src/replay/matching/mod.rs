//! What counts as equal: events up to the order that OTP leaves open, reports as a multiset, trees exactly.

mod events;
mod steps;
mod trees;

pub use events::{Event, deviates, match_events};
pub use steps::{Seen, expected_tree, match_step};
pub use trees::match_trees;

use std::fmt;

use serde_json::Value;

/// The first thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What is compared: `event 3`, `result`, `node root/s`.
    pub place: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub got: String,
}

impl Difference {
    /// Names a difference; both sides as they are to be shown.
    #[must_use]
    pub fn new(
        place: impl Into<String>,
        expected: &dyn fmt::Display,
        got: &dyn fmt::Display,
    ) -> Self {
        Self {
            place: place.into(),
            expected: expected.to_string(),
            got: got.to_string(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} differs", self.place)?;
        writeln!(f, "  expected: {}", self.expected)?;
        write!(f, "  got:      {}", self.got)
    }
}

/// Compares two values.
///
/// # Errors
///
/// That they differ.
pub fn match_value(place: &str, expected: &Value, got: &Value) -> Result<(), Difference> {
    if expected == got {
        return Ok(());
    }
    Err(Difference::new(place, expected, got))
}

/// Compares two lists whose order means nothing.
///
/// # Errors
///
/// The first that is missing, or else the first that is too many.
pub fn match_multiset(place: &str, expected: &[Value], got: &[Value]) -> Result<(), Difference> {
    let mut rest: Vec<&Value> = got.iter().collect();
    for wanted in expected {
        match rest.iter().position(|there| *there == wanted) {
            Some(index) => drop(rest.swap_remove(index)),
            None => return Err(Difference::new(place, wanted, &found_instead(&rest))),
        }
    }
    match rest.first() {
        None => Ok(()),
        Some(extra) => Err(Difference::new(place, &"no more", extra)),
    }
}

fn found_instead(rest: &[&Value]) -> String {
    if rest.is_empty() {
        return "nothing".to_owned();
    }
    let texts: Vec<String> = rest.iter().map(ToString::to_string).collect();
    format!("only {}", texts.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(value: Value) -> Vec<Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_multiset_has_no_order_but_counts() {
        let expected = values(json!([["a"], ["b"], ["a"]]));
        let compare = |got| match_multiset("report", &expected, &values(got));
        assert_eq!(compare(json!([["b"], ["a"], ["a"]])), Ok(()));
        let missing = Difference::new("report", &r#"["a"]"#, &r#"only ["c"]"#);
        assert_eq!(compare(json!([["a"], ["c"], ["b"]])), Err(missing));
        let extra = Difference::new("report", &"no more", &r#"["b"]"#);
        assert_eq!(compare(json!([["a"], ["b"], ["a"], ["b"]])), Err(extra));
    }

    #[test]
    fn a_difference_names_both_sides() {
        let difference = match_value("result", &json!({"ok": true}), &json!(null)).unwrap_err();
        let text = "result differs\n  expected: {\"ok\":true}\n  got:      null";
        assert_eq!(difference.to_string(), text);
    }
}
