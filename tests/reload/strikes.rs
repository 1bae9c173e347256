//! Whoever is killed while services are restarted, whenever that is.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use mainstay::actors::HealthAggregator;
use mainstay::specs::NodeSpec;
use mainstay::supervisors::Process;

use crate::support::{boot, names, one, order};

/// When somebody is killed, from the moment on at which a reload begins.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After so many milliseconds, while something stops that takes its time.
    Ms(u64),
    /// When so often everybody had their turn.
    Turns(u32),
}

impl Moment {
    async fn come(self) {
        match self {
            Self::Ms(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Self::Turns(turns) => {
                for _ in 0..turns {
                    turn().await;
                }
            }
        }
    }
}

/// Queues up behind the tasks that are ready now. To yield as tokio does is to wait until none is.
async fn turn() {
    let mut had = false;
    poll_fn(|cx| {
        if had {
            return Poll::Ready(());
        }
        had = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What has become of a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strike {
    Hit,
    /// It did not run at that moment, or was just starting: whoever is killed in its start is one that does not start.
    Missed,
    /// The reload was over.
    Late,
}

/// Has it reloaded, and kills who has this path when the moment has come. All is as if nobody had been killed.
async fn strike(
    (old, new, expected): (&NodeSpec, &NodeSpec, &Expected),
    path: &str,
    moment: Moment,
) -> Strike {
    let at = format!("{path}, {moment:?}");
    let node = boot(old).await;
    let namespace = node.namespace("n").unwrap();
    let (reloads, its, to, whom) = (
        node.clone(),
        namespace.clone(),
        new.clone(),
        path.to_owned(),
    );
    let reload = tokio::spawn(async move { reloads.reload(&to).await });
    let reloading = reload.abort_handle();
    let strike = tokio::spawn(async move {
        moment.come().await;
        if reloading.is_finished() {
            return Strike::Late;
        }
        let all = its.processes();
        let runs = |one: &&Process| one.is_alive() && !one.is_starting();
        let process = all.iter().filter(runs).find(|one| one.path() == whom);
        process.map_or(Strike::Missed, |process| {
            process.kill();
            Strike::Hit
        })
    });
    let (reloaded, struck) = (reload.await.unwrap(), strike.await.unwrap());
    assert!(reloaded.is_ok(), "{at}: {reloaded:?}");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(node.spec().await, *new, "{at}");
    assert_eq!((names(&node), order(&namespace).await), *expected, "{at}");
    let health = HealthAggregator::in_namespace(&namespace).unwrap();
    let services = &new.namespaces[0].services;
    assert_eq!(Some(health.spec()), services.health_aggregator, "{at}");
    // What comes after it was started after it, and a supervisor is there before its children are.
    let all = namespace.processes();
    let paths = ["n/health_aggregator", "n/children", "n/children/s"];
    let pids = paths.map(|path| all.iter().find(|one| one.path() == path).unwrap().pid());
    assert!(pids.is_sorted(), "{at}: {pids:?}");
    struck
}

/// All that run, and what stands under the root.
type Expected = (Vec<String>, Vec<String>);

/// What it is like if it is booted so.
async fn expected(spec: &NodeSpec) -> Expected {
    let node = boot(spec).await;
    let namespace = node.namespace("n").unwrap();
    (names(&node), order(&namespace).await)
}

/// Of a service that is restarted because of what it is told, with or without one before it.
fn restarted(tree: bool, limiters: &str, slow_ms: u64) -> NodeSpec {
    one(&format!(
        "services: (config_server: (), {limiters} event_store: (backend: memory), health_aggregator: (tree: {tree})),
            children: [(id: \"s\", supervisor: (), children: [
                (id: \"a\", kind: \"k\", args: (slow: {slow_ms})), (id: \"b\", kind: \"k\"),
            ])]"
    ))
}

const ALL: [&str; 4] = [
    "n/config_server",
    "n/health_aggregator",
    "n/children",
    "n/children/s/b",
];

/// Whoever is killed while services are restarted is restarted by its supervisor, with what comes after it, also with what the reload has just
/// stopped.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_killed_while_another_stops_does_not_stand_in_the_way_of_a_restart() {
    let (old, new) = (restarted(true, "", 4), restarted(false, "", 4));
    let specs = (&old, &new, &expected(&new).await);
    let mut hits = Vec::new();
    for path in ALL {
        let mut of_it = 0;
        for ms in 0..8 {
            of_it += u32::from(strike(specs, path, Moment::Ms(ms)).await == Strike::Hit);
        }
        hits.push(of_it);
    }
    assert_eq!(hits, [5, 5, 5, 1]);
}

/// As above, while services go, or are put behind one that comes.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_killed_at_any_turn_of_a_restart_does_not_stand_in_its_way() {
    let with = restarted(true, "rate_limiters: (),", 0);
    let without = restarted(false, "", 0);
    for (old, new) in [(&with, &without), (&without, &with)] {
        let specs = (old, new, &expected(new).await);
        for path in ALL {
            let mut hits = 0;
            for turns in 0.. {
                match strike(specs, path, Moment::Turns(turns)).await {
                    Strike::Hit => hits += 1,
                    Strike::Missed => {}
                    Strike::Late => break,
                }
            }
            assert!(hits >= 5, "{path}: {hits}");
        }
    }
}
