//! A node over the health protocol of gRPC, asked by a real client.

// What is allowed in tests is allowed in their helpers.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream;
use mainstay::actors::health::{CheckResult, HealthAggregator, check_fn};
use mainstay::grpc::HealthService;
use mainstay::prelude::*;
use mainstay::specs::{HealthCheckConfig, ServiceName};
use tokio::net::TcpListener;
use tonic::Code;
use tonic::transport::{Channel, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

type Client = HealthClient<Channel>;

/// A node with a database that can be broken, and a client of it.
async fn bed() -> (Node, Arc<AtomicBool>, Client) {
    let text = r#"(
        namespaces: [(name: "app", services: (health_aggregator: (foundation: false, tree: false)))],
        http: (enabled: false),
    )"#;
    let spec = NodeSpec::from_ron(text, &Node::builder()).unwrap();
    let node = Node::boot(&spec).await.unwrap();
    let is_down = Arc::new(AtomicBool::new(false));
    let look = {
        let is_down = Arc::clone(&is_down);
        check_fn(move || {
            let is_down = is_down.load(Ordering::SeqCst);
            async move {
                if is_down {
                    CheckResult::unhealthy("db", "it is down")
                } else {
                    CheckResult::healthy("db", "it answers")
                }
            }
        })
    };
    let health = HealthAggregator::of(&node.namespace("app").unwrap());
    let config = HealthCheckConfig::default()
        .interval(Duration::from_millis(10))
        .hold(Duration::ZERO);
    health
        .register(ServiceName::new("db").unwrap(), look, config)
        .unwrap();
    health.sweep().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let incoming = stream::unfold(listener, |listener| async move {
        let accepted = listener.accept().await.map(|(stream, _)| stream);
        Some((accepted, listener))
    });
    let server = Server::builder()
        .add_service(HealthService::of(&node).into_server())
        .serve_with_incoming(incoming);
    tokio::spawn(server);
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    (node, is_down, HealthClient::new(channel))
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

async fn check(client: &mut Client, service: &str) -> Result<ServingStatus, Code> {
    match client.check(of(service)).await {
        Ok(answer) => Ok(answer.into_inner().status()),
        Err(status) => Err(status.code()),
    }
}

#[tokio::test]
async fn the_node_a_namespace_and_a_service_are_served_as_long_as_they_are_well() {
    let (node, is_down, mut client) = bed().await;
    let names = ["", "app", "db", "app/db"];
    for name in names {
        assert_eq!(
            check(&mut client, name).await,
            Ok(ServingStatus::Serving),
            "{name}"
        );
    }
    for name in ["nobody", "app/nobody", "nobody/db"] {
        assert_eq!(
            check(&mut client, name).await,
            Err(Code::NotFound),
            "{name}"
        );
    }
    is_down.store(true, Ordering::SeqCst);
    while check(&mut client, "db").await == Ok(ServingStatus::Serving) {}
    for name in names {
        assert_eq!(
            check(&mut client, name).await,
            Ok(ServingStatus::NotServing),
            "{name}"
        );
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn who_watches_is_told_how_it_is_and_each_change_until_the_node_is_gone() {
    let (node, is_down, mut client) = bed().await;
    let mut db = client.watch(of("db")).await.unwrap().into_inner();
    let mut nobody = client.watch(of("nobody")).await.unwrap().into_inner();
    let first = nobody.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::ServiceUnknown);
    for down in [false, true, false] {
        is_down.store(down, Ordering::SeqCst);
        let expected = if down {
            ServingStatus::NotServing
        } else {
            ServingStatus::Serving
        };
        assert_eq!(db.message().await.unwrap().unwrap().status(), expected);
    }
    node.stop(Duration::from_secs(5)).await;
    drop(node);
    while let Some(last) = db.message().await.unwrap() {
        assert_ne!(last.status(), ServingStatus::Serving);
    }
}
