//! `/metrics` and `/api/metrics`.

use std::time::Duration;

use mainstay::actors::MetricsStore;
use mainstay::prelude::*;

use crate::client::Ask;
use crate::support::{address, node};

const TWO: &str = r#"(name: "production", services: (telemetry: ())), (name: "staging", services: (telemetry: ())), (name: "bare")"#;

fn hit(node: &Node, namespace: &str, times: u64) {
    let namespace = node.runtime().find_namespace(namespace).unwrap();
    let store = MetricsStore::in_namespace(&namespace).unwrap();
    let hits = store.counter("shop.hits", [("page", "start")]).unwrap();
    hits.increment(times);
}

#[tokio::test]
async fn the_series_of_all_namespaces_are_told_with_their_namespace() {
    let node = node(TWO).await;
    hit(&node, "production", 2);
    hit(&node, "staging", 3);
    let answer = Ask::get("/metrics").send(address(&node)).await;
    assert_eq!(answer.status, 200);
    let content_type = answer.header("content-type");
    assert_eq!(
        content_type,
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let hits: Vec<&str> = answer
        .body
        .lines()
        .filter(|line| line.contains("shop"))
        .collect();
    assert_eq!(
        hits,
        [
            "# HELP shop_hits_total shop.hits, in count.",
            "# TYPE shop_hits_total counter",
            "shop_hits_total{namespace=\"production\",page=\"start\"} 2",
            "shop_hits_total{namespace=\"staging\",page=\"start\"} 3",
        ]
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn open_metrics_is_given_to_whoever_prefers_it() {
    let node = node(TWO).await;
    let accept = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5";
    let ask = Ask::get("/metrics").header("accept", accept);
    let answer = ask.send(address(&node)).await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(answer.body.ends_with("# EOF\n"));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn as_json_they_are_by_namespace() {
    let node = node(TWO).await;
    hit(&node, "staging", 3);
    let answer = Ask::get("/api/metrics").send(address(&node)).await;
    assert_eq!(answer.status, 200);
    let json = answer.json();
    let namespaces: Vec<&String> = json["namespaces"].as_object().unwrap().keys().collect();
    assert_eq!(namespaces, ["production", "staging"]);
    let series = json["namespaces"]["staging"]["series"].as_array().unwrap();
    let hits = series
        .iter()
        .find(|series| series["name"] == "shop.hits")
        .unwrap();
    assert_eq!(
        (&hits["total"], &hits["tags"]["page"]),
        (&3.into(), &"start".into())
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_node_without_metrics_has_none_to_tell() {
    let node = node("(name: \"bare\")").await;
    let answer = Ask::get("/metrics").send(address(&node)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let answer = Ask::get("/api/metrics").send(address(&node)).await;
    assert_eq!(answer.json(), serde_json::json!({"namespaces": {}}));
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_hundred_scrapes_at_the_same_time_are_all_answered() {
    let node = node(TWO).await;
    hit(&node, "staging", 3);
    let ask = || Ask::get("/metrics").send(address(&node));
    let answers = futures_util::future::join_all((0..100).map(|_| ask())).await;
    let line = "shop_hits_total{namespace=\"staging\",page=\"start\"} 3";
    for answer in answers {
        assert_eq!(answer.status, 200);
        assert!(answer.body.lines().any(|there| there == line));
    }
    node.stop(Duration::from_secs(5)).await;
}
