//! Wrong flags and specs are refused before anything starts.

use std::time::Duration;

use mainstay_supervisors::specs::{
    AutoShutdown, Backoff, NAME_MAX, NameError, Restart, Shutdown, Strategy, SupervisorFlags,
};
use mainstay_supervisors::{
    Child, DynamicSupervisor, SpecError, StartError, Supervisor, SupervisorError, check_childspecs,
};
use mainstay_tests::probe::{Bed, Notes, Probe, id, within};

use crate::{counts, secs};

fn quiet(name: &str) -> Child {
    Probe::new().child(name)
}

/// What is wrong with children under flags with this automatic shutdown.
fn fault(auto_shutdown: AutoShutdown, children: &[Child]) -> Option<SpecError> {
    let flags = SupervisorFlags::default().auto_shutdown(auto_shutdown);
    check_childspecs(&flags, children).err()
}

#[test]
fn right_specs_are_right() {
    let children = [
        quiet("a"),
        quiet("b").restart(Restart::Transient).significant(true),
        quiet("c").restart(Restart::Temporary).significant(true),
        quiet("d").depends_on([id("e")]),
        quiet("e").shutdown(Shutdown::Timeout(Duration::ZERO)),
        quiet("f").backoff(Backoff::default()),
    ];
    assert_eq!(fault(AutoShutdown::AnySignificant, &children), None);
}

#[test]
fn every_fault_is_named() {
    let cycle = [
        quiet("a").depends_on([id("b")]),
        quiet("b").depends_on([id("c")]),
        quiet("c").depends_on([id("a")]),
    ];
    let cases: [(AutoShutdown, &[Child], &str); 8] = [
        (
            AutoShutdown::Never,
            &[quiet("a"), quiet("b"), quiet("a")],
            r#"two children have the id "a"; ids are unique under a supervisor"#,
        ),
        (
            AutoShutdown::Never,
            &[quiet("a").restart(Restart::Transient).significant(true)],
            r#"child "a" is significant, but the supervisor's auto_shutdown is never"#,
        ),
        (
            AutoShutdown::AnySignificant,
            &[quiet("a").significant(true)],
            r#"child "a" is significant and permanent; a significant child is transient or temporary"#,
        ),
        (
            AutoShutdown::Never,
            &[quiet("a").depends_on([id("b")])],
            r#"child "a" depends on "b", which is no sibling of it"#,
        ),
        (
            AutoShutdown::Never,
            &[quiet("a").depends_on([id("a")])],
            "children depend on each other: a → a",
        ),
        (
            AutoShutdown::Never,
            &cycle,
            "children depend on each other: a → b → c → a",
        ),
        (
            AutoShutdown::Never,
            &[quiet("a").backoff(Backoff::new(secs(2), secs(1)))],
            r#"the backoff of child "a" needs min ≤ max, a factor of at least 1 and a jitter from 0 to 1"#,
        ),
        (
            AutoShutdown::Never,
            &[quiet("")],
            r#"the id "": expected a name, found an empty text"#,
        ),
    ];
    for (auto_shutdown, children, text) in cases {
        let fault = fault(auto_shutdown, children).expect(text);
        assert_eq!(fault.to_string(), text);
    }
}

#[test]
fn every_wrong_backoff_is_refused() {
    let right = Backoff::default();
    for wrong in [
        right.factor(0.9),
        right.factor(f64::NAN),
        right.jitter(-0.1),
        right.jitter(1.1),
        right.jitter(f64::NAN),
    ] {
        let fault = fault(AutoShutdown::Never, &[quiet("a").backoff(wrong)]);
        assert_eq!(fault, Some(SpecError::Backoff(id("a"))), "{wrong:?}");
    }
}

