//! Reloads that are given up, that meet each other, and that meet what ends.

use std::task::{Context, Waker};
use std::time::Duration;

use mainstay::ReloadError;
use mainstay::actors::{ConfigServer, HealthAggregator, MemoryManager};
use mainstay::specs::NodeSpec;

use crate::support::{boot, builder, names, one, order, pids, spec};

/// Changes of every kind: in place, of a supervisor, of children, of a service with what comes after it.
fn before_and_after() -> (NodeSpec, NodeSpec) {
    let of = |n: u32, strategy: &str, queue: u32, more: &str| {
        spec(&format!(
            "(name: \"n\", services: (config_server: (initial: (a: {n})), rate_limiters: (limiters_max: {queue})),
                supervisor: (strategy: {strategy}),
                children: [(id: \"a\", kind: \"k\", args: (n: {n})), (id: \"s\", supervisor: (intensity: {n}), children: [{more}])]),
             (name: \"e\", services: (event_store: (backend: memory, queue_max: {queue}))), {}",
            if n == 1 { "(name: \"gone\")" } else { "(name: \"come\")" }
        ))
    };
    (
        of(1, "one_for_one", 1000, "(id: \"x\", kind: \"k\")"),
        of(
            2,
            "rest_for_one",
            2000,
            "(id: \"x\", kind: \"k\"), (id: \"y\", kind: \"k\")",
        ),
    )
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_nobody_waits_for_any_more_goes_on_whenever_that_is() {
    let (old, new) = before_and_after();
    let expected = names(&boot(&new).await);
    let mut polls = 0;
    loop {
        polls += 1;
        let node = boot(&old).await;
        let mut reload = Box::pin(node.reload(&new));
        let mut cx = Context::from_waker(Waker::noop());
        let mut done = false;
        for _ in 0..polls {
            done = reload.as_mut().poll(&mut cx).is_ready();
            if done {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(reload);
        // What is in force is the old or the new state of each part, at any moment.
        let now = node.watch_spec().borrow().clone();
        for part in &now.namespaces {
            let is = |spec: &NodeSpec| spec.namespaces.contains(part);
            let services = old.namespaces.iter().chain(&new.namespaces);
            let mut services = services.filter(|one| one.name == part.name);
            assert!(is(&old) || is(&new) || services.any(|one| one.services == part.services));
        }
        assert_eq!(node.spec().await, new, "after {polls}");
        assert_eq!(names(&node), expected, "after {polls}");
        let again = node.reload(&new).await.unwrap();
        assert!(again.applied.is_empty());
        if done {
            break;
        }
    }
    assert!(polls > 1, "{polls}");
}

#[tokio::test(start_paused = true)]
async fn of_two_reloads_at_once_the_second_is_compared_with_what_the_first_has_made() {
    let (old, new) = before_and_after();
    let node = boot(&old).await;
    let (first, second, third) =
        tokio::join!(node.reload(&new), node.reload(&old), node.reload(&old));
    assert!(!first.unwrap().applied.is_empty());
    assert!(!second.unwrap().applied.is_empty());
    assert!(third.unwrap().applied.is_empty());
    assert_eq!(names(&node), names(&boot(&old).await));
}

#[tokio::test(start_paused = true)]
async fn a_reload_of_a_namespace_that_is_stopping_says_so_and_leaves_the_others_as_they_are() {
    let of = |n: u32| {
        spec(&format!(
            "(name: \"n\", children: [(id: \"a\", kind: \"k\", args: (n: {n}))]), (name: \"m\", children: [(id: \"a\", kind: \"k\")])"
        ))
    };
    let node = boot(&of(1)).await;
    let namespace = node.namespace("n").unwrap();
    let before = pids(&node);
    let new = of(2);
    let (_, error) = tokio::join!(namespace.stop(Duration::from_secs(5)), node.reload(&new));
    let ReloadError::Failed { failure, .. } = error.unwrap_err() else {
        panic!("the namespace is gone");
    };
    assert_eq!(failure.process, "n");
    assert_eq!(pids(&node)["m/children/a"], before["m/children/a"]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_told_to_stop_during_a_reload_stops() {
    let (old, new) = before_and_after();
    let node = boot(&old).await;
    let (report, done) = tokio::join!(node.stop(Duration::from_secs(5)), node.reload(&new));
    assert!(report.killed.is_empty());
    done.unwrap_err();
    assert!(pids(&node).is_empty());
}

#[tokio::test(start_paused = true)]
async fn services_that_have_just_been_killed_come_up_by_the_new_spec() {
    let of = |n: u32| {
        one(&format!(
            "services: (config_server: (initial: (a: {n}), depth_max: {n}), memory_manager: (samples: {n}),
                health_aggregator: (history_max: {n}))"
        ))
    };
    let (old, new) = (of(3), of(4));
    for path in [
        "n/config_server",
        "n/memory_manager",
        "n/memory_manager/keeper",
        "n/health_aggregator",
    ] {
        let node = builder().boot(&old).await.unwrap();
        let namespace = node.namespace("n").unwrap();
        let all = namespace.processes();
        let process = all.iter().find(|one| one.path() == path).unwrap();
        process.kill();
        node.reload(&new).await.unwrap();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let services = &new.namespaces[0].services;
        let config = ConfigServer::in_namespace(&namespace).unwrap();
        assert_eq!(Some(config.spec()), services.config_server, "{path}");
        assert_eq!(config.get_as::<u32>("a").unwrap(), 4, "{path}");
        assert_eq!(
            Some(MemoryManager::of(&namespace).spec()),
            services.memory_manager,
            "{path}"
        );
        let health = HealthAggregator::in_namespace(&namespace).unwrap();
        assert_eq!(Some(health.spec()), services.health_aggregator, "{path}");
        assert_eq!(names(&node), names(&boot(&new).await), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_has_just_been_killed_comes_up_by_the_new_spec() {
    let of = |intensity: u32, more: &str| {
        one(&format!(
            "children: [(id: \"s\", supervisor: (intensity: {intensity}), children: [(id: \"a\", kind: \"k\"){more}])]"
        ))
    };
    let (old, new) = (of(3, ""), of(7, ", (id: \"b\", kind: \"k\")"));
    for path in ["n/children", "n/children/s", "n/children/s/a"] {
        let node = boot(&old).await;
        let namespace = node.namespace("n").unwrap();
        let all = namespace.processes();
        let process = all.iter().find(|one| one.path() == path).unwrap();
        process.kill();
        node.reload(&new).await.unwrap();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            names(&node),
            [
                "n",
                "n/children",
                "n/children/s",
                "n/children/s/a",
                "n/children/s/b"
            ],
            "{path}"
        );
        let all = namespace.processes();
        let supervisor = all.iter().find(|one| one.path() == "n/children/s");
        let supervisor = supervisor.unwrap().supervisor().unwrap();
        assert_eq!(supervisor.budget().intensity, 7, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_start_once_when_it_is_put_back_is_put_back_all_the_same() {
    let of = |services: &str| {
        one(&format!(
            "services: ({services}), children: [(id: \"a\", kind: \"k\")]"
        ))
    };
    // One is restarted, another one goes, and is put behind it again.
    let old = of("telemetry: (), config_server: ()");
    let new = of("telemetry: (processes: (except: [\"n/x\"]))");
    let node = boot(&old).await;
    let expected = names(&node);
    let namespace = node.namespace("n").unwrap();
    namespace.fail_next_starts("n/children", 2, "no luck");
    let error = node.reload(&new).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "n/children: no luck; it is as it was before"
    );
    assert_eq!(names(&node), expected);
    assert_eq!(
        order(&namespace).await,
        ["telemetry", "config_server", "children"]
    );
    node.reload(&new).await.unwrap();
    assert_eq!(names(&node), names(&boot(&new).await));
    assert_eq!(order(&namespace).await, ["telemetry", "children"]);
}
