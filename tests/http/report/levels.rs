//! To whom how much is told.

use mainstay::actors::health::HealthStatus;
use mainstay::prelude::*;
use serde_json::json;

use super::{BARE, draft, found, stop};
use crate::client::Ask;
use crate::support::address;

/// A node that others can reach, whose database is down.
async fn open(details: &str) -> (Node, std::net::SocketAddr) {
    let http = format!(r#"(bind: "0.0.0.0:0", token: "secret", health_details: {details})"#);
    let text = format!("(namespaces: [{BARE}], http: {http})");
    let spec = NodeSpec::from_ron(&text, &Node::builder()).unwrap();
    let node = Node::boot(&spec).await.unwrap();
    found(&node, "app", &[("db", HealthStatus::Unhealthy)]).await;
    let address = ([127, 0, 0, 1], address(&node).port()).into();
    (node, address)
}

#[tokio::test]
async fn without_the_token_others_are_told_how_it_is_and_nothing_else() {
    for details in ["authorized", "never"] {
        let (node, address) = open(details).await;
        let answer = Ask::get("/health").send(address).await;
        assert_eq!(answer.status, 503);
        assert_eq!(
            draft(&answer),
            json!({"status": "fail", "state": "unhealthy"})
        );
        let answer = Ask::get("/readyz").send(address).await;
        assert_eq!(
            (answer.status, answer.json()),
            (503, json!({"ready": false}))
        );
        let answer = Ask::get("/livez").send(address).await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({"status": "alive"}))
        );
        let answer = Ask::get("/startupz").send(address).await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({"status": "started"}))
        );
        // Neither which services there are, nor a look at all of them.
        for path in ["/health/db", "/health/nobody", "/health?sweep=true"] {
            let answer = Ask::get(path).send(address).await;
            assert_eq!(answer.error(), (401, "unauthorized".into(), None), "{path}");
        }
        stop(node).await;
    }
}

#[tokio::test]
async fn words_and_figures_of_checks_are_never_told_to_everybody() {
    let (node, address) = open("always").await;
    for path in ["/health", "/health/db", "/health?group=stores", "/readyz"] {
        for accept in ["application/json", "application/health+json"] {
            let ask = Ask::get(path).header("accept", accept);
            let answer = ask.send(address).await;
            assert_eq!(answer.status, 503, "{path}");
            assert!(!answer.body.contains("hunter2"), "{path}: {}", answer.body);
            let ask = Ask::get(path).header("accept", accept);
            let whole = ask
                .header("authorization", "Bearer secret")
                .send(address)
                .await;
            assert_eq!(whole.status, 503, "{path}");
            assert!(
                path == "/readyz" || whole.body.contains("hunter2"),
                "{path}: {}",
                whole.body
            );
        }
    }
    let ask = Ask::get("/health").header("accept", "application/json");
    assert_eq!(
        ask.send(address).await.json()["services"]["db"]["status"],
        "unhealthy"
    );
    let wrong = Ask::get("/health").header("authorization", "Bearer wrong");
    assert_eq!(wrong.send(address).await.status, 401);
    stop(node).await;
}
