//! In which form health is told: both renderings, and no more than so much.

use std::time::Duration;

use mainstay::actors::health::{CheckResult, HealthStatus, check_fn};
use mainstay::prelude::*;
use mainstay::specs::{HealthCheckConfig, Importance};
use serde_json::{Value, json};

use super::{BARE, add, ask, draft, found, health, keys, name, native, stop};
use crate::client::Ask;
use crate::support::{address, node};

fn is_time(json: &Value) -> bool {
    json.as_str()
        .is_some_and(|text| text.len() == 24 && text.ends_with('Z'))
}

/// A node whose `web` depends on `db`, and suffers from it.
async fn impaired() -> Node {
    let node = node(BARE).await;
    let health = found(&node, "app", &[("db", HealthStatus::Degraded)]).await;
    let on = HealthCheckConfig::default().depends_on(name("db"));
    add(&health, "web", HealthStatus::Unhealthy, on);
    health.sweep().await.unwrap();
    node
}

#[tokio::test]
async fn the_draft_has_the_keys_that_it_should_have_and_no_others() {
    let node = impaired().await;
    let json = draft(&ask(&node, "/health").await);
    assert_eq!(
        keys(&json),
        [
            "checks",
            "description",
            "notes",
            "serviceId",
            "state",
            "status",
            "version"
        ]
    );
    assert_eq!(
        (&json["status"], &json["state"]),
        (&json!("fail"), &json!("unhealthy"))
    );
    assert_eq!(json["notes"], json!(["db is degraded and impairs web"]));
    assert_eq!(keys(&json["checks"]), ["db", "db:part", "web", "web:part"]);
    let web = &json["checks"]["web"][0];
    assert_eq!(
        keys(web),
        [
            "causeChain",
            "componentId",
            "componentType",
            "observedUnit",
            "observedValue",
            "output",
            "state",
            "status",
            "time"
        ]
    );
    assert!(is_time(&web["time"]) && web["observedValue"].is_number());
    assert_eq!(
        keys(&json["checks"]["web:part"][0]),
        [
            "componentId",
            "componentType",
            "metadata",
            "observedUnit",
            "observedValue",
            "output",
            "state",
            "status",
            "time"
        ]
    );

    stop(node).await;
}

#[tokio::test]
async fn the_own_form_has_the_keys_that_it_should_have_and_no_others() {
    let node = impaired().await;
    let (_, json) = native(&node, "/health").await;
    assert_eq!(
        keys(&json),
        [
            "causes",
            "healthy_services",
            "namespace",
            "overall_score",
            "ready",
            "sequence",
            "services",
            "status",
            "timestamp",
            "total_services"
        ]
    );
    let web = &json["services"]["web"];
    assert_eq!(
        keys(web),
        [
            "cause_chain",
            "checks",
            "checks_left_out",
            "consecutive_failures",
            "depends_on",
            "depends_on_unknown",
            "duration_ms",
            "impaired_by",
            "importance",
            "kind",
            "last_success",
            "message",
            "overall_score",
            "pending",
            "running_since",
            "simulated",
            "since",
            "status",
            "tags",
            "timestamp",
            "weight"
        ]
    );
    assert!(is_time(&json["timestamp"]) && is_time(&web["timestamp"]) && is_time(&web["since"]));
    assert_eq!(web["cause_chain"], json!(["db"]));
    stop(node).await;
}

#[tokio::test]
async fn whatever_is_said_comes_out_as_json_that_can_be_read() {
    let said = "\"quoted\" \\ </script>\u{0} \u{1f600} \n\t";
    let node = node(BARE).await;
    let look = check_fn(move || async move { CheckResult::degraded(said, said).with(said, said) });
    let health = health(&node, "app");
    health.register(name("db"), look, None).unwrap();
    health.sweep().await.unwrap();
    let json = draft(&ask(&node, "/health").await);
    let part = &json["checks"][format!("db:{said}")][0];
    assert_eq!(
        (&part["output"], &part["metadata"][said]),
        (&json!(said), &json!(said))
    );
    let (_, json) = native(&node, "/health/db").await;
    assert_eq!(
        (&json["message"], &json["checks"][0]["name"]),
        (&json!(said), &json!(said))
    );
    stop(node).await;
}

#[tokio::test]
async fn an_answer_has_a_limit_and_what_is_worst_comes_first() {
    let many = BARE.replace(
        "foundation: false",
        r#"foundation: false, checks_max: 10000, sweep_deadline: "60s""#,
    );
    let node = node(&many).await;
    let health = health(&node, "app");
    let config = || HealthCheckConfig::default().interval(Duration::from_secs(3600));
    for nth in 0..9_999 {
        let check = format!("s{nth:04}");
        add(&health, &check, HealthStatus::Healthy, config());
    }
    let optional = config().importance(Importance::Optional);
    add(&health, "zz", HealthStatus::Unhealthy, optional);
    health.sweep().await.unwrap();
    let (_, json) = native(&node, "/health").await;
    let told = json["services"].as_object().unwrap();
    let left_out = usize::try_from(json["services_left_out"].as_u64().unwrap()).unwrap();
    assert_eq!(told.len() + left_out, 10_000);
    assert!(left_out > 0 && told.contains_key("zz"));
    for accept in ["application/json", "application/health+json"] {
        let answer = Ask::get("/health").header("accept", accept);
        let size = answer.send(address(&node)).await.body.len();
        assert!((900_000..1_300_000).contains(&size), "{accept}: {size}");
    }
    stop(node).await;
}
