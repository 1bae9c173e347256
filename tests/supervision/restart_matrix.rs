//! Who is restarted: every restart type, every reason, every strategy.

use mainstay_supervisors::specs::{Restart, Strategy, SupervisorFlags};
use mainstay_supervisors::{ChildStatus, ExitReason, Process, Supervisor, SupervisorRef};
use mainstay_tests::probe::{Bed, Order, Probe, order, status, within};

use crate::secs;

use Restart::{Permanent, Temporary, Transient};

/// The restart type of `b` among `a`, `b`, `c`; how it ends; and who is restarted under one_for_one, one_for_all and
/// rest_for_one.
type Row = (Restart, &'static str, [&'static str; 3]);

const MATRIX: &[Row] = &[
    (Permanent, "normal", ["b", "abc", "bc"]),
    (Permanent, "shutdown", ["b", "abc", "bc"]),
    (Permanent, "shutdown with", ["b", "abc", "bc"]),
    (Permanent, "killed", ["b", "abc", "bc"]),
    (Permanent, "error", ["b", "abc", "bc"]),
    (Permanent, "panic", ["b", "abc", "bc"]),
    (Transient, "normal", ["", "", ""]),
    (Transient, "shutdown", ["", "", ""]),
    (Transient, "shutdown with", ["", "", ""]),
    (Transient, "killed", ["b", "abc", "bc"]),
    (Transient, "error", ["b", "abc", "bc"]),
    (Transient, "panic", ["b", "abc", "bc"]),
    (Temporary, "normal", ["", "", ""]),
    (Temporary, "shutdown", ["", "", ""]),
    (Temporary, "shutdown with", ["", "", ""]),
    (Temporary, "killed", ["", "", ""]),
    (Temporary, "error", ["", "", ""]),
    (Temporary, "panic", ["", "", ""]),
];

const STRATEGIES: [Strategy; 3] = [
    Strategy::OneForOne,
    Strategy::OneForAll,
    Strategy::RestForOne,
];

fn end(process: &Process, how: &str) {
    match how {
        "normal" => process.actor_cell().expect("an actor").stop(None),
        "shutdown" => order(process, Order::throw(ExitReason::Shutdown)),
        "shutdown with" => process
            .actor_cell()
            .expect("an actor")
            .stop(Some("x".into())),
        "killed" => process.kill(),
        "error" => order(process, Order::fail("no disk")),
        "panic" => order(process, Order::panic()),
        other => panic!("no such end: {other}"),
    }
}

/// The present process of a child, if it runs.
async fn process_of(supervisor: &SupervisorRef, child: &str) -> Option<Process> {
    match status(supervisor, child).await {
        Some(ChildStatus::Running(process)) => Some(process),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn the_matrix_holds() {
    for (restart, how, expected) in MATRIX {
        for (strategy, expected) in STRATEGIES.into_iter().zip(expected) {
            let case = format!("{restart:?} child ends by {how} under {strategy:?}");
            let bed = Bed::new();
            let flags = SupervisorFlags::new(strategy).intensity(1, secs(5));
            let tree = Supervisor::new(flags)
                .child(Probe::new().child("a"))
                .child(Probe::new().child("b").restart(*restart))
                .child(Probe::new().child("c"));
            let supervisor = bed.start(tree).await;
            let mut before = Vec::new();
            for child in ["a", "b", "c"] {
                before.push(process_of(&supervisor, child).await.expect("it runs"));
            }
            end(&before[1], how);
            within(before[1].ended()).await;

            let mut restarted = String::new();
            for (child, before) in ["a", "b", "c"].into_iter().zip(&before) {
                if process_of(&supervisor, child)
                    .await
                    .is_some_and(|now| now != *before)
                {
                    restarted.push_str(child);
                }
            }
            assert_eq!(restarted, **expected, "{case}");
            assert_eq!(before[0].is_alive(), !expected.contains('a'), "{case}");
            assert_eq!(before[2].is_alive(), !expected.contains('c'), "{case}");
            let kept = status(&supervisor, "b").await;
            match (restart, expected.is_empty()) {
                (Temporary, _) => assert_eq!(kept, None, "{case}"),
                (_, true) => assert_eq!(kept, Some(ChildStatus::Stopped), "{case}"),
                (_, false) => assert!(matches!(kept, Some(ChildStatus::Running(_))), "{case}"),
            }
            bed.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ends_are_reported_as_otp_reports_them() {
    for (restart, how, _) in MATRIX {
        let bed = Bed::new();
        let child = Probe::new().child("a").restart(*restart);
        let supervisor = bed.start(Supervisor::one_for_one().child(child)).await;
        let process = process_of(&supervisor, "a").await.expect("it runs");
        end(&process, how);
        within(process.ended()).await;
        within(supervisor.count_children()).await.expect("it runs");
        let lines = bed.log().take();
        let reported = lines.iter().any(|line| line.starts_with("terminated a: "));
        let abnormal = ["killed", "error", "panic"].contains(how);
        assert_eq!(
            reported,
            *restart == Permanent || abnormal,
            "{restart:?} {how}: {lines:?}"
        );
        bed.end().await;
    }
}
