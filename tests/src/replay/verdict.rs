//! What a replay came to, and how it is told.

use std::fmt;
use std::path::Path;

use super::matching::Difference;
use super::scenario::Scenario;

/// What the replay of one scenario came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was as recorded; with the steps that our types cannot express and that were left out.
    Passed(Vec<LeftOut>),
    /// Something was not.
    Failed(Mismatch),
    /// It was not compared, for this reason.
    Skipped(String),
}

/// A step that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Which, from 0.
    pub step: usize,
    /// Why.
    pub reason: String,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// As recorded.
    pub passed: usize,
    /// Not as recorded.
    pub failed: usize,
    /// Not compared.
    pub skipped: usize,
}

impl Tally {
    /// Counts one more.
    pub const fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed(_) => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Skipped(_) => self.skipped += 1,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// A verdict as it is printed; empty for a scenario that passed whole.
#[must_use]
pub fn describe(file: &Path, scenario: &Scenario, verdict: &Verdict) -> String {
    let name = &scenario.name;
    match verdict {
        Verdict::Passed(left_out) => left_out
            .iter()
            .map(|LeftOut { step, reason }| format!("left out: {name} step {step}: {reason}\n"))
            .collect(),
        Verdict::Skipped(reason) => format!("skipped: {name}: {reason}\n"),
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

    #[test]
    fn what_is_left_out_is_said() {
        let left_out = LeftOut {
            step: 1,
            reason: "no such call".to_owned(),
        };
        let text = |verdict| describe(Path::new("f"), &scenario(), &verdict);
        assert_eq!(
            text(Verdict::Passed(vec![left_out])),
            "left out: ap_x step 1: no such call\n"
        );
        assert_eq!(
            text(Verdict::Skipped("why".to_owned())),
            "skipped: ap_x: why\n"
        );
    }

    #[test]
    fn the_tally_is_the_last_line() {
        let mut tally = Tally::default();
        tally.add(&Verdict::Passed(Vec::new()));
        tally.add(&Verdict::Skipped(String::new()));
        assert_eq!(tally.to_string(), "1 passed, 0 failed, 1 skipped");
    }
}
