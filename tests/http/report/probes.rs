//! What health means for whoever starts a node and sends it work.

use mainstay::actors::health::{CheckResult, HealthStatus, check_fn};
use mainstay::specs::HealthCheckConfig;
use serde_json::json;

use super::{BARE, add, ask, found, health, name, stop};
use crate::support::node;

#[tokio::test]
async fn a_node_whose_namespace_is_down_lives_and_is_not_ready_and_says_why() {
    let node = node(BARE).await;
    found(&node, "app", &[("db", HealthStatus::Unhealthy)]).await;
    let answer = ask(&node, "/readyz").await;
    let expected = json!({
        "ready": false,
        "namespaces": [{"name": "app", "state": "running", "health": "unhealthy", "failing": ["db"]}],
        "error": {"code": "not_ready", "message": "app is unhealthy (db)"},
    });
    assert_eq!((answer.status, answer.json()), (503, expected));
    assert_eq!(ask(&node, "/livez").await.status, 200);
    assert_eq!(ask(&node, "/startupz").await.status, 200);
    stop(node).await;
}

#[tokio::test]
async fn a_node_is_starting_until_all_that_has_to_come_up_has_and_then_never_again() {
    let named = BARE.replace(
        "tree: false",
        r#"tree: false, checks: [(name: "warm", config: (kind: startup, importance: optional))]"#,
    );
    let node = node(&named).await;
    let health = health(&node, "app");
    let startupz = || ask(&node, "/startupz");
    let answer = startupz().await;
    let starting = json!({"status": "starting"});
    assert_eq!((answer.status, answer.json()), (503, starting.clone()));
    add(
        &health,
        "warm",
        HealthStatus::Degraded,
        HealthCheckConfig::default(),
    );
    health.sweep().await.unwrap();
    let answer = startupz().await;
    assert_eq!((answer.status, answer.json()), (503, starting));
    let warm = check_fn(|| async { CheckResult::healthy("cache", "it is warm") });
    health.replace(name("warm"), warm, None).unwrap();
    health.sweep().await.unwrap();
    let started = json!({"status": "started"});
    let answer = startupz().await;
    assert_eq!((answer.status, answer.json()), (200, started.clone()));
    let cold = check_fn(|| async { CheckResult::unhealthy("cache", "it is cold") });
    assert!(health.unregister("warm"));
    health.register(name("warm"), cold, None).unwrap();
    health.sweep().await.unwrap();
    assert_eq!(
        health.service("warm").unwrap().status,
        HealthStatus::Unhealthy
    );
    let answer = startupz().await;
    assert_eq!((answer.status, answer.json()), (200, started));
    stop(node).await;
}
