use proptest::prelude::*;

use super::*;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

/// Numbers of incarnations, as a runtime gives them.
fn pid(number: u64) -> Pid {
    serde_json::from_value(number.into()).expect("a number")
}

fn budget(text: &str) -> MemoryBudget {
    MemoryBudget::new(name(text)).soft(100).hard(200)
}

fn wet() -> BudgetsSpec {
    BudgetsSpec::default().dry_run(false)
}

fn seen(text: &str, number: u64, bytes: u64) -> Seen {
    Seen {
        name: name(text),
        pid: pid(number),
        bytes: Some(bytes),
        growth: 0,
    }
}

/// What is found, as name and kind.
fn found(watch: &mut Watch, spec: &BudgetsSpec, seen: &[Seen], at: u64) -> Vec<String> {
    let findings = watch.look(spec, seen, true, secs(at));
    let text = |finding: &Finding| format!("{} {}", finding.name, finding.kind.as_str());
    findings.iter().map(text).collect()
}

#[test]
fn a_process_is_told_of_once_at_each_budget_and_once_when_it_is_a_tenth_under_them() {
    let spec = wet().service(budget("a"));
    let mut watch = Watch::default();
    let mut look = |bytes, at| found(&mut watch, &spec, &[seen("a", 1, bytes)], at);
    assert_eq!(look(99, 0), [""; 0]);
    assert_eq!(look(100, 1), ["a soft_exceeded"]);
    assert_eq!(look(199, 2), [""; 0]);
    assert_eq!(look(200, 3), ["a hard_exceeded", "a intake_refused"]);
    assert_eq!(look(181, 4), [""; 0]);
    assert_eq!(look(179, 5), ["a intake_opened"]);
    assert_eq!(look(91, 6), [""; 0]);
    assert_eq!(look(89, 7), ["a within"]);
    assert_eq!(
        look(5_000, 8),
        ["a soft_exceeded", "a hard_exceeded", "a intake_refused"]
    );
    assert_eq!(look(0, 9), ["a intake_opened", "a within"]);
}

#[test]
fn another_incarnation_begins_anew_and_one_that_is_gone_is_forgotten() {
    let spec = wet().service(budget("a"));
    let mut watch = Watch::default();
    assert_eq!(found(&mut watch, &spec, &[seen("a", 1, 100)], 0).len(), 1);
    assert_eq!(found(&mut watch, &spec, &[seen("a", 2, 100)], 1).len(), 1);
    assert_eq!(found(&mut watch, &spec, &[], 2), [""; 0]);
    assert!(watch.known.is_empty());
    assert_eq!(found(&mut watch, &spec, &[seen("a", 2, 100)], 3).len(), 1);
}

#[test]
fn what_is_not_measured_is_told_once_and_is_over_no_budget() {
    let spec = wet().service(budget("a").restart_safe(true));
    let mut watch = Watch::default();
    let unmeasured = Seen {
        bytes: None,
        ..seen("a", 1, 0)
    };
    let unmeasured = [unmeasured];
    assert_eq!(found(&mut watch, &spec, &unmeasured, 0), ["a not_measured"]);
    assert_eq!(found(&mut watch, &spec, &unmeasured, 1), [""; 0]);
}

#[test]
fn messages_are_taken_again_when_nobody_knows_any_more_how_much_a_process_holds() {
    let spec = wet().service(budget("a"));
    let mut watch = Watch::default();
    let unmeasured = [Seen {
        bytes: None,
        ..seen("a", 1, 0)
    }];
    found(&mut watch, &spec, &[seen("a", 1, 200)], 0);
    assert_eq!(
        found(&mut watch, &spec, &unmeasured, 1),
        ["a not_measured", "a intake_opened"]
    );
    assert_eq!(found(&mut watch, &spec, &unmeasured, 2), [""; 0]);
    let refused = ["a intake_refused"];
    assert_eq!(found(&mut watch, &spec, &[seen("a", 1, 200)], 3), refused);
}

#[test]
fn messages_are_taken_again_when_a_name_has_no_budget_any_more_or_is_another_process() {
    let spec = wet().service(budget("a"));
    for later in [vec![], vec![seen("a", 2, 0)]] {
        let mut watch = Watch::default();
        found(&mut watch, &spec, &[seen("a", 1, 200)], 0);
        let findings = watch.look(&spec, &later, true, secs(1));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].pid, pid(1), "not its successor");
        assert_eq!(findings[0].kind, BudgetEventKind::IntakeOpened);
    }
    for other in [wet(), wet().service(budget("b"))] {
        let mut watch = Watch::default();
        let all = [seen("a", 1, 200)];
        found(&mut watch, &spec, &all, 0);
        assert_eq!(found(&mut watch, &other, &all, 1), ["a intake_opened"]);
    }
}

#[test]
fn messages_are_taken_again_when_it_becomes_a_dry_run() {
    let mut watch = Watch::default();
    let all = [seen("a", 1, 200)];
    found(&mut watch, &wet().service(budget("a")), &all, 0);
    let dry = BudgetsSpec::default().service(budget("a"));
    assert_eq!(found(&mut watch, &dry, &all, 1), ["a intake_opened"]);
    assert_eq!(found(&mut watch, &dry, &all, 2), [""; 0]);
}

