//! Sweeps, and many who ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay::actors::health::{CheckResult, check_fn};
use mainstay::specs::HealthCheckConfig;
use serde_json::json;

use super::{BARE, health, name, native, stop};
use crate::client::Ask;
use crate::support::{address, node};

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

#[tokio::test]
async fn one_that_hangs_is_unknown_to_who_looks_anew_and_what_it_was_to_who_does_not() {
    let node = node(BARE).await;
    let health = health(&node, "app");
    let hangs = Arc::new(AtomicBool::new(false));
    let look = {
        let hangs = Arc::clone(&hangs);
        check_fn(move || {
            let hangs = hangs.load(Ordering::SeqCst);
            async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                CheckResult::healthy("part", "it answers")
            }
        })
    };
    // Nobody but the test looks.
    let config = HealthCheckConfig::default().interval(Duration::from_secs(3600));
    health.register(name("db"), look, config).unwrap();
    health.sweep().await.unwrap();
    hangs.store(true, Ordering::SeqCst);
    for path in ["/health?sweep=true", "/health/db?sweep=true"] {
        let (status, json) = native(&node, path).await;
        assert_eq!(
            (status, &json["status"]),
            (503, &json!("unknown")),
            "{path}"
        );
        let db = if path.starts_with("/health/") {
            &json
        } else {
            &json["services"]["db"]
        };
        let message = db["message"].as_str().unwrap();
        let told = "no answer within 80ms; the last result was healthy, ";
        assert!(message.starts_with(told), "{message}");
    }
    for path in ["/health", "/health/db"] {
        let (status, json) = native(&node, path).await;
        assert_eq!(
            (status, &json["status"]),
            (200, &json!("healthy")),
            "{path}"
        );
    }
    stop(node).await;
}
