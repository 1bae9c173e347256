//! Significant children whose end ends their supervisor.

use mainstay_supervisors::specs::{AutoShutdown, Restart};
use mainstay_supervisors::{Child, ExitReason, Supervisor, SupervisorRef};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, running, within};

use AutoShutdown::{AllSignificant, AnySignificant};
use Restart::{Temporary, Transient};

fn significant(id: &str, restart: Restart) -> Child {
    Probe::new().child(id).restart(restart).significant(true)
}

async fn end(supervisor: &SupervisorRef, child: &str, reason: ExitReason) {
    let process = running(supervisor, child).await;
    order(&process, Order::throw(reason));
    within(process.ended()).await;
}

/// Whether it has ended by itself, once it has dealt with what it was told.
async fn has_ended(supervisor: &SupervisorRef) -> bool {
    within(supervisor.count_children()).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn the_first_significant_child_that_stays_down_ends_the_supervisor_under_any() {
    for (restart, reason, ends) in [
        (Transient, ExitReason::Normal, true),
        (Transient, ExitReason::Shutdown, true),
        (Transient, ExitReason::shutdown_with("x"), true),
        (Transient, ExitReason::failed("x"), false),
        (Transient, ExitReason::Killed, false),
        (Temporary, ExitReason::Normal, true),
        (Temporary, ExitReason::Shutdown, true),
        (Temporary, ExitReason::failed("x"), true),
        (Temporary, ExitReason::Killed, true),
    ] {
        let bed = Bed::new();
        let tree = Supervisor::one_for_one()
            .auto_shutdown(AnySignificant)
            .child(significant("a", restart))
            .child(significant("b", restart))
            .child(Probe::new().child("c"));
        let supervisor = bed.start(tree).await;
        end(&supervisor, "a", reason.clone()).await;
        assert_eq!(has_ended(&supervisor).await, ends, "{restart:?} {reason}");
        if ends {
            assert_eq!(
                supervisor.process().exit_reason(),
                Some(ExitReason::Shutdown)
            );
        }
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_significant_child_that_stays_down_ends_the_supervisor_under_all() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .auto_shutdown(AllSignificant)
        .child(significant("a", Transient))
        .child(significant("b", Temporary))
        .child(significant("c", Transient))
        .child(Probe::new().child("d"));
    let supervisor = bed.start(tree).await;
    end(&supervisor, "a", ExitReason::Normal).await;
    assert!(!has_ended(&supervisor).await);
    end(&supervisor, "b", ExitReason::failed("x")).await;
    assert!(!has_ended(&supervisor).await);
    end(&supervisor, "c", ExitReason::failed("x")).await; // It is restarted.
    assert!(!has_ended(&supervisor).await);
    end(&supervisor, "c", ExitReason::Shutdown).await;
    assert!(has_ended(&supervisor).await);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn others_do_not_count() {
    let bed = Bed::new();
    let quits = |id| Probe::new().child(id).restart(Temporary);
    let tree = Supervisor::one_for_one()
        .auto_shutdown(AnySignificant)
        .child(quits("a"))
        .child(quits("b"))
        .child(significant("c", Transient));
    let supervisor = bed.start(tree).await;
    for child in ["a", "b"] {
        end(&supervisor, child, ExitReason::Normal).await;
        assert!(!has_ended(&supervisor).await);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_significant_child_that_is_terminated_on_request_does_not_count() {
    for auto_shutdown in [AnySignificant, AllSignificant] {
        let bed = Bed::new();
        let tree = Supervisor::one_for_one()
            .auto_shutdown(auto_shutdown)
            .child(significant("a", Transient))
            .child(significant("b", Temporary));
        let supervisor = bed.start(tree).await;
        for child in ["a", "b"] {
            within(supervisor.terminate_child(&id(child)))
                .await
                .expect("it is known");
        }
        assert!(!has_ended(&supervisor).await, "{auto_shutdown:?}");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_others_are_stopped_in_reverse() {
    let bed = Bed::new();
    let notes = Notes::new();
    let noting = |name: &'static str| Probe::noting(&notes, name).child(name);
    let tree = Supervisor::one_for_one()
        .auto_shutdown(AnySignificant)
        .child(noting("a"))
        .child(significant("b", Temporary))
        .child(noting("c"));
    let supervisor = bed.start(tree).await;
    notes.take();
    end(&supervisor, "b", ExitReason::Normal).await;
    within(supervisor.process().ended()).await;
    assert_eq!(notes.all(), ["stop c", "stop a"]);
    let lines = bed.log().take();
    assert!(
        !lines.iter().any(|line| line.starts_with("gave up")),
        "{lines:?}"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_automatic_shutdown_climbs_through_significant_supervisors() {
    let bed = Bed::new();
    let inner = Supervisor::one_for_one()
        .auto_shutdown(AnySignificant)
        .child(significant("a", Transient));
    let tree = Supervisor::one_for_one()
        .auto_shutdown(AllSignificant)
        .child(
            Child::supervisor("inner", inner)
                .restart(Transient)
                .significant(true),
        );
    let supervisor = bed.start(tree).await;
    order(
        &bed.started("root/inner/a"),
        Order::throw(ExitReason::Normal),
    );
    assert_eq!(
        within(supervisor.process().ended()).await,
        ExitReason::Shutdown
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_significant_temporary_sibling_stopped_by_a_group_restart_does_not_count() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_all()
        .auto_shutdown(AnySignificant)
        .child(Probe::new().child("a"))
        .child(significant("b", Temporary));
    let supervisor = bed.start(tree).await;
    end(&supervisor, "a", ExitReason::failed("x")).await;
    assert!(!has_ended(&supervisor).await);
    assert_eq!(crate::counts(&supervisor).await, [1, 1, 0, 1]);
    bed.end().await;
}
