//! What a replay came to, and how it is told.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::matching::Difference;
use super::scenario::Scenario;
use super::skip::{Cause, Skip};

/// What the replay of one scenario came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was as recorded.
    Passed,
    /// Something was not.
    Failed(Mismatch),
    /// It need not be as recorded, for this reason.
    Skipped(Skip),
}

/// Where a replay went another way than the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The step, from 0; `None` when it was not for a step to go wrong.
    pub step: Option<usize>,
    /// How.
    pub difference: Difference,
}

/// How many scenarios came to what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// As recorded.
    pub passed: usize,
    /// Not as recorded.
    pub failed: usize,
    /// Need not be as recorded, by what allows it.
    pub skipped: BTreeMap<Cause, usize>,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Skipped(skip) => *self.skipped.entry(skip.cause).or_default() += 1,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, .. } = self;
        let skipped: usize = self.skipped.values().sum();
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// A verdict as it is printed; empty for a scenario that passed.
#[must_use]
pub fn describe(file: &Path, scenario: &Scenario, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed => String::new(),
        Verdict::Skipped(skip) => format!("skipped: {}: {skip}\n", scenario.name),
        Verdict::Failed(mismatch) => describe_mismatch(file, scenario, mismatch),
    }
}

fn describe_mismatch(file: &Path, scenario: &Scenario, mismatch: &Mismatch) -> String {
    let Scenario { name, doc, .. } = scenario;
    let step = match mismatch.step {
        Some(step) => format!("  step {step}: {}\n", scenario.done[step]),
        None => String::new(),
    };
    let difference = mismatch.difference.to_string().replace('\n', "\n  ");
    let file = file.display();
    format!("FAILED: {name} ({file})\n  {doc}\n{step}  {difference}\n")
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Story;
    use super::*;

    fn scenario() -> Scenario {
        Scenario {
            name: "ap_x".to_owned(),
            doc: "what it checks".to_owned(),
            tags: Vec::new(),
            done: vec![r#"{"op":"start"}"#.to_owned()],
            story: Story::Untypable(String::new()),
        }
    }

    #[test]
    fn a_failure_names_file_scenario_step_and_both_sides() {
        let verdict = Verdict::Failed(Mismatch {
            step: Some(0),
            difference: Difference::new("event 0", &r#"["a"]"#, &"nothing"),
        });
        let expected = "FAILED: ap_x (dir/api.jsonl)\n  what it checks\n  step 0: {\"op\":\"start\"}\n  \
            event 0 differs\n    expected: [\"a\"]\n    got:      nothing\n";
        assert_eq!(
            describe(Path::new("dir/api.jsonl"), &scenario(), &verdict),
            expected
        );
    }

    fn skipped(cause: Cause) -> Verdict {
        let why = "why".to_owned();
        Verdict::Skipped(Skip { cause, why })
    }

    #[test]
    fn what_is_skipped_is_said_with_the_reason() {
        let text = |verdict| describe(Path::new("f"), &scenario(), &verdict);
        assert_eq!(
            text(skipped(Cause::Untyped)),
            "skipped: ap_x: our types rule it out: why\n"
        );
        assert_eq!(
            text(skipped(Cause::Quirk)),
            "skipped: ap_x: a quirk that we decided against: why\n"
        );
        assert_eq!(text(Verdict::Passed), "");
    }

    #[test]
    fn the_tally_counts_what_is_skipped_by_reason_and_tells_all() {
        let mut tally = Tally::default();
        let (untyped, quirk) = (skipped(Cause::Untyped), skipped(Cause::Quirk));
        for verdict in [&Verdict::Passed, &untyped, &quirk, &untyped] {
            tally.add(verdict);
        }
        let by_cause = BTreeMap::from([(Cause::Untyped, 2), (Cause::Quirk, 1)]);
        assert_eq!(tally.skipped, by_cause);
        assert_eq!(tally.to_string(), "1 passed, 0 failed, 3 skipped");
    }
}
