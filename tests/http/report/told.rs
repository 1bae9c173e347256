//! What is told, by what was asked for.

use mainstay::actors::health::HealthStatus;
use mainstay::specs::{HealthCheckConfig, Importance};
use serde_json::json;

use super::{BARE, SECRET, add, ask, draft, found, health, keys, native, stop};
use crate::support::node;

#[tokio::test]
async fn the_whole_is_told_as_the_draft_has_it_and_as_json_by_accept() {
    let node = node(BARE).await;
    found(
        &node,
        "app",
        &[
            ("db", HealthStatus::Healthy),
            ("search", HealthStatus::Degraded),
        ],
    )
    .await;
    let answer = ask(&node, "/health").await;
    let json = draft(&answer);
    assert_eq!(answer.status, 200);
    assert_eq!(
        (&json["status"], &json["state"]),
        (&json!("warn"), &json!("degraded"))
    );
    assert_eq!(json["serviceId"], "app");
    assert_eq!(json["checks"]["db"][0]["status"], "pass");
    assert_eq!(json["checks"]["search:part"][0]["output"], SECRET);
    let (status, json) = native(&node, "/health").await;
    assert_eq!(status, 200);
    assert_eq!(
        (&json["status"], &json["overall_score"]),
        (&json!("degraded"), &json!(0.75))
    );
    assert_eq!(
        json["services"]["search"]["checks"][0]["metadata"]["secret"],
        SECRET
    );
    assert!(json["timestamp"].as_str().unwrap().ends_with('Z'));
    stop(node).await;
}

#[tokio::test]
async fn what_is_down_or_unknown_is_503_and_what_is_degraded_is_200() {
    for (status, importance, code) in [
        (HealthStatus::Healthy, Importance::Required, 200),
        (HealthStatus::Degraded, Importance::Required, 200),
        (HealthStatus::Unhealthy, Importance::Optional, 200),
        (HealthStatus::Unhealthy, Importance::Important, 200),
        (HealthStatus::Unhealthy, Importance::Required, 503),
    ] {
        let node = node(BARE).await;
        let health = health(&node, "app");
        add(
            &health,
            "db",
            status,
            HealthCheckConfig::default().importance(importance),
        );
        health.sweep().await.unwrap();
        assert_eq!(
            ask(&node, "/health").await.status,
            code,
            "{status} {importance:?}"
        );
        stop(node).await;
    }
    let node = node(BARE).await;
    let answer = ask(&node, "/health").await;
    assert_eq!(
        (answer.status, draft(&answer)["state"].clone()),
        (503, json!("unknown"))
    );
    stop(node).await;
}

#[tokio::test]
async fn one_service_and_a_group_are_told_by_name() {
    let node = node(BARE).await;
    found(
        &node,
        "app",
        &[
            ("db", HealthStatus::Unhealthy),
            ("cache", HealthStatus::Healthy),
        ],
    )
    .await;
    let (status, json) = native(&node, "/health/db").await;
    assert_eq!(
        (status, &json["name"], &json["status"]),
        (503, &json!("db"), &json!("unhealthy"))
    );
    let (status, json) = native(&node, "/health/cache").await;
    assert_eq!((status, &json["message"]), (200, &json!(SECRET)));
    for path in ["/health/stores", "/health?group=stores"] {
        let (status, json) = native(&node, path).await;
        let services = keys(&json["services"]);
        assert_eq!((status, services), (503, vec!["db"]), "{path}");
    }
    for path in [
        "/health/nobody",
        "/health?group=nobody",
        "/health?namespace=nobody",
    ] {
        assert_eq!(
            ask(&node, path).await.error(),
            (404, "not_found".into(), None),
            "{path}"
        );
    }
    for path in [
        "/health?color=red",
        "/health?sweep=maybe",
        "/health/db?group=stores",
    ] {
        assert_eq!(
            ask(&node, path).await.error(),
            (400, "bad_request".into(), None),
            "{path}"
        );
    }
    stop(node).await;
}

#[tokio::test]
async fn a_node_that_looks_after_nothing_says_so() {
    let node = node(r#"(name: "app")"#).await;
    let answer = ask(&node, "/health").await;
    assert_eq!(answer.error(), (404, "not_found".into(), None));
    assert_eq!(ask(&node, "/health?namespace=app").await.status, 404);
    assert_eq!(ask(&node, "/readyz").await.status, 200);
    stop(node).await;
}

#[tokio::test]
async fn several_namespaces_are_told_together_and_apart() {
    let both = format!("{BARE}, {}", BARE.replace("app", "other"));
    let node = node(&both).await;
    found(&node, "app", &[("db", HealthStatus::Healthy)]).await;
    let of_other = [
        ("db", HealthStatus::Unhealthy),
        ("mail", HealthStatus::Healthy),
    ];
    found(&node, "other", &of_other).await;
    let (status, json) = native(&node, "/health").await;
    let services = keys(&json["services"]);
    assert_eq!(
        (status, services),
        (503, vec!["app/db", "other/db", "other/mail"])
    );
    assert_eq!(json["namespaces"]["app"]["status"], "healthy");
    assert_eq!(
        (&json["healthy_services"], &json["total_services"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(native(&node, "/health?namespace=app").await.0, 200);
    assert_eq!(native(&node, "/health/app/db").await.0, 200);
    assert_eq!(native(&node, "/health/other/db").await.0, 503);
    assert_eq!(native(&node, "/health/mail").await.0, 200);
    // Which of the two is not said.
    assert_eq!(ask(&node, "/health/db").await.status, 404);
    stop(node).await;
}
