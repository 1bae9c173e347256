//! Whether all that should run does.

use mainstay::specs::Restart;
use mainstay::supervisors::{Child, NodeState};
use mainstay::testkit::{SUPERVISED, TestContext, WaitError};

use crate::support::{SECOND, counter, idle};

#[mainstay::test(start_paused = true)]
async fn all_names_are_waited_for_within_one_limit(cx: TestContext) {
    let late = cx.clone();
    let starter = cx.spawn("starter", async move {
        for id in ["one", "two"] {
            tokio::time::sleep(SECOND).await;
            late.start_supervised(counter(id)).await.expect("it starts");
        }
    });
    let names = ["two", "config_server", "one"];
    let found = cx.wait_for_services_ready(&names, SECOND * 5).await;
    let found = found.expect("they are there");
    let expected = names.map(|name| cx.whereis(name).expect("it is there"));
    assert_eq!(found, expected);
    starter.await.expect("no panic");

    let missing = cx.wait_for_services_ready(&["one", "three"], SECOND);
    let error = missing.await.expect_err("there is no third");
    let expected = WaitError::Timeout {
        name: "three".to_owned(),
        limit: SECOND,
        registered: ["config_server", "one", "two"].map(str::to_owned).to_vec(),
    };
    assert_eq!(error, expected);
}

#[mainstay::test(start_paused = true)]
async fn who_does_not_run_and_should_is_named(cx: TestContext) {
    assert_eq!(cx.namespace_healthy(), Ok(()));
    let quick = Child::task("quick", |_| async {}).restart(Restart::Transient);
    let quick = cx.start_supervised(quick).await.expect("it starts");
    quick.ended().await;
    cx.start_supervised(idle("worker"))
        .await
        .expect("it starts");
    assert_eq!(cx.namespace_healthy(), Ok(()));

    let root = cx.namespace().root().expect("it runs");
    let children = mainstay::supervisors::CHILDREN;
    root.terminate_child(&mainstay::specs::ChildId::new(children).expect("a name"))
        .await
        .expect("it is there");
    let error = cx.namespace_healthy().expect_err("one is missing");
    let name = cx.namespace().name();
    let path = format!("{name}/{children}");
    assert_eq!(error.found, [(path.clone(), NodeState::Stopped)]);
    assert_eq!(
        error.to_string(),
        format!("not healthy:\n  {path} does not run")
    );
    assert!(cx.process(SUPERVISED).is_ok());

    cx.namespace().stop(SECOND).await;
    let error = cx.namespace_healthy().expect_err("it has ended");
    assert_eq!(error.found, [(name.to_string(), NodeState::Stopped)]);
}
