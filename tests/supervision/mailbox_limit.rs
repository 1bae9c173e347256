//! A limit of the mailbox for a child that has none: only actors do.

use std::num::NonZeroUsize;

use mainstay_supervisors::specs::ChildSpec;
use mainstay_supervisors::{
    Child, DynamicSupervisor, Ready, SpecError, StartError, StopToken, Supervisor, SupervisorError,
};
use mainstay_tests::probe::{Bed, Notes, OnDrop, Probe, id, within};

use crate::counts;

const LIMIT: NonZeroUsize = NonZeroUsize::new(3).expect("not zero");

/// Children of every kind but actors, all with a limit.
fn limited() -> Vec<Child> {
    let own = Child::from_start(ChildSpec::new(id("a")), |cx| async move {
        let idle = |stop: StopToken| async move { stop.stopped().await };
        Ok(cx.spawn_task(idle).into())
    });
    let ready = |stop: StopToken, ready: Ready| async move {
        ready.signal();
        stop.stopped().await;
    };
    let inner = Supervisor::one_for_one().child(Probe::new().child("b"));
    let children = [
        Child::task("a", |stop: StopToken| async move { stop.stopped().await }),
        Child::task_ready("a", ready),
        Child::supervisor("a", inner),
        Child::supervisor("a", DynamicSupervisor::new()),
        own,
    ];
    children.map(|child| child.mailbox_limit(LIMIT)).into()
}

fn refused() -> SpecError {
    SpecError::MailboxLimit(id("a"))
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_added_with_one_is_refused() {
    let bed = Bed::new();
    let with_ids = bed.start(Supervisor::one_for_one()).await;
    let dynamic = bed.start(DynamicSupervisor::new()).await;
    for supervisor in [with_ids, dynamic] {
        for (number, child) in limited().into_iter().enumerate() {
            let started = within(supervisor.start_child(child)).await;
            let Err(SupervisorError::StartFailed(StartError::Spec(error))) = started else {
                panic!("{number}: {started:?}")
            };
            assert_eq!(error, refused());
            assert_eq!(counts(&supervisor).await, [0; 4]);
        }
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_tree_with_one_does_not_start() {
    let bed = Bed::new();
    let notes = Notes::new();
    for child in limited() {
        let before = Probe::noting(&notes, "before").child("before");
        let tree = Supervisor::one_for_one().child(before).child(child);
        let error = bed.try_start(tree).await.expect_err("it cannot start");
        let StartError::Child { id: child, error } = error else {
            panic!("{error:?}")
        };
        assert_eq!(child, id("a"));
        let StartError::Spec(error) = *error else {
            panic!("{error:?}")
        };
        assert_eq!(error, refused());
        assert_eq!(notes.take(), ["start before", "stop before"]);
        bed.assert_empty();
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_on_of_a_child_that_is_refused() {
    let bed = Bed::new();
    let notes = Notes::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let seen = notes.clone();
    let task = Child::task("a", move |stop: StopToken| {
        let dropped = OnDrop::note(&seen, "dropped");
        async move {
            let _dropped = dropped;
            stop.stopped().await;
        }
    });
    within(supervisor.start_child(task.mailbox_limit(LIMIT)))
        .await
        .expect_err("it is refused");
    notes.until("dropped").await;
    within(supervisor.start_child(Probe::new().child("a").mailbox_limit(LIMIT)))
        .await
        .expect("an actor has a mailbox");
    assert_eq!(counts(&supervisor).await, [1, 1, 0, 1]);
    bed.end().await;
}
