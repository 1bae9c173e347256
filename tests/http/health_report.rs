//! `/health` and `/health/{name}`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay::actors::health::{CheckResult, HealthAggregator, HealthStatus, check_fn};
use mainstay::prelude::*;
use mainstay::specs::{HealthCheckConfig, Importance, ServiceName};
use serde_json::{Value, json};

use crate::client::{Answer, Ask};
use crate::support::{address, node};

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

#[tokio::test]
async fn the_whole_is_told_as_the_draft_has_it_and_as_json_by_accept() {
    let node = node(BARE).await;
    let health = health(&node, "app");
    add(
        &health,
        "db",
        HealthStatus::Healthy,
        HealthCheckConfig::default(),
    );
    add(
        &health,
        "search",
        HealthStatus::Degraded,
        HealthCheckConfig::default(),
    );
    health.sweep().await.unwrap();
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
    let health = health(&node, "app");
    add(
        &health,
        "db",
        HealthStatus::Unhealthy,
        HealthCheckConfig::default(),
    );
    add(
        &health,
        "cache",
        HealthStatus::Healthy,
        HealthCheckConfig::default(),
    );
    health.sweep().await.unwrap();
    let (status, json) = native(&node, "/health/db").await;
    assert_eq!(
        (status, &json["name"], &json["status"]),
        (503, &json!("db"), &json!("unhealthy"))
    );
    let (status, json) = native(&node, "/health/cache").await;
    assert_eq!((status, &json["message"]), (200, &json!(SECRET)));
    for path in ["/health/stores", "/health?group=stores"] {
        let (status, json) = native(&node, path).await;
        let services: Vec<_> = json["services"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
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
    let (one, other) = (health(&node, "app"), health(&node, "other"));
    add(
        &one,
        "db",
        HealthStatus::Healthy,
        HealthCheckConfig::default(),
    );
    add(
        &other,
        "db",
        HealthStatus::Unhealthy,
        HealthCheckConfig::default(),
    );
    add(
        &other,
        "mail",
        HealthStatus::Healthy,
        HealthCheckConfig::default(),
    );
    one.sweep().await.unwrap();
    other.sweep().await.unwrap();
    let (status, json) = native(&node, "/health").await;
    let services: Vec<_> = json["services"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
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

/// A node that others can reach, whose database is down.
async fn open(details: &str) -> (Node, std::net::SocketAddr) {
    let http = format!(r#"(bind: "0.0.0.0:0", token: "secret", health_details: {details})"#);
    let text = format!("(namespaces: [{BARE}], http: {http})");
    let spec = NodeSpec::from_ron(&text, &Node::builder()).unwrap();
    let node = Node::boot(&spec).await.unwrap();
    let health = health(&node, "app");
    add(
        &health,
        "db",
        HealthStatus::Unhealthy,
        HealthCheckConfig::default(),
    );
    health.sweep().await.unwrap();
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

#[tokio::test]
async fn a_node_whose_namespace_is_down_lives_and_is_not_ready_and_says_why() {
    let node = node(BARE).await;
    let health = health(&node, "app");
    add(
        &health,
        "db",
        HealthStatus::Unhealthy,
        HealthCheckConfig::default(),
    );
    health.sweep().await.unwrap();
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
async fn an_answer_has_a_limit_and_what_is_worst_comes_first() {
    let many = BARE.replace("foundation: false", "foundation: false, checks_max: 10000");
    let node = node(&many).await;
    let health = health(&node, "app");
    let config = || HealthCheckConfig::default().interval(Duration::from_secs(3600));
    for nth in 0..9_999 {
        add(
            &health,
            &format!("s{nth:04}"),
            HealthStatus::Healthy,
            config(),
        );
    }
    add(
        &health,
        "zz",
        HealthStatus::Unhealthy,
        config().importance(Importance::Optional),
    );
    while health.current().health.healthy_services < 9_999
        || health.service("zz").unwrap().status != HealthStatus::Unhealthy
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
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

#[tokio::test]
async fn a_hundred_who_ask_for_a_sweep_at_once_share_one() {
    let patient = BARE.replace(
        "foundation: false",
        r#"foundation: false, sweep_deadline: "60s""#,
    );
    let node = node(&patient).await;
    let health = health(&node, "app");
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let is_closed = Arc::new(AtomicBool::new(false));
    let look = {
        let (gate, is_closed) = (Arc::clone(&gate), Arc::clone(&is_closed));
        check_fn(move || {
            let (gate, is_closed) = (Arc::clone(&gate), Arc::clone(&is_closed));
            async move {
                if is_closed.load(Ordering::SeqCst) {
                    drop(gate.acquire().await);
                }
                CheckResult::healthy("gate", "it is open")
            }
        })
    };
    let config = HealthCheckConfig::default().interval(Duration::from_secs(3600));
    health.register(name("gate"), look, config).unwrap();
    health.sweep().await.unwrap();
    is_closed.store(true, Ordering::SeqCst);
    let before = health.stats();
    let address = address(&node);
    let asked: Vec<_> = (0..100)
        .map(|_| tokio::spawn(Ask::get("/health?sweep=true").send(address)))
        .collect();
    while health.stats().sweeps_joined - before.sweeps_joined < 99 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(1);
    for asked in asked {
        assert_eq!(asked.await.unwrap().status, 200);
    }
    let after = health.stats();
    assert_eq!(after.sweeps - before.sweeps, 1);
    assert_eq!(after.runs - before.runs, 1);
    stop(node).await;
}

#[tokio::test]
async fn many_who_ask_lose_no_answer_and_change_nothing() {
    let full = r#"(name: "app", services: (config_server: (), health_aggregator: ()), children: [(id: "x", kind: "idle")])"#;
    let node = node(full).await;
    health(&node, "app").sweep().await.unwrap();
    let before = node.namespace("app").unwrap().tree().unwrap();
    let address = address(&node);
    let askers: Vec<_> = (0..16)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..60 {
                    let answer = Ask::get("/health").send(address).await;
                    assert_eq!(answer.status, 200, "{}", answer.body);
                }
            })
        })
        .collect();
    for asker in askers {
        asker.await.unwrap();
    }
    let restarts = |tree: &mainstay::supervisors::TreeNode| {
        let mut all = vec![tree.clone()];
        let mut found = Vec::new();
        while let Some(mut node) = all.pop() {
            all.append(&mut node.children);
            found.push((node.id, node.pid, node.restarts));
        }
        found
    };
    let after = node.namespace("app").unwrap().tree().unwrap();
    assert_eq!(restarts(&after), restarts(&before));
    stop(node).await;
}
