//! One rule and one metric: the way of an alert.
//!
//! ```text
//!  inactive ──bad──► pending ──bad for long enough──► firing ──good──► inactive
//!      ▲                │                               │ ▲
//!      └── not bad ─────┘                 bad, or not ──┘─┘
//!                                         good again
//! ```

use mainstay_specs::{AlertRule, NoData};
use tokio::time::Instant;

use super::judge::Verdict;

/// Where an alert is on its way. One that is inactive is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The value has been bad since then, not for long enough yet.
    Pending(Instant),
    /// It has fired then.
    Firing(Instant),
}

/// What has come of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Fired,
    Resolved,
}

/// The next phase at `now`, and what has come of it. While `muted` nothing begins to fire, and what would do so goes on waiting.
pub(crate) fn step(
    phase: Option<Phase>,
    rule: &AlertRule,
    verdict: Verdict,
    now: Instant,
    muted: bool,
) -> (Option<Phase>, Option<Change>) {
    let bad = match (verdict, rule.no_data) {
        (Verdict::NoData, NoData::Fire) | (Verdict::Bad, _) => Judged::Bad,
        (Verdict::NoData, NoData::Resolve) | (Verdict::Good, _) => Judged::Good,
        (Verdict::Fair, _) => Judged::Fair,
        // All stays as it is.
        (Verdict::NoData, _) => return (phase, None),
    };
    match (phase, bad) {
        (Some(Phase::Firing(_)), Judged::Good) => (None, Some(Change::Resolved)),
        (Some(Phase::Firing(_)), Judged::Bad | Judged::Fair) => (phase, None),
        (Some(Phase::Pending(_)) | None, Judged::Good | Judged::Fair) => (None, None),
        (Some(Phase::Pending(since)), Judged::Bad) => waited(since, rule, now, muted),
        (None, Judged::Bad) => waited(now, rule, now, muted),
    }
}

enum Judged {
    Bad,
    Fair,
    Good,
}

fn waited(
    since: Instant,
    rule: &AlertRule,
    now: Instant,
    muted: bool,
) -> (Option<Phase>, Option<Change>) {
    let long_enough = now.duration_since(since) >= rule.lasting;
    if long_enough && !(muted && rule.mute_while_draining) {
        (Some(Phase::Firing(now)), Some(Change::Fired))
    } else {
        (Some(Phase::Pending(since)), None)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mainstay_specs::{Comparison, PathPattern};
    use proptest::prelude::*;

    use super::*;

    fn rule(lasting: u64, no_data: NoData) -> AlertRule {
        AlertRule::new("r", PathPattern::all(), Comparison::Gt, 1.0)
            .lasting(Duration::from_secs(lasting))
            .no_data(no_data)
    }

    /// What comes of one verdict a second.
    fn run(rule: &AlertRule, verdicts: &str) -> String {
        let start = Instant::now();
        let mut phase = None;
        let steps = verdicts.chars().zip(0_u64..).map(|(letter, second)| {
            let (verdict, muted) = match letter {
                'b' => (Verdict::Bad, false),
                'm' => (Verdict::Bad, true),
                'f' => (Verdict::Fair, false),
                'g' => (Verdict::Good, false),
                _ => (Verdict::NoData, false),
            };
            let now = start + Duration::from_secs(second);
            let (next, change) = step(phase, rule, verdict, now, muted);
            phase = next;
            match (change, phase) {
                (Some(Change::Fired), Some(Phase::Firing(at))) if at == now => '!',
                (Some(Change::Resolved), None) => 'r',
                (None, None) => '.',
                (None, Some(Phase::Pending(_))) => 'p',
                (None, Some(Phase::Firing(_))) => 'F',
                odd => panic!("{odd:?}"),
            }
        });
        steps.collect()
    }

    #[test]
    fn an_alert_fires_at_once_if_it_need_not_last_and_once_only() {
        assert_eq!(run(&rule(0, NoData::Keep), "gbbbgb"), ".!FFr!");
    }

    #[test]
    fn an_alert_fires_when_it_was_bad_for_exactly_long_enough() {
        assert_eq!(run(&rule(3, NoData::Keep), "bbbbbg"), "ppp!Fr");
        assert_eq!(run(&rule(3, NoData::Keep), "bbgbbbb"), "pp.ppp!");
        assert_eq!(
            run(&rule(3, NoData::Keep), "bbfbbbb"),
            "pp.ppp!",
            "what is not bad does not last"
        );
    }

    #[test]
    fn an_alert_that_fires_goes_on_until_the_value_is_good_again() {
        assert_eq!(run(&rule(0, NoData::Keep), "fbffbfgf"), ".!FFFFr.");
    }

    #[test]
    fn no_data_keeps_fires_or_resolves_as_the_rule_says() {
        assert_eq!(run(&rule(2, NoData::Keep), "-b-----bb-g"), ".pppppp!FFr");
        assert_eq!(run(&rule(2, NoData::Fire), "-----g"), "pp!FFr");
        assert_eq!(run(&rule(2, NoData::Resolve), "bb-bbb-"), "pp.pp!r");
    }

    #[test]
    fn what_is_muted_waits_and_fires_after_and_what_fires_may_be_resolved() {
        assert_eq!(run(&rule(1, NoData::Keep), "mmmmbbg"), "pppp!Fr");
        assert_eq!(run(&rule(1, NoData::Keep), "bbmmg"), "p!FFr");
        let loud = rule(1, NoData::Keep).mute_while_draining(false);
        assert_eq!(run(&loud, "mmm"), "p!F");
    }

    proptest! {
        #[test]
        fn firings_and_resolutions_alternate(verdicts in "[bmfg-]{0,60}", lasting in 0_u64..4, policy in 0_usize..3) {
            let policy = [NoData::Keep, NoData::Fire, NoData::Resolve][policy];
            let ran = run(&rule(lasting, policy), &verdicts);
            let changes: String = ran.chars().filter(|c| "!r".contains(*c)).collect();
            prop_assert!(!changes.contains("!!") && !changes.contains("rr") && !changes.starts_with('r'));
            for (verdict, came) in verdicts.chars().zip(ran.chars()) {
                prop_assert!(came != '!' || verdict == 'b' || (verdict == '-' && policy == NoData::Fire));
            }
        }
    }
}
