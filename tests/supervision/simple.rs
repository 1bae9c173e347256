//! Children made from one template and arguments: OTP's simple_one_for_one.

use mainstay_supervisors::specs::{ChildSpec, Restart, Shutdown};
use mainstay_supervisors::{ExitReason, Process, SimpleRef, SimpleSupervisor, SupervisorError};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, text_of, within};

use crate::{counts, secs};

/// Its children note the argument they are started with.
async fn workers(bed: &Bed, notes: &Notes, template: ChildSpec) -> SimpleRef<u32> {
    let notes = notes.clone();
    let simple = SimpleSupervisor::new(template, move |cx, number: u32| {
        notes.add(format!("start {number}"));
        async move { Ok(cx.spawn_actor(Probe::new().actor(), ()).await?.into()) }
    });
    let supervisor = bed.start(simple.clone()).await;
    simple.bind(supervisor)
}

async fn add(workers: &SimpleRef<u32>, number: u32) -> Process {
    let started = within(workers.start_child(number))
        .await
        .expect("it starts");
    started.process().expect("it runs").clone()
}

#[tokio::test(start_paused = true)]
async fn a_child_is_restarted_with_its_arguments() {
    let bed = Bed::new();
    let notes = Notes::new();
    let workers = workers(&bed, &notes, ChildSpec::new(id("worker"))).await;
    add(&workers, 1).await;
    let two = add(&workers, 2).await;
    order(&two, Order::fail("no disk"));
    notes.until_count("start 2", 2).await;
    assert_eq!(notes.all(), ["start 1", "start 2", "start 2"]);
    assert_eq!(counts(workers.supervisor()).await, [1, 2, 0, 2]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_restart_is_allowed_unless_told_otherwise() {
    let bed = Bed::new();
    let workers = workers(&bed, &Notes::new(), ChildSpec::new(id("worker"))).await;
    for _ in 0..2 {
        let process = add(&workers, 1).await;
        order(&process, Order::fail("no disk"));
        within(process.ended()).await;
    }
    let ended = within(workers.supervisor().process().ended()).await;
    assert_eq!(ended, ExitReason::Shutdown);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_dead_can_be_terminated_and_strangers_cannot() {
    let bed = Bed::new();
    let template = ChildSpec::new(id("worker")).restart(Restart::Temporary);
    let workers = workers(&bed, &Notes::new(), template).await;
    let supervisor = workers.supervisor();
    let worker = add(&workers, 1).await;
    within(supervisor.terminate_process(&worker))
        .await
        .expect("it runs");
    within(supervisor.terminate_process(&worker))
        .await
        .expect("it is dead");
    let stranger = within(supervisor.terminate_process(supervisor.process())).await;
    assert!(
        matches!(stranger, Err(SupervisorError::NotFound)),
        "{stranger:?}"
    );
    assert_eq!(counts(supervisor).await, [1, 0, 0, 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_template_is_the_spec_of_all() {
    let bed = Bed::new();
    let template = ChildSpec::new(id("worker")).restart(Restart::Transient);
    let workers = workers(&bed, &Notes::new(), template).await;
    let supervisor = workers.supervisor();
    let worker = add(&workers, 1).await;
    for spec in [
        within(supervisor.get_childspec_of(&worker)).await,
        within(supervisor.get_childspec(&id("worker"))).await,
    ] {
        let spec = spec.expect("it is known");
        assert_eq!(
            (spec.restart, spec.shutdown),
            (Restart::Transient, Some(Shutdown::Timeout(secs(5))))
        );
    }
    let other = within(supervisor.get_childspec(&id("other"))).await;
    assert!(matches!(other, Err(SupervisorError::NotFound)), "{other:?}");
    let restart = within(supervisor.restart_child(&id("worker"))).await;
    assert!(
        matches!(restart, Err(SupervisorError::NoIds)),
        "{restart:?}"
    );
    let delete = within(supervisor.delete_child(&id("worker"))).await;
    assert!(matches!(delete, Err(SupervisorError::NoIds)), "{delete:?}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn children_that_do_not_stop_as_asked_are_reported_once_for_each_reason() {
    let bed = Bed::new();
    let simple =
        SimpleSupervisor::new(ChildSpec::new(id("worker")), |cx, hangs: bool| async move {
            let probe = Probe::new().post_stop(move |_| async move {
                if hangs {
                    std::future::pending().await
                } else {
                    Err("bad".into())
                }
            });
            Ok(cx.spawn_actor(probe.actor(), ()).await?.into())
        });
    let supervisor = bed.start(simple.clone()).await;
    let workers = simple.bind(supervisor.clone());
    for hangs in [true, false, true, true, false] {
        within(workers.start_child(hangs)).await.expect("it starts");
    }
    let begun = tokio::time::Instant::now();
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    assert_eq!(begun.elapsed(), secs(5));
    let mut lines = bed.log().take();
    lines.retain(|line| line.starts_with("shutdown error"));
    lines.sort();
    let expected = [
        "shutdown error worker: failed: bad (2)",
        "shutdown error worker: killed (3)",
    ];
    assert_eq!(lines, expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_is_told_and_not_kept() {
    let bed = Bed::new();
    let simple = SimpleSupervisor::new(
        ChildSpec::new(id("worker")),
        |_, text: &'static str| async move { Err(mainstay_supervisors::StartError::failed(text)) },
    );
    let supervisor = bed.start(simple.clone()).await;
    let workers = simple.bind(supervisor.clone());
    let error = within(workers.start_child("no disk"))
        .await
        .expect_err("it cannot start");
    assert_eq!(error.to_string(), "the child did not start: no disk");
    assert_eq!(counts(&supervisor).await, [1, 0, 0, 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_ends_normally_is_forgotten() {
    let bed = Bed::new();
    let template = ChildSpec::new(id("worker")).restart(Restart::Transient);
    let workers = workers(&bed, &Notes::new(), template).await;
    let worker = add(&workers, 1).await;
    order(&worker, Order::throw(ExitReason::shutdown_with("done")));
    assert_eq!(text_of(&within(worker.ended()).await), "shutdown: done");
    assert_eq!(counts(workers.supervisor()).await, [1, 0, 0, 0]);
    bed.end().await;
}
