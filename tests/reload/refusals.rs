//! What changes nothing.

use std::future::Future as _;

use mainstay::ReloadError;
use mainstay::specs::{HttpSpec, NamespaceName, NamespaceSpec};

use crate::support::{boot, one, pids};

#[tokio::test(start_paused = true)]
async fn a_spec_with_faults_touches_nothing_and_all_faults_are_told() {
    let old = one("children: [(id: \"a\", kind: \"k\")]");
    let node = boot(&old).await;
    let before = pids(&node);
    let mut new = one("children: [(id: \"b\", kind: \"k\")]");
    new.namespaces[0].children[0].kind = Some("q".to_owned());
    new.namespaces
        .push(NamespaceSpec::new(NamespaceName::new("n").unwrap()));
    let error = node.reload(&new).await.unwrap_err();
    assert!(matches!(error, ReloadError::Spec(_)));
    assert_eq!(
        error.to_string(),
        "namespaces[1].name: duplicate namespace name \"n\", first given at namespaces[0].name\n\
         namespaces[0].children[0].kind: unknown kind `q`, expected `k`"
    );
    assert_eq!(pids(&node), before);
    assert_eq!(node.spec().await, old);
}

#[tokio::test(start_paused = true)]
async fn what_takes_a_new_node_is_refused_and_with_it_all_else() {
    let old = one("children: [(id: \"a\", kind: \"k\")]");
    let node = boot(&old).await;
    let before = pids(&node);
    let new = one("children: [(id: \"b\", kind: \"k\")]");
    let new = new.http(HttpSpec::disabled().token("another"));
    let error = node.reload(&new).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "http.token: changed, takes a new node: who has the old token is not to lose it while the node runs"
    );
    assert_eq!(
        error.faults().unwrap().to_string(),
        "http.token: this takes a new node: who has the old token is not to lose it while the node runs"
    );
    assert_eq!(pids(&node), before);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_stopping_goes_by_nothing_else() {
    let spec = one("children: []");
    let node = boot(&spec).await;
    node.stop(std::time::Duration::from_secs(5)).await;
    let error = node
        .reload(&one("children: [(id: \"a\", kind: \"k\")]"))
        .await;
    assert!(matches!(error.unwrap_err(), ReloadError::Stopping));
}

#[tokio::test(start_paused = true)]
async fn reloads_come_one_after_the_other() {
    let of = |n: u32| {
        one(&format!(
            "children: [(id: \"a\", kind: \"k\", args: (n: {n}))]"
        ))
    };
    let node = boot(&of(0)).await;
    let (first, second) = (of(1), of(2));
    let (first, second) = tokio::join!(node.reload(&first), node.reload(&second));
    assert_eq!(first.unwrap().applied, second.unwrap().applied);
    assert_eq!(node.spec().await, of(2));
}

#[tokio::test(start_paused = true)]
async fn a_reload_goes_on_when_nobody_waits_for_it() {
    let node = boot(&one("children: []")).await;
    let new = one("children: [(id: \"a\", kind: \"k\")]");
    {
        let mut reload = Box::pin(node.reload(&new));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(reload.as_mut().poll(&mut cx).is_pending());
    }
    tokio::task::yield_now().await;
    assert_eq!(node.spec().await, new);
}
