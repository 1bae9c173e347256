//! Requests to the node over HTTP while its actors are killed, by the clock on the wall: no connection is refused, no
//! answer breaks off, and none is an error but one that says who refused and when to come back, or that nobody knows. All that was said is so.
//!
//! For longer: `mainstay bench-load --connections 256 --seconds 60 --path /api/config --path /api/events`.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the node, and who is killed |
//! | `client.rs` | what is asked, and what was answered |
//! | `accounts.rs` | what has to hold of it, by path and guard |

mod accounts;
mod client;

use std::time::Duration;

use mainstay::prelude::*;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use self::client::{ASKS, Client, Told};

/// So many events a day are stored for one address: all others are refused.
const EVENTS_MAX: u64 = 100;

const SPEC: &str = r#"(
    http: (bind: "127.0.0.1:0", guards: (event_writes: (rate_limit: (limit: 100, window: "24h")))),
    namespaces: [(
        name: "production",
        services: (
            telemetry: (),
            config_server: (initial: (pool: (size: 10), load: ())),
            event_store: (backend: memory),
        ),
        children: [(
            id: "workers",
            supervisor: (intensity: 1000000, period: "1s"),
            children: [(id: "worker-1", kind: "worker"), (id: "worker-2", kind: "worker")],
        )],
    )],
)"#;

/// How many processes are killed, one after the other.
const KILLS: usize = 60;

const CONNECTIONS: usize = 35;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_requests_are_answered_while_actors_are_killed() {
    let builder = Node::builder().kind("worker", |()| {
        Child::task(
            "worker",
            |stop: StopToken| async move { stop.stopped().await },
        )
    });
    let spec = NodeSpec::from_ron(SPEC, &builder).unwrap();
    let node = builder.boot(&spec).await.unwrap();
    let app = node.namespace("production").unwrap();
    let (over, is_over) = watch::channel(false);
    let mut clients = JoinSet::new();
    for nth in 0..CONNECTIONS {
        let client = Client {
            to: node.address().unwrap(),
            token: node.token().unwrap().as_str().to_owned(),
            asks: ASKS[nth % ASKS.len()],
            nth,
            is_over: is_over.clone(),
        };
        clients.spawn(client.run());
    }
    kill(&app).await;
    over.send(true).unwrap();
    let mut told = Told::default();
    while let Some(client) = clients.join_next().await {
        told.add(client.unwrap());
    }
    let faults = accounts::faults(&app, &told).await;
    assert!(faults.is_empty(), "{}\n{told:?}", faults.join("\n"));
    assert!(node.readiness().ready);
    drop(app);
    assert_eq!(
        node.stop(Duration::from_secs(30)).await,
        StopReport::default()
    );
}

/// A worker each time, and once each of the services that answer: three restarts in five seconds are the limit of the root.
async fn kill(app: &Namespace) {
    for nth in 0..KILLS {
        sleep(Duration::from_millis(20)).await;
        let end = match nth {
            20 => "/event_store",
            40 => "/config_server",
            nth if nth % 2 == 0 => "/worker-1",
            _ => "/worker-2",
        };
        let process = loop {
            let processes = app.processes();
            let found = processes
                .iter()
                .find(|it| it.is_alive() && it.path().ends_with(end));
            if let Some(process) = found.cloned() {
                break process;
            }
            // It is being restarted.
            tokio::task::yield_now().await;
        };
        process.kill();
        process.ended().await;
    }
}
