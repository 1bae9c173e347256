//! Which processes are alive, of a runtime and of a namespace.

use std::future::pending;

use mainstay_supervisors::specs::{ChildSpec, Restart, Shutdown};
use mainstay_supervisors::{
    Child, Delivery, DynamicSupervisor, EventKind, ExitReason, Process, ProcessKind, Runtime,
    StartError, StopToken, Supervisor,
};
use mainstay_tests::probe::{Bed, Notes, OnDrop, Order, Probe, id, order, within};
use tokio::time::sleep;

use crate::secs;

fn paths(processes: &[Process]) -> Vec<String> {
    processes.iter().map(Process::path).collect()
}

fn idle(id: &str) -> Child {
    Child::task(id, |stop: StopToken| async move { stop.stopped().await })
}

/// Takes this long to stop.
fn slow(id: &str, seconds: u64) -> Child {
    let probe = Probe::new().post_stop(move |_| async move {
        sleep(secs(seconds)).await;
        Ok(())
    });
    probe.child(id).shutdown(Shutdown::Infinity)
}

#[tokio::test(start_paused = true)]
async fn all_that_are_alive_are_told_oldest_first() {
    let bed = Bed::new();
    assert_eq!(bed.runtime.processes(), []);
    let inner = Supervisor::one_for_one().child(idle("a"));
    let tree = Supervisor::one_for_one()
        .child(idle("first"))
        .child(Child::supervisor("inner", inner))
        .child(idle("last"));
    let root = bed.start(tree).await;
    let late = within(bed.runtime.start("late", DynamicSupervisor::new())).await;
    within(late.expect("it starts").start_child(idle("x")))
        .await
        .expect("it starts");
    let alive = [
        "root",
        "root/first",
        "root/inner",
        "root/inner/a",
        "root/last",
        "late",
        "late/x",
    ];
    assert_eq!(paths(&bed.runtime.processes()), alive);
    within(root.terminate_child(&id("first")))
        .await
        .expect("it is stopped");
    within(root.restart_child(&id("first")))
        .await
        .expect("it starts");
    let alive = [
        "root",
        "root/inner",
        "root/inner/a",
        "root/last",
        "late",
        "late/x",
        "root/first",
    ];
    assert_eq!(paths(&bed.runtime.processes()), alive);
    let runtime = bed.runtime.clone();
    bed.end().await;
    assert_eq!(runtime.processes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_restart_is_none_of_them() {
    let bed = Bed::new();
    let fragile = Probe::new().child("a").restart(Restart::Temporary);
    let kept = Probe::new().child("b").restart(Restart::Transient);
    let tree = Supervisor::one_for_one().child(fragile).child(kept);
    bed.start(tree).await;
    order(&bed.started("root/a"), Order::panic());
    order(&bed.started("root/b"), Order::throw(ExitReason::Shutdown));
    for child in ["root/a", "root/b"] {
        within(bed.started(child).ended()).await;
    }
    assert_eq!(paths(&bed.runtime.processes()), ["root"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_being_started_is_told_also_of_a_namespace() {
    let bed = Bed::new();
    let namespace = within(bed.runtime.namespace("test")).await;
    let namespace = namespace.expect("it starts");
    let stuck = Child::task_ready("stuck", |_, ready| async move {
        pending::<()>().await;
        ready.signal();
    });
    let inner = Child::supervisor("inner", Supervisor::one_for_one().child(stuck));
    let starting = namespace.start_child(inner);
    let looking = async {
        sleep(secs(1)).await;
        let ours = namespace.processes();
        assert_eq!(ours, bed.runtime.processes());
        ours.last().expect("some").kill();
        paths(&ours)
    };
    let (started, alive) = within(async { tokio::join!(starting, looking) }).await;
    started.expect_err("it was killed");
    let expected = [
        "test",
        "test/children",
        "test/children/inner",
        "test/children/inner/stuck",
    ];
    assert_eq!(alive, expected);
    assert_eq!(paths(&namespace.processes()), expected[..2]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_start_has_left_is_told_until_it_has_ended() {
    let bed = Bed::new();
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    let (notes, runtime) = (Notes::new(), bed.runtime.clone());
    let alive = notes.clone();
    let child = Child::from_start(ChildSpec::new(id("a")), move |cx| {
        let (alive, runtime) = (alive.clone(), runtime.clone());
        let look = OnDrop::new(move || alive.add(paths(&runtime.processes()).join(", ")));
        async move {
            cx.spawn_task(|_| async move {
                let _look = look;
                pending::<()>().await;
            });
            Err(StartError::failed("changed my mind"))
        }
    });
    let error = within(supervisor.start_child(child)).await;
    error.expect_err("it changed its mind");
    assert_eq!(notes.all(), ["root, root/a"]);
    assert_eq!(paths(&bed.runtime.processes()), ["root"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn orphans_and_all_below_them_are_told_until_they_have_ended() {
    let bed = Bed::new();
    let namespace = within(bed.runtime.namespace("test")).await;
    let namespace = namespace.expect("it starts");
    let inner = Supervisor::one_for_one().child(slow("slow", 5));
    within(namespace.start_child(Child::supervisor("inner", inner)))
        .await
        .expect("it starts");
    bed.start(Supervisor::one_for_one().child(idle("other")))
        .await;
    let root = namespace.root().expect("it runs").process().clone();
    let children = namespace.children().expect("they run").process().clone();
    root.kill();
    children.kill();
    within(root.ended()).await;
    within(children.ended()).await;
    let left = ["test/children/inner", "test/children/inner/slow"];
    assert_eq!(paths(&namespace.processes()), left);
    let all = [left[0], left[1], "root", "root/other"];
    assert_eq!(paths(&bed.runtime.processes()), all);
    sleep(secs(6)).await;
    assert_eq!(namespace.processes(), []);
    assert_eq!(paths(&bed.runtime.processes()), ["root", "root/other"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn whom_a_killed_root_leaves_behind_is_told_while_its_end_is_made_known() {
    // The root was forgotten before its children were known to be orphans.
    let bed = Bed::new();
    let notes = Notes::new();
    let namespace = within(bed.runtime.namespace("test")).await;
    let namespace = namespace.expect("it starts");
    let (alive, runtime) = (notes.clone(), bed.runtime.clone());
    let look = move || alive.add(paths(&runtime.processes()).join(", "));
    let cell = namespace.cell("dropped with the namespace", || OnDrop::new(look));
    drop(cell);
    let root = namespace.root().expect("it runs").process().clone();
    root.kill();
    within(root.ended()).await;
    assert_eq!(notes.all(), ["test/children"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_tells_its_own_only_and_none_when_the_runtime_is_gone() {
    let bed = Bed::new();
    let one = within(bed.runtime.namespace("one")).await.expect("starts");
    let two = within(bed.runtime.namespace("two")).await.expect("starts");
    within(one.start_child(idle("a"))).await.expect("it starts");
    assert_eq!(
        paths(&one.processes()),
        ["one", "one/children", "one/children/a"]
    );
    assert_eq!(paths(&two.processes()), ["two", "two/children"]);
    let roots = [&one, &two].map(|namespace| namespace.root().expect("it runs"));
    drop(bed);
    for root in roots {
        within(root.process().ended()).await;
    }
    assert_eq!((one.processes(), two.processes()), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_lives_all_the_while_is_never_missed_while_others_come_and_go() {
    // Between its start and its entry in the table, and between a supervisor's end and the orphans, a child was nowhere.
    let bed = Bed::new();
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    let looking = tokio::spawn(kill_when_seen(bed.runtime.clone(), 400));
    for nth in 0..400 {
        let child = deaf("a").restart(Restart::Temporary);
        let started = if nth % 2 == 0 {
            within(supervisor.start_child(child)).await
        } else {
            let tree = Supervisor::one_for_one().child(child);
            let inner = Child::supervisor("inner", tree).restart(Restart::Temporary);
            within(supervisor.start_child(inner)).await
        };
        let started = started.expect("it starts");
        let process = started.process().expect("it runs");
        if process.kind() == ProcessKind::Supervisor {
            process.kill();
        }
    }
    within(looking).await.expect("no panic");
    bed.end().await;
}

/// Lives until it is killed.
fn deaf(id: &str) -> Child {
    let task = Child::task(id, |stop: StopToken| async move {
        let _unheard = stop;
        pending::<()>().await;
    });
    task.shutdown(Shutdown::Infinity)
}

/// Looks for each task that is started, until it has seen this many, and kills those it has seen.
async fn kill_when_seen(runtime: Runtime, count: usize) {
    let mut events = runtime.events_after(0);
    let mut seen = 0;
    while seen < count {
        let Some(Delivery::Event(event)) = events.next().await else {
            panic!("the history is too short")
        };
        if let EventKind::Started { process, .. } = event.kind
            && process.kind() == ProcessKind::Task
        {
            assert!(runtime.processes().contains(&process), "{process}");
            process.kill();
            seen += 1;
        }
    }
}
