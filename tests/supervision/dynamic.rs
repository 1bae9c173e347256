//! Children that come and go, known by their processes.

use mainstay_supervisors::specs::{ChildSpec, Restart, Shutdown};
use mainstay_supervisors::{
    Child, ChildStatus, DynamicSupervisor, ExitReason, Process, Started, Supervisor,
    SupervisorError, SupervisorRef,
};
use mainstay_tests::probe::{Bed, Notes, OnDrop, Order, Probe, id, order, running, within};
use tokio::time::sleep;

use crate::{counts, millis, secs};

pub(crate) async fn add(supervisor: &SupervisorRef, child: Child) -> Process {
    let started = within(supervisor.start_child(child))
        .await
        .expect("it starts");
    started.process().expect("it runs").clone()
}

pub(crate) fn lenient() -> DynamicSupervisor {
    DynamicSupervisor::new().intensity(1000, secs(5))
}

/// A probe that starts once; what becomes of its restarts is for `again` to say.
fn once<F>(again: impl Fn() -> F + Send + Sync + 'static) -> Probe
where
    F: Future<Output = mainstay_tests::probe::Outcome> + Send + 'static,
{
    let notes = Notes::new();
    Probe::new().pre_start(move |_| {
        notes.add("try");
        let retry = (notes.count("try") > 1).then(&again);
        async move {
            match retry {
                Some(retry) => retry.await,
                None => Ok(()),
            }
        }
    })
}

#[tokio::test(start_paused = true)]
async fn ids_need_not_be_unique() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    let one = add(&supervisor, Probe::new().child("a")).await;
    let two = add(&supervisor, Probe::new().child("a")).await;
    assert_ne!(one, two);
    let listed = within(supervisor.which_children()).await.expect("it runs");
    let listed: Vec<_> = listed.into_iter().map(|child| child.status).collect();
    assert_eq!(
        listed,
        [ChildStatus::Running(one), ChildStatus::Running(two)]
    );
    assert_eq!(counts(&supervisor).await, [2, 2, 0, 2]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn children_are_counted_by_type() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    add(&supervisor, Probe::new().child("a")).await;
    add(
        &supervisor,
        Child::supervisor("b", Supervisor::one_for_one()),
    )
    .await;
    assert_eq!(counts(&supervisor).await, [2, 2, 1, 1]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_child_is_restarted_alone_and_ends_as_its_type_says() {
    for (restart, reason, stays) in [
        (Restart::Permanent, ExitReason::Normal, true),
        (Restart::Permanent, ExitReason::failed("x"), true),
        (Restart::Transient, ExitReason::Normal, false),
        (Restart::Transient, ExitReason::shutdown_with("x"), false),
        (Restart::Transient, ExitReason::Killed, true),
        (Restart::Temporary, ExitReason::failed("x"), false),
        (Restart::Temporary, ExitReason::Normal, false),
    ] {
        let bed = Bed::new();
        let supervisor = bed.start(lenient()).await;
        let other = add(&supervisor, Probe::new().child("other")).await;
        let process = add(&supervisor, Probe::new().child("a").restart(restart)).await;
        order(&process, Order::throw(reason.clone()));
        within(process.ended()).await;
        let left = 1 + usize::from(stays);
        assert_eq!(
            counts(&supervisor).await,
            [left, left, 0, left],
            "{restart:?} {reason}"
        );
        assert!(other.is_alive());
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn there_are_never_more_children_than_allowed() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient().max_children(2)).await;
    let one = add(
        &supervisor,
        Probe::new().child("a").restart(Restart::Temporary),
    )
    .await;
    add(&supervisor, Probe::new().child("b")).await;
    let refused = within(supervisor.start_child(Probe::new().child("c"))).await;
    assert!(
        matches!(refused, Err(SupervisorError::MaxChildren)),
        "{refused:?}"
    );
    order(&one, Order::fail("no disk"));
    within(one.ended()).await;
    let one = add(&supervisor, Probe::new().child("c")).await;
    within(supervisor.terminate_process(&one))
        .await
        .expect("it runs");
    add(&supervisor, Probe::new().child("d")).await;
    bed.end().await;

    let bed = Bed::new();
    let supervisor = bed.start(lenient().max_children(0)).await;
    let refused = within(supervisor.start_child(Probe::new().child("a"))).await;
    assert!(
        matches!(refused, Err(SupervisorError::MaxChildren)),
        "{refused:?}"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_being_restarted_takes_a_place() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient().max_children(1)).await;
    let probe = once(|| async {
        sleep(millis(1)).await;
        Err("not yet".into())
    });
    let process = add(&supervisor, probe.child("a")).await;
    order(&process, Order::fail("no disk"));
    within(process.ended()).await;
    assert_eq!(counts(&supervisor).await, [1, 0, 0, 1]);
    let listed = within(supervisor.which_children()).await.expect("it runs");
    assert_eq!(listed[0].status, ChildStatus::Restarting);
    let refused = within(supervisor.start_child(Probe::new().child("b"))).await;
    assert!(
        matches!(refused, Err(SupervisorError::MaxChildren)),
        "{refused:?}"
    );
    // It is known by the process it had last.
    within(supervisor.terminate_process(&process))
        .await
        .expect("it is known");
    assert_eq!(counts(&supervisor).await, [0; 4]);
    sleep(secs(1)).await;
    assert_eq!(counts(&supervisor).await, [0; 4]);
    add(&supervisor, Probe::new().child("b")).await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_with_nothing_to_run_forgets_the_child() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    let child = Child::from_start(ChildSpec::new(id("a")), |cx| async move {
        if cx.restarts() > 0 {
            return Ok(Started::Ignore);
        }
        Ok(cx.spawn_actor(Probe::new().actor(), ()).await?.into())
    });
    let process = add(&supervisor, child).await;
    order(&process, Order::fail("no disk"));
    within(process.ended()).await;
    assert_eq!(counts(&supervisor).await, [0; 4]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_restart_is_tried_until_it_succeeds() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    let tries = Notes::new();
    let seen = tries.clone();
    let probe = once(move || {
        seen.add("again");
        let tries = seen.count("again");
        async move {
            if tries < 5 {
                Err("not yet".into())
            } else {
                Ok(())
            }
        }
    });
    let process = add(&supervisor, probe.child("a")).await;
    order(&process, Order::fail("no disk"));
    tries.until_count("again", 5).await;
    assert_eq!(counts(&supervisor).await, [1, 1, 0, 1]);
    let lines = bed.log().take();
    assert_eq!(
        lines
            .iter()
            .filter(|line| *line == "start error a: not yet")
            .count(),
        4
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn tries_that_are_too_many_end_the_supervisor() {
    let bed = Bed::new();
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    let process = add(
        &supervisor,
        once(|| async { Err("never".into()) }).child("a"),
    )
    .await;
    order(&process, Order::fail("no disk"));
    assert_eq!(
        within(supervisor.process().ended()).await,
        ExitReason::Shutdown
    );
    let lines = bed.log().take();
    // Three restarts within five seconds, as in Elixir.
    assert_eq!(
        lines
            .iter()
            .filter(|line| *line == "start error a: never")
            .count(),
        3
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn only_its_own_children_can_be_terminated() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    let other = bed.start(lenient()).await;
    // Both know their first child under the same key.
    let ours = add(&supervisor, Probe::new().child("a")).await;
    let theirs = add(&other, Probe::new().child("a")).await;
    for stranger in [&theirs, supervisor.process()] {
        let answer = within(supervisor.terminate_process(stranger)).await;
        assert!(
            matches!(answer, Err(SupervisorError::NotFound)),
            "{answer:?}"
        );
        let answer = within(supervisor.get_childspec_of(stranger)).await;
        assert!(
            matches!(answer, Err(SupervisorError::NotFound)),
            "{answer:?}"
        );
        assert!(stranger.is_alive());
    }
    within(supervisor.terminate_process(&ours))
        .await
        .expect("it is ours");
    assert_eq!(ours.exit_reason(), Some(ExitReason::Shutdown));
    let again = within(supervisor.terminate_process(&ours)).await;
    assert!(matches!(again, Err(SupervisorError::NotFound)), "{again:?}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_predecessor_is_no_child_any_more() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    let before = add(&supervisor, Probe::new().child("a")).await;
    order(&before, Order::fail("no disk"));
    bed.log().until("started root/a again 1").await;
    let answer = within(supervisor.terminate_process(&before)).await;
    assert!(
        matches!(answer, Err(SupervisorError::NotFound)),
        "{answer:?}"
    );
    assert!(bed.started("root/a").is_alive());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn there_are_no_ids_to_ask_by() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    add(&supervisor, Probe::new().child("a")).await;
    let a = id("a");
    let text = "the children of this supervisor are known by their processes only, not by ids";
    let answers = [
        within(supervisor.terminate_child(&a)).await.map(drop),
        within(supervisor.restart_child(&a)).await.map(drop),
        within(supervisor.delete_child(&a)).await.map(drop),
        within(supervisor.get_childspec(&a)).await.map(drop),
    ];
    for answer in answers {
        assert_eq!(answer.expect_err("no ids").to_string(), text);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_spec_is_told_with_its_default_filled_in() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    let process = add(&supervisor, Probe::new().child("a")).await;
    let spec = within(supervisor.get_childspec_of(&process))
        .await
        .expect("it is known");
    assert_eq!(
        (spec.id, spec.shutdown),
        (id("a"), Some(Shutdown::Timeout(secs(5))))
    );
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_add_at_once_and_all_are_there() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient().max_children(300)).await;
    let adding: Vec<_> = (0..400)
        .map(|_| {
            let supervisor = supervisor.clone();
            tokio::spawn(async move { supervisor.start_child(Probe::new().child("a")).await })
        })
        .collect();
    let (mut added, mut refused) = (0, 0);
    for result in adding {
        match within(result).await.expect("no panic") {
            Ok(_) => added += 1,
            Err(SupervisorError::MaxChildren) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((added, refused), (300, 100));
    assert_eq!(counts(&supervisor).await, [300, 300, 0, 300]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_temporary_child_was_made_from_is_let_go_when_it_ends() {
    let bed = Bed::new();
    let supervisor = bed.start(lenient()).await;
    let notes = Notes::new();
    let held = OnDrop::note(&notes, "let go");
    let held = std::sync::Arc::new(std::sync::Mutex::new(held));
    let child = Child::from_start(ChildSpec::new(id("a")), move |cx| {
        let held = std::sync::Arc::clone(&held);
        async move {
            drop(held);
            Ok(cx.spawn_actor(Probe::new().actor(), ()).await?.into())
        }
    });
    let process = add(&supervisor, child.restart(Restart::Temporary)).await;
    order(&process, Order::fail("no disk"));
    within(process.ended()).await;
    assert_eq!(counts(&supervisor).await, [0; 4]);
    assert_eq!(notes.all(), ["let go"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_restarted_empty() {
    let bed = Bed::new();
    let below = Child::supervisor("below", lenient());
    let root = bed.start(Supervisor::one_for_one().child(below)).await;
    let below = running(&root, "below")
        .await
        .supervisor()
        .expect("a supervisor");
    let child = add(&below, Probe::new().child("a")).await;
    below.process().kill();
    assert_eq!(within(child.ended()).await, ExitReason::Killed);
    bed.log().until("started root/below again 1").await;
    let below = running(&root, "below")
        .await
        .supervisor()
        .expect("a supervisor");
    assert_eq!(counts(&below).await, [0; 4]);
    bed.end().await;
}