#[test]
fn the_first_fault_is_told_flags_before_children() {
    let children = [quiet("a/b"), quiet("c"), quiet("c")];
    let flags = SupervisorFlags::new(Strategy::OneForAll).intensity(1, Duration::ZERO);
    assert_eq!(
        check_childspecs(&flags, &children),
        Err(SpecError::ZeroPeriod)
    );
    let error = check_childspecs(&SupervisorFlags::default(), &children);
    let name = SpecError::Name {
        text: "a/b".to_owned(),
        error: NameError::BadCharacter("a/b".to_owned()),
    };
    assert_eq!(error, Err(name));
}

#[tokio::test(start_paused = true)]
async fn a_tree_with_a_fault_starts_nothing() {
    let bed = Bed::new();
    let notes = Notes::new();
    let fine = Probe::noting(&notes, "fine");
    for bad in [
        quiet("fine"),
        quiet("x").depends_on([id("gone")]),
        quiet(" x"),
    ] {
        let tree = Supervisor::one_for_one()
            .child(fine.child("fine"))
            .child(bad);
        let error = bed.try_start(tree).await.expect_err("it cannot start");
        assert!(matches!(error, StartError::Spec(_)), "{error:?}");
    }
    let flags = Supervisor::one_for_one().intensity(1, Duration::ZERO);
    let error = bed.try_start(flags.child(fine.child("fine"))).await;
    assert!(
        matches!(error, Err(StartError::Spec(SpecError::ZeroPeriod))),
        "{error:?}"
    );
    let long = "x".repeat(NAME_MAX + 1);
    let error = within(bed.runtime.start(&long, Supervisor::one_for_one())).await;
    assert!(
        matches!(error, Err(StartError::Spec(SpecError::Name { .. }))),
        "{error:?}"
    );
    assert_eq!(notes.all(), Vec::<String>::new());
    assert_eq!(bed.runtime.last_event(), 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_with_a_fault_is_not_added() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one().child(quiet("a"))).await;
    let transient = quiet("b").restart(Restart::Transient);
    for (bad, text) in [
        (
            transient.clone().significant(true),
            r#"child "b" is significant, but the supervisor's auto_shutdown is never"#,
        ),
        (
            quiet("b").depends_on([id("a"), id("c")]),
            r#"child "b" depends on "c", which is no sibling of it"#,
        ),
        (
            quiet("b").depends_on([id("b")]),
            r#"child "b" depends on "b", which is no sibling of it"#,
        ),
        (
            quiet("b/"),
            "the id \"b/\": expected no '/', no control character and no white space at either end, found \"b/\"",
        ),
    ] {
        let error = within(supervisor.start_child(bad)).await.expect_err(text);
        assert!(matches!(error, SupervisorError::Spec(_)), "{error:?}");
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(counts(&supervisor).await, [1, 1, 0, 1]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_refuses_what_makes_no_sense_there() {
    let bed = Bed::new();
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    for (bad, fault) in [
        (
            quiet("a").restart(Restart::Transient).significant(true),
            SpecError::SignificantDynamic(id("a")),
        ),
        (
            quiet("a").shutdown(Shutdown::Timeout(Duration::ZERO)),
            SpecError::ZeroShutdown(id("a")),
        ),
        (
            quiet("a").depends_on([id("b")]),
            SpecError::UnknownDependency {
                child: id("a"),
                needs: id("b"),
            },
        ),
        (
            quiet("a").backoff(Backoff::default().jitter(2.0)),
            SpecError::Backoff(id("a")),
        ),
    ] {
        let error = within(supervisor.start_child(bad))
            .await
            .expect_err("it is wrong");
        assert!(
            matches!(error, SupervisorError::Spec(ref found) if *found == fault),
            "{error:?}"
        );
    }
    let nameless = within(supervisor.start_child(quiet("")))
        .await
        .expect_err("it is wrong");
    assert!(
        matches!(nameless, SupervisorError::Spec(SpecError::Name { .. })),
        "{nameless:?}"
    );
    assert_eq!(counts(&supervisor).await, [0; 4]);
    bed.end().await;
}
