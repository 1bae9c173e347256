//! `/health` and `/health/{name}`.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | nodes whose checks are those of a test alone |
//! | `told.rs` | what is told, by what was asked for |
//! | `form.rs` | in which form: both renderings, and no more than so much |
//! | `levels.rs` | to whom how much is told |
//! | `asking.rs` | sweeps, and many who ask |
//! | `probes.rs` | what health means for `/readyz` and `/startupz` |

mod asking;
mod form;
mod levels;
mod probes;
mod told;

use std::time::Duration;

use mainstay::actors::health::{CheckResult, HealthAggregator, HealthStatus, check_fn};
use mainstay::prelude::*;
use mainstay::specs::{HealthCheckConfig, ServiceName};
use serde_json::Value;

use crate::client::{Answer, Ask};
use crate::support::address;

/// What no caller may read who may not read everything.
const SECRET: &str = "password=hunter2";

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}

fn health(node: &Node, namespace: &str) -> HealthAggregator {
    HealthAggregator::of(&node.namespace(namespace).unwrap())
}

/// Adds a check that always finds this, and whose words are not for everybody.
fn add(health: &HealthAggregator, check: &str, status: HealthStatus, config: HealthCheckConfig) {
    let look =
        check_fn(
            move || async move { CheckResult::new("part", status, SECRET).with("secret", SECRET) },
        );
    health.register(name(check), look, config).unwrap();
}

/// A namespace whose checks are these, and have been looked at once.
async fn found(node: &Node, namespace: &str, checks: &[(&str, HealthStatus)]) -> HealthAggregator {
    let health = health(node, namespace);
    for (check, status) in checks {
        add(&health, check, *status, HealthCheckConfig::default());
    }
    health.sweep().await.unwrap();
    health
}

fn keys(json: &Value) -> Vec<&str> {
    let keys = json.as_object().unwrap().keys();
    keys.map(String::as_str).collect()
}

async fn ask(node: &Node, path: &str) -> Answer {
    Ask::get(path).send(address(node)).await
}

async fn native(node: &Node, path: &str) -> (u16, Value) {
    let ask = Ask::get(path).header("accept", "application/json");
    let answer = ask.send(address(node)).await;
    (answer.status, answer.json())
}

fn draft(answer: &Answer) -> Value {
    assert_eq!(
        answer.header("content-type"),
        Some("application/health+json")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    serde_json::from_str(&answer.body).unwrap()
}

async fn stop(node: Node) {
    node.stop(Duration::from_secs(5)).await;
}

/// One namespace whose checks are those of the test alone.
const BARE: &str = r#"(name: "app", services: (health_aggregator: (
    foundation: false, tree: false,
    groups: [(name: "stores", checks: ["db"])],
)))"#;
