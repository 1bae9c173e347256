//! Namespaces that go, come, and start anew.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};

use crate::support::{boot, pids, reload, spec, touched};

#[tokio::test(start_paused = true)]
async fn namespaces_go_and_come_and_the_others_run_on() {
    let old = spec("(name: \"a\"), (name: \"b\")");
    let new = spec("(name: \"b\"), (name: \"c\")");
    let node = boot(&old).await;
    let before = pids(&node);
    assert_eq!(
        reload(&node, &new).await,
        [
            "namespaces[0]: removed, stops a",
            "namespaces[1]: added, starts c",
        ]
    );
    assert_eq!(
        touched(&before, &pids(&node)),
        ["a", "a/children", "c", "c/children"]
    );
    assert!(node.readiness().ready);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_taken_away_is_no_reason_to_give_the_node_up() {
    let node = boot(&spec("(name: \"a\"), (name: \"b\")")).await;
    let mut ended = pin!(node.root_ended());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(ended.as_mut().poll(&mut cx).is_pending());
    reload(&node, &spec("(name: \"b\")")).await;
    assert!(ended.as_mut().poll(&mut cx).is_pending());
    node.namespace("b")
        .unwrap()
        .root()
        .unwrap()
        .process()
        .kill();
    assert_eq!(ended.await.process.path(), "b");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_comes_is_put_in_its_place_before_the_children() {
    let node = boot(&spec("(name: \"a\"), (name: \"b\")")).await;
    let before = pids(&node);
    let new = spec("(name: \"a\", services: (rate_limiters: ())), (name: \"b\")");
    assert_eq!(
        reload(&node, &new).await,
        [
            "namespaces[0].services.rate_limiters: added, restarts a/rate_limiters and what comes after it: what comes after it looks for it when it starts"
        ]
    );
    assert_eq!(
        touched(&before, &pids(&node)),
        ["a/children", "a/rate_limiters"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_order_of_namespaces_is_only_noted() {
    let node = boot(&spec("(name: \"a\"), (name: \"b\")")).await;
    let before = pids(&node);
    assert_eq!(
        reload(&node, &spec("(name: \"b\"), (name: \"a\")")).await,
        ["namespaces: changed, in place"]
    );
    assert_eq!(pids(&node), before);
}
