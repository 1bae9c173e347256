//! Requests to the node over HTTP while its actors are killed, by the clock on the wall: no connection is refused, no
//! answer breaks off, and none is an error but one that says who refused and when to come back.
//!
//! For longer: `mainstay bench-load --connections 256 --seconds 60 --path /api/config --path /api/events`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use mainstay::prelude::*;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

const SPEC: &str = r#"(
    http: (bind: "127.0.0.1:0"),
    namespaces: [(
        name: "production",
        services: (
            telemetry: (),
            config_server: (initial: (pool: (size: 10))),
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

const CONNECTIONS: usize = 32;

/// What was answered, how often.
type Answers = BTreeMap<String, u64>;

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
    let to = node.address().unwrap();
    let (over, is_over) = watch::channel(false);
    let mut clients = JoinSet::new();
    for nth in 0..CONNECTIONS {
        let path = ["/api/config/pool/size", "/api/events", "/livez"][nth % 3];
        clients.spawn(client(to, path, is_over.clone()));
    }
    kill(&node.namespace("production").unwrap()).await;
    over.send(true).unwrap();
    let mut answers = Answers::new();
    while let Some(client) = clients.join_next().await {
        for (answer, count) in client.unwrap() {
            *answers.entry(answer).or_default() += count;
        }
    }
    let fine = ["200", "refused, and says when to come back"];
    let bad: Vec<_> = answers
        .iter()
        .filter(|(answer, _)| !fine.contains(&answer.as_str()))
        .collect();
    assert!(bad.is_empty(), "{bad:?} of {answers:?}");
    assert!(answers["200"] >= CONNECTIONS as u64, "{answers:?}");
    assert!(node.readiness().ready);
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

/// Asks again and again over one connection.
async fn client(to: SocketAddr, path: &'static str, is_over: watch::Receiver<bool>) -> Answers {
    let mut answers = Answers::new();
    while !*is_over.borrow() {
        let Ok(stream) = TcpStream::connect(to).await else {
            *answers.entry("no connection".to_owned()).or_default() += 1;
            return answers;
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        while !*is_over.borrow() && sender.ready().await.is_ok() {
            let request = Request::get(path).header(header::HOST, to.to_string());
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let answer = match sender.send_request(request).await {
                Ok(answer) => {
                    let text = text(&answer);
                    answer.into_body().collect().await.map(|_| text)
                }
                Err(error) => Err(error),
            };
            let text = answer.unwrap_or_else(|error| error.to_string());
            *answers.entry(text).or_default() += 1;
        }
    }
    answers
}

fn text<B>(answer: &hyper::Response<B>) -> String {
    let status = answer.status().as_u16();
    let comes_back = answer.headers().contains_key(header::RETRY_AFTER);
    if matches!(status, 429 | 503) && comes_back {
        return "refused, and says when to come back".to_owned();
    }
    status.to_string()
}
