//! The snapshot of the live tree.

use mainstay_supervisors::specs::{Backoff, ChildType, Restart};
use mainstay_supervisors::{
    Child, DynamicSupervisor, NodeState, ProcessKind, Supervisor, TreeNode,
};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, within};

use crate::secs;

async fn example(bed: &Bed) -> TreeNode {
    let wait = Backoff::new(secs(100), secs(100));
    let inner = Supervisor::rest_for_one()
        .child(Child::task("b", |_| std::future::pending::<()>()).restart(Restart::Transient))
        .child(Probe::new().child("c"));
    let tree = Supervisor::one_for_one()
        .intensity(9, secs(5))
        .child(Probe::new().child("a"))
        .child(Child::supervisor("inner", inner))
        .child(Child::supervisor("pool", DynamicSupervisor::new()))
        .child(Probe::new().child("waits").backoff(wait))
        .child(Probe::new().child("stopped"));
    let supervisor = bed.start(tree).await;
    within(supervisor.terminate_child(&id("stopped")))
        .await
        .expect("it runs");
    for (child, count) in [("a", 2), ("waits", 1)] {
        for _ in 0..count {
            let process = bed.started(&format!("root/{child}"));
            order(&process, Order::fail("no disk"));
            within(process.ended()).await;
            within(supervisor.count_children()).await.expect("it runs");
        }
    }
    TreeNode::of(supervisor.process())
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_shown_as_it_is() {
    let bed = Bed::new();
    let tree = example(&bed).await;
    assert_eq!(tree.count(), 8);
    assert_eq!(
        (tree.kind, tree.strategy.as_deref()),
        (Some(ProcessKind::Supervisor), Some("one_for_one"))
    );
    let shown: Vec<_> = tree
        .children
        .iter()
        .map(|node| (node.id.as_str(), node.state, node.kind, node.restarts))
        .collect();
    let (actor, supervisor) = (Some(ProcessKind::Actor), Some(ProcessKind::Supervisor));
    let expected = [
        ("a", NodeState::Running, actor, 2),
        ("inner", NodeState::Running, supervisor, 0),
        ("pool", NodeState::Running, supervisor, 0),
        ("waits", NodeState::Restarting, None, 0),
        ("stopped", NodeState::Stopped, None, 0),
    ];
    assert_eq!(shown, expected);
    let inner = &tree.children[1];
    assert_eq!(
        (inner.strategy.as_deref(), inner.child_type),
        (Some("rest_for_one"), ChildType::Supervisor)
    );
    assert_eq!(inner.children[0].restart, Some(Restart::Transient));
    assert_eq!(inner.children[0].kind, Some(ProcessKind::Task));
    assert_eq!(tree.children[2].strategy.as_deref(), Some("dynamic"));
    let pid = bed.started("root/inner/c").pid();
    assert_eq!(inner.children[1].pid, Some(pid));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_drawn_as_text() {
    let bed = Bed::new();
    let picture = example(&bed).await.to_string();
    let pid = |path: &str| bed.started(path).pid().to_string();
    let expected = [
        format!("root  one_for_one  {}", pid("root")),
        format!("├─ a  {}  restarts 2", pid("root/a")),
        format!("├─ inner  rest_for_one  {}", pid("root/inner")),
        format!("│  ├─ b  {}", pid("root/inner/b")),
        format!("│  └─ c  {}", pid("root/inner/c")),
        format!("├─ pool  dynamic  {}", pid("root/pool")),
        "├─ waits  restarting".to_owned(),
        "└─ stopped  stopped".to_owned(),
    ];
    assert_eq!(picture.lines().collect::<Vec<_>>(), expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn how_long_a_child_has_run_is_told_by_the_clock_of_tokio() {
    let bed = Bed::new();
    let supervisor = bed
        .start(Supervisor::one_for_one().child(Probe::new().child("a")))
        .await;
    tokio::time::sleep(secs(3)).await;
    let time = || TreeNode::of(supervisor.process()).children[0].for_ms;
    assert_eq!(time(), 3000);
    order(&bed.started("root/a"), Order::fail("no disk"));
    bed.log().until("started root/a again 1").await;
    tokio::time::sleep(secs(1)).await;
    assert_eq!(time(), 1000);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_supervisor_does_not_keep_its_tree_from_being_shown() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let slow = Probe::new().pre_start(move |_| {
        seen.add("begun");
        std::future::pending()
    });
    let supervisor = bed
        .start(Supervisor::one_for_one().child(Probe::new().child("a")))
        .await;
    let asked = supervisor.clone();
    let start = tokio::spawn(async move { asked.start_child(slow.child("slow")).await });
    notes.until("begun").await;
    let tree = TreeNode::of(supervisor.process());
    let shown: Vec<_> = tree.children.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(shown, ["a"]);
    within(bed.runtime.stop(secs(1))).await;
    within(start)
        .await
        .expect("no panic")
        .expect_err("it was killed");
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_that_has_ended_is_not_shown_also_before_its_supervisor_knows() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let slow = Probe::new().pre_start(move |_| {
        seen.add("begun");
        std::future::pending()
    });
    let temporary = Probe::new().child("a").restart(Restart::Temporary);
    let permanent = Probe::new().child("b");
    let tree = Supervisor::one_for_one().child(temporary).child(permanent);
    let supervisor = bed.start(tree).await;
    let asked = supervisor.clone();
    let start = tokio::spawn(async move { asked.start_child(slow.child("slow")).await });
    notes.until("begun").await;
    for child in ["root/a", "root/b"] {
        let process = bed.started(child);
        order(&process, Order::fail("no disk"));
        within(process.ended()).await;
    }
    let tree = TreeNode::of(supervisor.process());
    let shown: Vec<_> = tree.children.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(shown, ["b"]);
    assert_eq!(tree.children[0].state, NodeState::Stopped);
    within(bed.runtime.stop(secs(1))).await;
    within(start)
        .await
        .expect("no panic")
        .expect_err("it was killed");
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_has_ended_is_shown_as_ended() {
    let bed = Bed::new();
    let supervisor = bed
        .start(Supervisor::one_for_one().child(Probe::new().child("a")))
        .await;
    within(bed.runtime.stop(secs(1))).await;
    let tree = TreeNode::of(supervisor.process());
    assert_eq!((tree.state, tree.count()), (NodeState::Stopped, 1));
    bed.end().await;
}
