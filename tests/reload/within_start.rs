//! A start that has its own node reloaded.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay::SourceError;
use mainstay::prelude::*;
use mainstay::specs::AnyKind;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::support::{builder, id, one};

type Asking = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Does it in its `pre_start`.
struct Eager;

impl Actor for Eager {
    type Msg = ();
    type State = ();
    type Arguments = Asking;

    async fn pre_start(&self, _: ActorRef<()>, asking: Asking) -> Result<(), ActorProcessingErr> {
        asking.await;
        Ok(())
    }
}

/// As `how` says: in a start function, in a `pre_start`, or in a task that is not ready before.
fn child(how: &str, asking: Asking) -> Child {
    let asking = Mutex::new(Some(asking));
    let take = move || asking.lock().unwrap().take().expect("it starts once");
    match how {
        "function" => Child::from_start(ChildSpec::new(id("a")), move |cx| {
            let asking = take();
            async move {
                asking.await;
                Ok(cx
                    .spawn_task(|stop| async move { stop.stopped().await })
                    .into())
            }
        }),
        "actor" => Child::actor("a", move || (Eager, take())),
        _ => Child::task_ready("a", move |stop, ready| {
            let asking = take();
            async move {
                asking.await;
                ready.signal();
                stop.stopped().await;
            }
        }),
    }
}

/// A node without children, and what its children of the kind `eager` are told.
async fn impatient() -> (Node, UnboundedReceiver<String>) {
    let place: Arc<Mutex<Option<Node>>> = Arc::default();
    let (tell, told) = unbounded_channel();
    let its = Arc::clone(&place);
    let builder = builder().kind("eager", move |how: String| {
        let (its, tell) = (Arc::clone(&its), tell.clone());
        let asking = async move {
            let node = its.lock().unwrap().take().expect("it has booted");
            let refused = node.reload(&one("services: (telemetry: ())")).await;
            tell.send(refused.unwrap_err().to_string()).unwrap();
            let refused = node.reload_source().await;
            tell.send(refused.unwrap_err().to_string()).unwrap();
        };
        child(&how, Box::pin(asking))
    });
    let node = builder.boot(&one("children: []")).await.unwrap();
    *place.lock().unwrap() = Some(node.clone());
    (node, told)
}

#[tokio::test(start_paused = true)]
async fn a_start_that_has_its_node_reloaded_is_told_that_it_cannot_and_waits_for_nobody() {
    for (how, who) in [
        ("function", "n/children"),
        ("actor", "n/children/a"),
        ("task", "n/children/a"),
    ] {
        let (node, mut told) = impatient().await;
        let text = format!(
            "(namespaces: [(name: \"n\", children: [(id: \"a\", kind: \"eager\", args: \"{how}\")])],
              http: (enabled: false), watchdog: (enabled: false))"
        );
        let spec = NodeSpec::from_ron(&text, &AnyKind).unwrap();
        let reload = timeout(Duration::from_secs(3600), node.reload(&spec));
        let report = reload.await.expect("it does not hang").unwrap();
        assert_eq!(report.applied.len(), 1, "{how}");
        let expected = format!(
            "asked for by {who} within a start, for which a reload may have to wait: it would wait for itself"
        );
        for _ in 0..2 {
            assert_eq!(told.try_recv().unwrap(), expected);
        }
        node.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_may_have_another_node_reloaded_than_its_own() {
    for how in ["function", "actor", "task"] {
        let other = builder().boot(&one("children: []")).await.unwrap();
        let (tell, mut told) = unbounded_channel();
        let its = other.clone();
        let builder = builder().kind("eager", move |how: String| {
            let (other, tell) = (its.clone(), tell.clone());
            let asking = async move {
                let report = other.reload(&one("services: (telemetry: ())")).await;
                tell.send(report.unwrap().applied.len()).unwrap();
                let none = other.reload_source().await.unwrap_err();
                assert!(matches!(none, SourceError::NoSource), "{none}");
            };
            child(&how, Box::pin(asking))
        });
        let text = format!(
            "(namespaces: [(name: \"n\", children: [(id: \"a\", kind: \"eager\", args: \"{how}\")])],
              http: (enabled: false), watchdog: (enabled: false))"
        );
        let spec = NodeSpec::from_ron(&text, &AnyKind).unwrap();
        let node = builder.boot(&spec).await.unwrap();
        assert_eq!(told.try_recv(), Ok(1), "{how}");
        node.stop(Duration::from_secs(5)).await;
        other.stop(Duration::from_secs(5)).await;
    }
}
