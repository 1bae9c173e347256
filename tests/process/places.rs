//! Where a process comes from in the code.

use std::future::pending;
use std::panic::Location;

use mainstay_supervisors::specs::{ChildSpec, NamespaceName, Restart};
use mainstay_supervisors::{
    Child, DynamicSupervisor, NamespacePlan, PartitionSupervisor, Process, SimpleSupervisor,
    StreamOptions, Supervisor, TaskSupervisor, TaskSupervisorRef, current,
};
use mainstay_tests::probe::{Bed, Order, Probe, id, order, running, within};

type Place = &'static Location<'static>;

#[track_caller]
fn here() -> Place {
    Location::caller()
}

/// Asserts that it comes from so many lines below `place`.
#[track_caller]
fn assert_from(process: &Process, place: Place, below: u32) {
    let made_at = process.made_at();
    let expected = (place.file(), place.line() + below);
    assert_eq!((made_at.file(), made_at.line()), expected, "{process}");
}

#[tokio::test(start_paused = true)]
async fn a_child_comes_from_where_it_was_made_whatever_made_it() {
    let bed = Bed::new();
    let top = here();
    let children = [
        Child::actor("actor", || (Probe::new().actor(), ())),
        Child::task("task", |_| pending::<()>()),
        Child::task_ready("ready", |_, ready| async { ready.signal() }),
        Child::supervisor("supervisor", Supervisor::one_for_one()),
        Child::from_start(ChildSpec::new(id("start")), |cx| async {
            Ok(cx.spawn_task(|_| pending::<()>()).into())
        }),
    ];
    assert_eq!(children[4].made_at().line(), top.line() + 6);
    bed.start(Supervisor::one_for_one().children(children))
        .await;
    for (nth, child) in ["actor", "task", "ready", "supervisor", "start"]
        .into_iter()
        .enumerate()
    {
        let nth = u32::try_from(nth).expect("a few");
        assert_from(&bed.started(&format!("root/{child}")), top, nth + 2);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn clones_changes_and_restarts_keep_the_place() {
    let bed = Bed::new();
    let top = here();
    let child = Child::actor("a", || (Probe::new().actor(), ()));
    let child = child.clone().restart(Restart::Transient);
    let partitions = PartitionSupervisor::new(child.clone()).partitions(2);
    let tree = Supervisor::one_for_one()
        .child(child)
        .child(Child::supervisor("partitions", partitions));
    bed.start(tree).await;
    assert_from(&bed.started("root/partitions/1"), top, 1);
    order(&bed.started("root/a"), Order::panic());
    bed.log().until("started root/a again 1").await;
    assert_from(&bed.started("root/a"), top, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_root_comes_from_where_its_start_was_called_and_not_from_where_it_was_awaited() {
    let bed = Bed::new();
    let top = here();
    let start = bed.runtime.start("x", DynamicSupervisor::new());
    let root = within(start).await.expect("it starts");
    assert_from(root.process(), top, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_comes_from_where_it_was_started_first() {
    let bed = Bed::new();
    let name = NamespaceName::new("two").expect("a name");
    let top = here();
    let one = bed.runtime.namespace("one").await.expect("it starts");
    let two = bed.runtime.start_namespace(name, NamespacePlan::new());
    let two = within(two).await.expect("it starts");
    let again = bed.runtime.namespace("one").await.expect("it runs");
    for (namespace, below) in [(one, 1), (two, 2), (again, 1)] {
        assert_from(namespace.root().expect("it runs").process(), top, below);
        let children = namespace.children().expect("they run");
        assert_from(children.process(), top, below);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_of_a_simple_supervisor_comes_from_where_its_start_was_asked_for() {
    let bed = Bed::new();
    let simple = SimpleSupervisor::new(ChildSpec::new(id("a")), |cx, ()| async {
        Ok(cx.spawn_task(|_| pending::<()>()).into())
    });
    let children = simple.bind(bed.start(simple.clone()).await);
    let top = here();
    let started = within(children.start_child(())).await.expect("it starts");
    assert_from(started.process().expect("it runs"), top, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_comes_from_where_its_start_was_asked_for() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one().child(Child::supervisor("tasks", TaskSupervisor::new()));
    let root = bed.start(tree).await;
    let tasks = running(&root, "tasks").await.supervisor();
    let tasks = TaskSupervisorRef::from(tasks.expect("a supervisor"));
    let me = async || current().expect("a process");
    let top = here();
    let linked = tasks.async_linked(me()).await.expect("it starts");
    let unlinked = tasks.async_nolink(me()).await.expect("it starts");
    let child = tasks.start_child(Restart::Temporary, |_| pending::<()>());
    let mut stream = tasks.async_stream([()], StreamOptions::default(), move |()| me());
    assert_from(&within(linked).await.expect("a result"), top, 1);
    assert_from(&within(unlinked).await.expect("a result"), top, 2);
    assert_from(&within(child).await.expect("it starts"), top, 3);
    let streamed = within(stream.next()).await.expect("one");
    assert_from(&streamed.expect("a result"), top, 4);
    bed.end().await;
}
