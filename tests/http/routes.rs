//! What is there, and what is not.

use std::time::Duration;

use serde_json::json;

use crate::client::Ask;
use crate::support::{address, node};

#[tokio::test]
async fn a_route_that_is_not_there_is_told_as_json() {
    let node = node("").await;
    for path in [
        "/",
        "/api",
        "/api/trees",
        "/api/tree/",
        "/livez/x",
        "/index.html",
    ] {
        let answer = Ask::get(path).send(address(&node)).await;
        assert_eq!(answer.error(), (404, "not_found".into(), Some(path.into())));
    }
    let answer = Ask::get("/api/trees").send(address(&node)).await;
    assert_eq!(
        answer.json(),
        json!({"error": {
            "code": "not_found",
            "message": "there is nothing at /api/trees",
            "path": "/api/trees",
        }})
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_method_that_a_route_does_not_take_is_told_as_json_with_those_it_takes() {
    let node = node("").await;
    for path in [
        "/livez",
        "/readyz",
        "/metrics",
        "/api/metrics",
        "/api/tree",
        "/api/tree/events",
    ] {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = Ask::new(method, path).send(address(&node)).await;
            let expected = (405, "method_not_allowed".to_owned(), Some(path.to_owned()));
            assert_eq!(answer.error(), expected);
            assert_eq!(answer.header("allow"), Some("GET,HEAD"));
        }
    }
    let answer = Ask::new("POST", "/livez").send(address(&node)).await;
    assert_eq!(
        answer.json()["error"]["message"],
        "/livez does not take POST"
    );
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let node = node("").await;
    for path in ["/livez", "/readyz", "/api/tree"] {
        let answer = Ask::new("HEAD", path).send(address(&node)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    }
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn every_answer_is_not_to_be_kept_nor_guessed_at() {
    let node = node("").await;
    for path in ["/livez", "/readyz", "/api/tree", "/nothing"] {
        let answer = Ask::get(path).send(address(&node)).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
    }
    node.stop(Duration::from_secs(5)).await;
}
