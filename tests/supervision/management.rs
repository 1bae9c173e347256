//! Requests to a supervisor that runs: every answer.

use mainstay_supervisors::specs::{ChildType, Restart, Shutdown};
use mainstay_supervisors::{
    Child, ChildStatus, DynamicSupervisor, ExitReason, Started, Supervisor, SupervisorError,
    SupervisorRef,
};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, running, status, within};

use crate::{children, counts, secs};

fn shown<T>(result: Result<T, SupervisorError>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// `a` runs, `b` was stopped, `c` runs and is temporary.
async fn three() -> (Bed, SupervisorRef) {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .intensity(1000, secs(5))
        .child(Probe::new().child("a"))
        .child(Probe::new().child("b"))
        .child(Probe::new().child("c").restart(Restart::Temporary));
    let supervisor = bed.start(tree).await;
    within(supervisor.terminate_child(&id("b")))
        .await
        .expect("it runs");
    (bed, supervisor)
}

/// Makes `flaky` a child whose restart fails, and fails again while the test holds it.
async fn restarting(supervisor: &SupervisorRef) -> tokio::sync::watch::Sender<bool> {
    let (go, gone) = tokio::sync::watch::channel(false);
    let notes = Notes::new();
    let seen = notes.clone();
    let probe = Probe::new().pre_start(move |_| {
        seen.add("try");
        let (first, mut gone) = (seen.count("try") == 1, gone.clone());
        async move {
            if first {
                return Ok(());
            }
            gone.wait_for(|gone| *gone).await?;
            Err("not yet".into())
        }
    });
    within(supervisor.start_child(probe.child("flaky")))
        .await
        .expect("it starts");
    order(&running(supervisor, "flaky").await, Order::fail("no disk"));
    notes.until_count("try", 2).await;
    go
}

#[tokio::test(start_paused = true)]
async fn start_child_refuses_what_is_there() {
    let (bed, supervisor) = three().await;
    let a = running(&supervisor, "a").await;
    let again = within(supervisor.start_child(Probe::new().child("a"))).await;
    let Err(SupervisorError::AlreadyStarted(process)) = again else {
        panic!("{again:?}")
    };
    assert_eq!(process, a);
    let again = within(supervisor.start_child(Probe::new().child("b"))).await;
    assert!(
        matches!(again, Err(SupervisorError::AlreadyPresent)),
        "{again:?}"
    );
    assert_eq!(counts(&supervisor).await, [3, 2, 0, 3]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_is_not_kept() {
    let (bed, supervisor) = three().await;
    let bad = Probe::new()
        .pre_start(|_| async { Err("no disk".into()) })
        .child("bad");
    let error = shown(within(supervisor.start_child(bad)).await);
    assert_eq!(error, "the child did not start: no disk");
    assert_eq!(status(&supervisor, "bad").await, None);
    within(supervisor.start_child(Probe::new().child("bad")))
        .await
        .expect("the id is free");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn every_request_has_its_answer_for_every_child() {
    let (bed, supervisor) = three().await;
    let ask = async |request: &str, child: &str| {
        let child = id(child);
        within(async {
            match request {
                "restart" => shown(supervisor.restart_child(&child).await),
                "delete" => shown(supervisor.delete_child(&child).await),
                "terminate" => shown(supervisor.terminate_child(&child).await),
                _ => shown(supervisor.get_childspec(&child).await),
            }
        })
        .await
    };
    for (request, child, answer) in [
        ("restart", "a", "the child is running"),
        ("restart", "x", "no such child"),
        ("delete", "a", "the child is running"),
        ("delete", "x", "no such child"),
        ("terminate", "x", "no such child"),
        ("spec", "x", "no such child"),
        ("spec", "b", "ok"),
        ("restart", "b", "ok"),
        ("restart", "b", "the child is running"),
        ("terminate", "b", "ok"),
        ("terminate", "b", "ok"),
        ("delete", "b", "ok"),
        ("delete", "b", "no such child"),
        ("terminate", "c", "ok"),
        ("terminate", "c", "no such child"), // Temporary: forgotten.
        ("restart", "c", "no such child"),
        ("terminate", "a", "ok"),
        ("restart", "a", "ok"),
    ] {
        assert_eq!(ask(request, child).await, answer, "{request} {child}");
    }
    assert_eq!(counts(&supervisor).await, [1, 1, 0, 1]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_being_restarted_is_neither_running_nor_stopped() {
    let (bed, supervisor) = three().await;
    let go = restarting(&supervisor).await;
    let flaky = id("flaky");
    // These wait behind the try that hangs; the next try comes after them.
    let requests = async {
        tokio::join!(
            supervisor.restart_child(&flaky),
            supervisor.delete_child(&flaky),
            supervisor.start_child(Probe::new().child("flaky")),
            supervisor.which_children(),
            supervisor.count_children(),
            supervisor.get_childspec(&flaky),
            supervisor.terminate_child(&flaky),
        )
    };
    let (answers, _) = tokio::join!(within(requests), async { go.send(true) });
    assert!(
        matches!(answers.0, Err(SupervisorError::Restarting)),
        "{:?}",
        answers.0
    );
    assert!(
        matches!(answers.1, Err(SupervisorError::Restarting)),
        "{:?}",
        answers.1
    );
    assert!(
        matches!(answers.2, Err(SupervisorError::AlreadyPresent)),
        "{:?}",
        answers.2
    );
    let shown = answers
        .3
        .expect("it runs")
        .into_iter()
        .map(|child| child.status)
        .next_back();
    assert_eq!(shown, Some(ChildStatus::Restarting));
    let counted = answers.4.expect("it runs");
    assert_eq!((counted.specs, counted.active, counted.workers), (4, 2, 4));
    assert_eq!(answers.5.expect("it is known").id, flaky);
    answers.6.expect("it is known");
    // It is not tried again.
    assert_eq!(
        status(&supervisor, "flaky").await,
        Some(ChildStatus::Stopped)
    );
    within(supervisor.delete_child(&flaky))
        .await
        .expect("it is stopped");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_on_request_that_fails_leaves_the_child_as_it_was() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let probe = Probe::new().pre_start(move |_| {
        seen.add("try");
        let tries = seen.count("try");
        async move {
            if tries == 2 {
                Err("no disk".into())
            } else {
                Ok(())
            }
        }
    });
    let supervisor = bed
        .start(Supervisor::one_for_one().child(probe.child("a")))
        .await;
    let a = id("a");
    within(supervisor.terminate_child(&a))
        .await
        .expect("it runs");
    let error = shown(within(supervisor.restart_child(&a)).await);
    assert_eq!(error, "the child did not start: no disk");
    assert_eq!(status(&supervisor, "a").await, Some(ChildStatus::Stopped));
    assert_eq!(notes.count("try"), 2);
    let started = within(supervisor.restart_child(&a))
        .await
        .expect("it starts");
    assert_eq!(started.process(), Some(&running(&supervisor, "a").await));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_terminated_child_is_gone_when_the_answer_comes() {
    let bed = Bed::new();
    let slow = Probe::new().post_stop(|_| async {
        tokio::time::sleep(secs(3)).await;
        Ok(())
    });
    let hanging = Probe::new().post_stop(|_| std::future::pending());
    let tree = Supervisor::one_for_one()
        .child(slow.child("slow"))
        .child(hanging.child("hangs").shutdown(Shutdown::Timeout(secs(2))));
    let supervisor = bed.start(tree).await;
    for (child, time, reason) in [
        ("slow", 3, ExitReason::Shutdown),
        ("hangs", 2, ExitReason::Killed),
    ] {
        let process = running(&supervisor, child).await;
        let begun = tokio::time::Instant::now();
        within(supervisor.terminate_child(&id(child)))
            .await
            .expect("it runs");
        assert_eq!(begun.elapsed(), secs(time));
        assert_eq!(process.exit_reason(), Some(reason));
    }
    let lines = bed.log().take();
    assert!(
        lines.contains(&"shutdown error hangs: killed".to_owned()),
        "{lines:?}"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn children_are_listed_and_counted_in_start_order() {
    let bed = Bed::new();
    let inner = Child::supervisor("inner", Supervisor::one_for_one());
    let stopped = Child::supervisor("stopped", DynamicSupervisor::new());
    let tree = Supervisor::one_for_one()
        .child(Probe::new().child("a"))
        .child(inner)
        .child(stopped);
    let supervisor = bed.start(tree).await;
    within(supervisor.terminate_child(&id("stopped")))
        .await
        .expect("it runs");
    within(supervisor.start_child(Probe::new().child("last")))
        .await
        .expect("it starts");
    let listed = within(supervisor.which_children()).await.expect("it runs");
    let listed: Vec<_> = listed
        .iter()
        .map(|child| {
            (
                child.id.as_str(),
                child.child_type,
                child.status == ChildStatus::Stopped,
            )
        })
        .collect();
    let expected = [
        ("a", ChildType::Worker, false),
        ("inner", ChildType::Supervisor, false),
        ("stopped", ChildType::Supervisor, true),
        ("last", ChildType::Worker, false),
    ];
    assert_eq!(listed, expected);
    assert_eq!(counts(&supervisor).await, [4, 3, 2, 2]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_childs_spec_is_told_with_its_default_filled_in() {
    let bed = Bed::new();
    let inner = Child::supervisor("inner", Supervisor::one_for_one());
    let brutal = Probe::new().child("brutal").shutdown(Shutdown::BrutalKill);
    let tree = Supervisor::one_for_one()
        .child(Probe::new().child("a").restart(Restart::Transient))
        .child(inner)
        .child(brutal);
    let supervisor = bed.start(tree).await;
    for (child, restart, shutdown) in [
        ("a", Restart::Transient, Shutdown::Timeout(secs(5))),
        ("inner", Restart::Permanent, Shutdown::Infinity),
        ("brutal", Restart::Permanent, Shutdown::BrutalKill),
    ] {
        let spec = within(supervisor.get_childspec(&id(child)))
            .await
            .expect("it is known");
        assert_eq!(
            (spec.restart, spec.shutdown),
            (restart, Some(shutdown)),
            "{child}"
        );
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn children_with_ids_are_not_asked_for_by_process() {
    let (bed, supervisor) = three().await;
    let a = running(&supervisor, "a").await;
    let terminated = within(supervisor.terminate_process(&a)).await;
    assert!(
        matches!(terminated, Err(SupervisorError::NotFound)),
        "{terminated:?}"
    );
    let spec = within(supervisor.get_childspec_of(&a)).await;
    assert!(matches!(spec, Err(SupervisorError::NotFound)), "{spec:?}");
    assert!(a.is_alive());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_future_was_dropped_is_carried_out_all_the_same() {
    let (bed, supervisor) = three().await;
    let go = restarting(&supervisor).await;
    let asked = supervisor.clone();
    let request = tokio::spawn(async move { asked.start_child(Probe::new().child("late")).await });
    tokio::task::yield_now().await;
    request.abort();
    assert!(
        within(request)
            .await
            .is_err_and(|error| error.is_cancelled())
    );
    let flaky = id("flaky");
    within(async {
        let terminated = supervisor.terminate_child(&flaky);
        tokio::join!(terminated, async { go.send(true) }).0
    })
    .await
    .expect("it is known");
    assert!(running(&supervisor, "late").await.is_alive());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_added_is_started_last_and_stopped_first() {
    let bed = Bed::new();
    let notes = Notes::new();
    let noting = |name: &'static str| Probe::noting(&notes, name).child(name);
    let tree = Supervisor::rest_for_one()
        .child(noting("a"))
        .child(noting("b"));
    let supervisor = bed.start(tree).await;
    let started = within(supervisor.start_child(noting("c"))).await;
    assert!(
        matches!(started, Ok(Started::Process { .. })),
        "{started:?}"
    );
    notes.take();
    order(&running(&supervisor, "b").await, Order::fail("no disk"));
    notes.until("start c").await;
    assert_eq!(notes.take(), ["stop c", "start b", "start c"]);
    bed.end().await;
    assert_eq!(notes.all(), ["stop c", "stop b", "stop a"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_was_stopped_keeps_its_place() {
    let (bed, supervisor) = three().await;
    within(supervisor.restart_child(&id("b")))
        .await
        .expect("it is stopped");
    let order: Vec<_> = children(&supervisor)
        .await
        .into_iter()
        .map(|child| child.0)
        .collect();
    assert_eq!(order, ["a", "b", "c"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_was_terminated_and_restarted_is_restarted_when_it_crashes() {
    let bed = Bed::new();
    let supervisor = bed
        .start(Supervisor::one_for_one().child(Probe::new().child("a")))
        .await;
    within(supervisor.terminate_child(&id("a")))
        .await
        .expect("it stops");
    let again = within(supervisor.restart_child(&id("a"))).await;
    let again = again.expect("it starts").process().cloned();
    let again = again.expect("it runs");
    again.kill();
    within(again.ended()).await;
    // The request waits its turn behind the exit.
    let third = running(&supervisor, "a").await;
    assert!(third.is_alive());
    assert_ne!(third, again);
    bed.end().await;
}
