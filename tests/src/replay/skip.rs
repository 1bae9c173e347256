//! What is not compared, and why. Everything else has to be as recorded.

use std::fmt;

use super::drive::Inexpressible;
use super::matching::Difference;
use super::scenario::Scenario;
use super::verdict::{Mismatch, Verdict};

/// Why a scenario need not be as recorded. Each is the meaning of a tag; nothing without a tag is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// `untyped`: it does something that our types rule out.
    Untyped,
    /// `otp25_bug`: it shows a defect of OTP 25 that was corrected later.
    Otp25Bug,
    /// `quirk`: it shows a quirk of this OTP release that we decided against.
    Quirk,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untyped => "our types rule it out",
            Self::Otp25Bug => "a defect of OTP 25 that we do not have",
            Self::Quirk => "a quirk that we decided against",
        })
    }
}

/// That a scenario was not compared, or only up to where it need not be as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Which tag allows it.
    pub cause: Cause,
    /// What in particular.
    pub why: String,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.cause, self.why)
    }
}

/// A quirk of this OTP release that we decided against.
struct Quirk {
    /// The scenarios it shows in: a name, or a start of names ending in `*`.
    names: &'static [&'static str],
    /// Whether a difference, seen after doing this, is the quirk.
    is: fn(done: &str, difference: &Difference) -> bool,
    reason: &'static str,
}

const QUIRKS: &[Quirk] = &[
    Quirk {
        names: &["co_simple_restarting_terminated", "random_*"],
        is: |_, difference| {
            difference.place.ends_with("counts") || difference.expected.starts_with(r#"{"counts""#)
        },
        reason: "OTP 25 counts one active child too few for ever after a restarting child of a \
            simple_one_for_one supervisor was terminated; we count those that run",
    },
    Quirk {
        names: &["pt_*"],
        is: |done, _| done.contains(r#""op":"route""#),
        reason: "a key is routed to a process that runs or to none, never to one that has ended for good",
    },
];

/// The verdict on a scenario whose values our types cannot even hold. Only `untyped` ones are read at all.
#[must_use]
pub(super) fn untypable(why: &str) -> Verdict {
    skipped(Cause::Untyped, why.to_owned())
}

/// The verdict on a scenario of which this step, or the tree to begin with, cannot be told to our API.
#[must_use]
pub(super) fn inexpressible(
    scenario: &Scenario,
    step: Option<usize>,
    Inexpressible(why): Inexpressible,
) -> Verdict {
    if scenario.has("untyped") {
        return skipped(Cause::Untyped, why);
    }
    let (place, expected) = match step {
        Some(_) => ("the step", "something to be done"),
        None => ("the tree", "one that can be built"),
    };
    let difference = Difference::new(place, &expected, &why);
    Verdict::Failed(Mismatch { step, difference })
}

/// The verdict on a scenario of which this step went another way: quirks that we decided against and defects of OTP 25
/// that were corrected later need not be ours; any other difference is a failure.
#[must_use]
pub(super) fn different(scenario: &Scenario, step: usize, difference: Difference) -> Verdict {
    let told = difference.to_string().replace('\n', ";");
    if scenario.has("otp25_bug") {
        return skipped(Cause::Otp25Bug, format!("step {step}: {told}"));
    }
    match quirk(scenario, step, &difference) {
        Some(quirk) => skipped(
            Cause::Quirk,
            format!("{} (step {step}: {told})", quirk.reason),
        ),
        None => Verdict::Failed(Mismatch {
            step: Some(step),
            difference,
        }),
    }
}

const fn skipped(cause: Cause, why: String) -> Verdict {
    Verdict::Skipped(Skip { cause, why })
}

fn quirk(scenario: &Scenario, step: usize, difference: &Difference) -> Option<&'static Quirk> {
    if !scenario.has("quirk") {
        return None;
    }
    let done = &scenario.done[step];
    QUIRKS.iter().find(|quirk| {
        let mut names = quirk.names.iter();
        names.any(|name| is_match(name, &scenario.name)) && (quirk.is)(done, difference)
    })
}

fn is_match(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Story;
    use super::*;

    fn scenario(name: &str, tag: &str) -> Scenario {
        Scenario {
            name: name.to_owned(),
            doc: String::new(),
            tags: vec![tag.to_owned()],
            done: vec![r#"{"op":"release"}"#.to_owned()],
            story: Story::Untypable(String::new()),
        }
    }

    fn cause(verdict: &Verdict) -> Option<Cause> {
        match verdict {
            Verdict::Skipped(skip) => Some(skip.cause),
            _ => None,
        }
    }

    fn cause_at(name: &str, tag: &str, place: &str) -> Option<Cause> {
        let difference = Difference::new(place, &1, &2);
        cause(&different(&scenario(name, tag), 0, difference))
    }

    #[test]
    fn a_quirk_is_skipped_only_where_it_is_known_to_show() {
        let counts = "node root: counts";
        assert_eq!(
            cause_at("random_simple_1", "quirk", counts),
            Some(Cause::Quirk)
        );
        assert_eq!(cause_at("random_simple_1", "quirk", "event 1"), None);
        assert_eq!(cause_at("so_other", "quirk", counts), None);
        assert_eq!(cause_at("random_simple_1", "gate", counts), None);
    }

    #[test]
    fn a_defect_that_was_corrected_later_need_not_be_ours() {
        assert_eq!(
            cause_at("any", "otp25_bug", "event 1"),
            Some(Cause::Otp25Bug)
        );
    }

    #[test]
    fn a_difference_in_what_is_untyped_is_a_failure_all_the_same() {
        assert_eq!(cause_at("any", "untyped", "event 1"), None);
    }

    #[test]
    fn what_cannot_be_told_to_our_api_fails_unless_it_is_untyped() {
        let verdict = |tag, step| {
            let why = Inexpressible("why".to_owned());
            inexpressible(&scenario("any", tag), step, why)
        };
        for step in [None, Some(0)] {
            assert_eq!(cause(&verdict("untyped", step)), Some(Cause::Untyped));
        }
        let failed = |place, expected: &str, step| {
            let difference = Difference::new(place, &expected, &"why");
            Verdict::Failed(Mismatch { step, difference })
        };
        let tree = failed("the tree", "one that can be built", None);
        assert_eq!(verdict("gate", None), tree);
        let step = failed("the step", "something to be done", Some(0));
        assert_eq!(verdict("quirk", Some(0)), step);
    }

    #[test]
    fn a_pattern_names_one_scenario_or_all_that_start_so() {
        assert!(is_match("random_simple_*", "random_simple_6"));
        assert!(is_match("pt_transient", "pt_transient"));
        assert!(!is_match("pt_transient", "pt_transient_2"));
        assert!(!is_match("random_*", "pt_transient"));
    }
}
