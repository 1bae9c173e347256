//! What is not compared, and why. Everything else has to be as recorded.

use super::matching::Difference;
use super::scenario::{Scenario, Story};
use super::verdict::{Mismatch, Verdict};

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

/// What our types rule out although the scenario is not tagged so.
const IMPOSSIBLE: &[&str] = &["so_zero_templates", "so_two_templates"];

/// Why the scenario is not even tried.
#[must_use]
pub fn reason(scenario: &Scenario) -> Option<String> {
    match &scenario.story {
        Story::Untypable(why) => Some(format!("our types cannot hold it: {why}")),
        _ => None,
    }
}

/// The verdict on a scenario whose tree cannot be told to our builders.
#[must_use]
pub fn inexpressible(scenario: &Scenario, why: &str) -> Verdict {
    if scenario.has("untyped") || IMPOSSIBLE.contains(&scenario.name.as_str()) {
        return Verdict::Skipped(format!("our types rule it out: {why}"));
    }
    Verdict::Failed(Mismatch {
        step: None,
        difference: Difference::new("the tree", &"one that can be built", &why),
    })
}

/// Whether a step that our API has no words for may be left out.
#[must_use]
pub fn may_leave_out(scenario: &Scenario) -> bool {
    scenario.has("untyped")
}

/// Quirks that we decided against and defects of OTP 25 that were corrected later need not be ours; any other difference
/// is a failure.
#[must_use]
pub fn judge(scenario: &Scenario, verdict: Verdict) -> Verdict {
    let Verdict::Failed(Mismatch {
        step: Some(step),
        difference,
    }) = &verdict
    else {
        return verdict;
    };
    let told = difference.to_string().replace('\n', ";");
    if scenario.has("otp25_bug") {
        return Verdict::Skipped(format!("a defect of OTP 25 that we do not have: {told}"));
    }
    if !scenario.has("quirk") {
        return verdict;
    }
    let done = &scenario.done[*step];
    let quirk = QUIRKS.iter().find(|quirk| {
        let is_named = quirk
            .names
            .iter()
            .any(|name| is_match(name, &scenario.name));
        is_named && (quirk.is)(done, difference)
    });
    match quirk {
        Some(quirk) => Verdict::Skipped(format!("quirk: {} (step {step}: {told})", quirk.reason)),
        None => verdict,
    }
}

fn is_match(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
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

    fn failed(place: &str) -> Verdict {
        Verdict::Failed(Mismatch {
            step: Some(0),
            difference: Difference::new(place, &1, &2),
        })
    }

    fn is_skipped(name: &str, tag: &str, place: &str) -> bool {
        let verdict = judge(&scenario(name, tag), failed(place));
        matches!(verdict, Verdict::Skipped(_))
    }

    #[test]
    fn a_quirk_is_skipped_only_where_it_is_known_to_show() {
        assert!(is_skipped("random_simple_1", "quirk", "node root: counts"));
        assert!(!is_skipped("random_simple_1", "quirk", "event 1"));
        assert!(!is_skipped("so_other", "quirk", "node root: counts"));
        assert!(!is_skipped("random_simple_1", "gate", "node root: counts"));
    }

    #[test]
    fn a_defect_that_was_corrected_later_need_not_be_ours() {
        assert!(is_skipped("any", "otp25_bug", "event 1"));
    }

    #[test]
    fn what_cannot_be_told_to_a_builder_fails_unless_it_is_untyped() {
        let verdict = |tag| inexpressible(&scenario("any", tag), "why");
        assert!(matches!(verdict("untyped"), Verdict::Skipped(_)));
        assert!(matches!(verdict("gate"), Verdict::Failed(_)));
    }

    #[test]
    fn a_pattern_names_one_scenario_or_all_that_start_so() {
        assert!(is_match("random_simple_*", "random_simple_6"));
        assert!(is_match("pt_transient", "pt_transient"));
        assert!(!is_match("pt_transient", "pt_transient_2"));
        assert!(!is_match("random_*", "pt_transient"));
    }
}
