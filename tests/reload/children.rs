//! Supervisors and their children.

use crate::support::{boot, one, pids, reload, touched};

#[tokio::test(start_paused = true)]
async fn what_is_the_same_is_not_touched() {
    let spec = one("children: [(id: \"a\", kind: \"k\")]");
    let node = boot(&spec).await;
    let before = pids(&node);
    assert_eq!(reload(&node, &spec).await, [""; 0]);
    assert_eq!(pids(&node), before);
}

#[tokio::test(start_paused = true)]
async fn only_the_child_that_changed_is_another_process() {
    let of = |n: u32| {
        one(&format!(
            "children: [(id: \"a\", kind: \"k\"), (id: \"b\", kind: \"k\", args: (n: {n})), (id: \"c\", kind: \"k\")]"
        ))
    };
    let node = boot(&of(1)).await;
    let before = pids(&node);
    assert_eq!(
        reload(&node, &of(2)).await,
        [
            "namespaces[0].children[1].args: changed, restarts n/children/b: what it runs is made when it starts"
        ]
    );
    assert_eq!(touched(&before, &pids(&node)), ["n/children/b"]);
}

#[tokio::test(start_paused = true)]
async fn children_go_and_come() {
    let old = one("children: [(id: \"a\", kind: \"k\"), (id: \"b\", kind: \"k\")]");
    let new = one("children: [(id: \"c\", kind: \"k\"), (id: \"b\", kind: \"k\")]");
    let node = boot(&old).await;
    let before = pids(&node);
    assert_eq!(
        reload(&node, &new).await,
        [
            "namespaces[0].children[0]: removed, stops n/children/a",
            "namespaces[0].children[0]: added, starts n/children/c",
        ]
    );
    let after = pids(&node);
    assert_eq!(touched(&before, &after), ["n/children/a", "n/children/c"]);
    assert!(after.contains_key("n/children/c"));
}

#[tokio::test(start_paused = true)]
async fn a_child_deep_inside_is_replaced_where_it_stands() {
    let of = |n: u32| {
        one(&format!(
            "children: [(id: \"s\", supervisor: (), children: [
                (id: \"a\", kind: \"k\"), (id: \"b\", kind: \"k\", args: (n: {n}))])]"
        ))
    };
    let node = boot(&of(1)).await;
    let before = pids(&node);
    reload(&node, &of(2)).await;
    assert_eq!(touched(&before, &pids(&node)), ["n/children/s/b"]);
}

#[tokio::test(start_paused = true)]
async fn those_after_it_are_restarted_with_it_under_rest_for_one() {
    let of = |n: u32| {
        one(&format!(
            "supervisor: (strategy: rest_for_one), children: [
                (id: \"a\", kind: \"k\"), (id: \"b\", kind: \"k\", args: (n: {n})), (id: \"c\", kind: \"k\")]"
        ))
    };
    let node = boot(&of(1)).await;
    let before = pids(&node);
    reload(&node, &of(2)).await;
    assert_eq!(
        touched(&before, &pids(&node)),
        ["n/children/b", "n/children/c"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_behaves_otherwise_is_told_so_and_goes_on_with_its_children() {
    let of = |strategy: &str| {
        one(&format!(
            "services: (rate_limiters: ()), supervisor: (strategy: {strategy}), children: [(id: \"a\", kind: \"k\")]"
        ))
    };
    let node = boot(&of("one_for_one")).await;
    let before = pids(&node);
    assert_eq!(
        reload(&node, &of("one_for_all")).await,
        ["namespaces[0].supervisor.strategy: changed, in place"]
    );
    assert_eq!(pids(&node), before);
    let children = node.namespace("n").unwrap().children().unwrap();
    let tree = mainstay::supervisors::TreeNode::of(children.process());
    assert_eq!(tree.strategy.as_deref(), Some("one_for_all"));
}

#[tokio::test(start_paused = true)]
async fn what_was_reloaded_survives_the_crash_of_its_supervisor() {
    let old = one("children: [(id: \"a\", kind: \"k\")]");
    let new = one(
        "children: [(id: \"a\", kind: \"k\"), (id: \"s\", supervisor: (), children: [(id: \"b\", kind: \"k\")])]",
    );
    let node = boot(&old).await;
    reload(&node, &new).await;
    let before = pids(&node);
    let namespace = node.namespace("n").unwrap();
    let children = namespace.children().unwrap();
    let down = children.process().monitor();
    children.process().kill();
    down.await;
    while namespace.children().is_none_or(|now| now == children) {
        tokio::task::yield_now().await;
    }
    let after = pids(&node);
    assert_eq!(
        touched(&before, &after),
        [
            "n/children",
            "n/children/a",
            "n/children/s",
            "n/children/s/b"
        ]
    );
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn a_worker_becomes_a_supervisor() {
    let old = one("children: [(id: \"a\", kind: \"k\")]");
    let new = one("children: [(id: \"a\", supervisor: (), children: [(id: \"b\", kind: \"k\")])]");
    let node = boot(&old).await;
    let before = pids(&node);
    reload(&node, &new).await;
    assert_eq!(
        touched(&before, &pids(&node)),
        ["n/children/a", "n/children/a/b"]
    );
}
