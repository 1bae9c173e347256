//! A step that fails.

use mainstay::ReloadError;

use crate::support::{boot, one, pids, reload, spec, touched};

fn texts(changes: &[mainstay::specs::SpecChange]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_is_put_back_and_the_rest_is_left() {
    let of = |a: u32, fails: bool| {
        one(&format!(
            "children: [(id: \"a\", kind: \"k\", args: (n: {a})), (id: \"b\", kind: \"k\", args: (fails: {fails})),
                (id: \"c\", kind: \"k\", args: (n: {a}))]"
        ))
    };
    let node = boot(&of(1, false)).await;
    let before = pids(&node);
    let error = node.reload(&of(2, true)).await.unwrap_err();
    let ReloadError::Failed {
        applied,
        failure,
        left,
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(
        error.to_string(),
        "n/children/b: no luck; it is as it was before"
    );
    assert!(failure.put_back);
    assert_eq!(texts(applied), [""; 0]);
    assert_eq!(left.len(), 3);
    // All run, those behind the one that failed as they were.
    let after = pids(&node);
    assert_eq!(after.len(), before.len());
    let mut partly = of(2, false);
    partly.namespaces[0].children[2] = of(1, false).namespaces[0].children[2].clone();
    assert_eq!(node.spec().await, partly);
    // The next one makes up for what is left.
    assert_eq!(
        reload(&node, &of(2, false)).await,
        [
            "namespaces[0].children[2].args: changed, restarts n/children/c: what it runs is made when it starts"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_that_comes_and_does_not_start_is_tried_again_by_the_next() {
    let old = one("children: []");
    let of = |fails: bool| {
        one(&format!(
            "children: [(id: \"a\", kind: \"k\", args: (fails: {fails}))]"
        ))
    };
    let node = boot(&old).await;
    let error = node.reload(&of(true)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "n/children/a: no luck; it does not run now"
    );
    assert_eq!(node.spec().await, old);
    reload(&node, &of(false)).await;
    assert!(pids(&node).contains_key("n/children/a"));
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_a_service_and_does_not_start_is_put_back() {
    let of = |services: &str, fails: bool| {
        spec(&format!(
            "(name: \"z\", children: [(id: \"a\", kind: \"k\", args: (n: {}))]),
             (name: \"n\", services: ({services}), children: [(id: \"a\", kind: \"k\", args: (fails: {fails}))])",
            u32::from(fails)
        ))
    };
    let old = of("", false);
    let node = boot(&old).await;
    let before = pids(&node);
    let error = node
        .reload(&of("rate_limiters: ()", true))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "n/children/a: no luck; it is as it was before"
    );
    let ReloadError::Failed { applied, .. } = error else {
        unreachable!()
    };
    assert_eq!(
        texts(&applied),
        [
            "namespaces[0].children[0].args: changed, restarts z/children/a: what it runs is made when it starts"
        ]
    );
    assert_eq!(
        touched(&before, &pids(&node)),
        ["n/children", "n/children/a", "z/children/a"]
    );
    assert!(node.readiness().ready);
}