#[test]
fn who_stops_to_look_has_messages_taken_again_and_who_goes_on_has_them_refused() {
    let spec = wet().service(budget("a")).service(budget("b"));
    let mut watch = Watch::default();
    let all = [seen("a", 1, 200), seen("b", 2, 199)];
    found(&mut watch, &spec, &all, 0);
    let opened: Vec<Pid> = watch.open().iter().map(|finding| finding.pid).collect();
    assert_eq!(opened, [pid(1)]);
    assert_eq!(watch.open(), []);
    assert_eq!(found(&mut watch, &spec, &all, 1), ["a intake_refused"]);
}

#[test]
fn of_several_that_may_be_restarted_one_is_in_each_interval() {
    let spec = wet()
        .service(budget("a").restart_safe(true))
        .service(budget("b").restart_safe(true))
        .service(budget("c"));
    let mut watch = Watch::default();
    let all = [seen("a", 1, 300), seen("b", 2, 600), seen("c", 3, 9_000)];
    assert_eq!(
        found(&mut watch, &spec, &all, 0).last().map(String::as_str),
        Some("b restarting")
    );
    let all = [seen("a", 1, 300), seen("b", 4, 0), seen("c", 3, 9_000)];
    // The one before, if it is still there.
    assert_eq!(found(&mut watch, &spec, &all, 1), ["b intake_opened"]);
    for at in 2..30 {
        assert_eq!(found(&mut watch, &spec, &all, at), [""; 0], "{at}");
    }
    assert_eq!(found(&mut watch, &spec, &all, 30), ["a restarting"]);
    // It could not be.
    assert_eq!(found(&mut watch, &spec, &all, 59), [""; 0]);
    assert_eq!(found(&mut watch, &spec, &all, 60), ["a restarting"]);
}

#[test]
fn while_a_restart_is_under_way_none_is_begun() {
    let spec = wet().service(budget("a").restart_safe(true));
    let mut watch = Watch::default();
    let findings = watch.look(&spec, &[seen("a", 1, 300)], false, secs(0));
    assert!(
        !findings
            .iter()
            .any(|it| it.kind == BudgetEventKind::Restarting)
    );
}

#[test]
fn a_critical_process_is_neither_refused_nor_restarted() {
    // Such a spec is refused; it would do nothing all the same.
    let spec = wet().service(budget("a").restart_safe(true).critical(true));
    let mut watch = Watch::default();
    let all = [seen("a", 1, 1_000_000)];
    assert_eq!(
        found(&mut watch, &spec, &all, 0),
        ["a soft_exceeded", "a hard_exceeded"]
    );
    assert_eq!(found(&mut watch, &spec, &all, 1_000), [""; 0]);
    assert_eq!(
        found(&mut watch, &spec, &[seen("a", 1, 0)], 1_001),
        ["a within"]
    );
}

#[test]
fn a_dry_run_tells_what_it_would_have_done_once() {
    let spec = BudgetsSpec::default().service(budget("a").restart_safe(true));
    let mut watch = Watch::default();
    let all = [seen("a", 1, 300)];
    assert_eq!(
        found(&mut watch, &spec, &all, 0),
        [
            "a soft_exceeded",
            "a hard_exceeded",
            "a would_refuse",
            "a would_restart"
        ]
    );
    assert_eq!(found(&mut watch, &spec, &all, 100), [""; 0]);
    assert_eq!(
        found(&mut watch, &spec, &[seen("a", 1, 0)], 101),
        ["a within"]
    );
}

proptest! {
    #[test]
    fn restarts_are_at_least_an_interval_apart_and_never_of_one_that_is_not_safe_or_not_over(
        looks in prop::collection::vec((1_u64..20, prop::collection::vec(0_u64..400, 4)), 1..80),
    ) {
        let spec = wet()
            .service(budget("a").restart_safe(true))
            .service(budget("b").restart_safe(true))
            .service(budget("c"))
            .service(budget("d").critical(true));
        let mut watch = Watch::default();
        let (mut at, mut last, mut refused) = (0, None, [false; 4]);
        for (pause, bytes) in looks {
            at += pause;
            let all: Vec<Seen> = ["a", "b", "c", "d"]
                .iter()
                .zip(&bytes)
                .map(|(text, bytes)| seen(text, 1, *bytes))
                .collect();
            for finding in watch.look(&spec, &all, true, secs(at)) {
                let nth = all.iter().position(|seen| seen.name == finding.name).expect("one of them");
                match finding.kind {
                    BudgetEventKind::Restarting => {
                        prop_assert!(nth < 2);
                        prop_assert!(bytes[nth] >= 180);
                        prop_assert!(last.is_none_or(|last| at - last >= 30));
                        last = Some(at);
                    }
                    BudgetEventKind::IntakeRefused => {
                        prop_assert!(nth < 3 && !refused[nth] && bytes[nth] >= 200);
                        refused[nth] = true;
                    }
                    BudgetEventKind::IntakeOpened => {
                        prop_assert!(refused[nth] && bytes[nth] < 180);
                        refused[nth] = false;
                    }
                    _ => {}
                }
            }
        }
    }
}
