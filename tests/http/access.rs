//! Who may ask.

use std::time::Duration;

use mainstay::prelude::*;

use crate::client::Ask;
use crate::support::{address, node};

const PATHS: [&str; 5] = [
    "/livez",
    "/readyz",
    "/api/tree",
    "/api/tree/events",
    "/nothing",
];

/// Of those, what may be asked for without the token: how the node is, in one word.
const PROBES: [&str; 2] = ["/livez", "/readyz"];

#[tokio::test]
async fn on_loopback_the_host_has_to_name_the_loopback_interface() {
    let node = node("").await;
    for host in [
        "localhost",
        "localhost:4000",
        "LOCALHOST:1",
        "127.0.0.1",
        "127.1.2.3:80",
        "[::1]:4000",
    ] {
        let answer = Ask::get("/livez")
            .header("host", host)
            .send(address(&node))
            .await;
        assert_eq!(answer.status, 200, "{host}");
    }
    for host in [
        "example.com",
        "localhost.example.com",
        "10.0.0.1",
        "0.0.0.0:4000",
        "[::]",
        "",
        "a b",
    ] {
        for path in PATHS {
            let answer = Ask::get(path)
                .header("host", host)
                .send(address(&node))
                .await;
            assert_eq!(
                answer.error(),
                (403, "forbidden_host".into(), None),
                "{host} {path}"
            );
        }
    }
    let answer = Ask::get("/livez").without_host().send(address(&node)).await;
    assert_eq!(answer.error(), (403, "forbidden_host".into(), None));
    let whole = Ask::get("http://example.com/livez");
    assert_eq!(whole.send(address(&node)).await.status, 403);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn on_another_address_every_request_but_probes_needs_the_token_and_any_host_will_do() {
    let text = r#"(http: (bind: "0.0.0.0:0", token: "secret"))"#;
    let spec = NodeSpec::from_ron(text, &Node::builder()).unwrap();
    let node = Node::boot(&spec).await.unwrap();
    let address = ([127, 0, 0, 1], address(&node).port()).into();
    for path in PATHS {
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer wrong",
            "Bearer secrets",
            "Basic secret",
            "secret",
        ] {
            let answer = Ask::get(path)
                .header("authorization", header)
                .send(address)
                .await;
            assert_eq!(
                answer.error(),
                (401, "unauthorized".into(), None),
                "{path} {header}"
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        let answer = Ask::get(path).send(address).await;
        if PROBES.contains(&path) {
            assert_eq!(answer.status, 200, "{path}");
        } else {
            assert_eq!(answer.error(), (401, "unauthorized".into(), None));
        }
    }
    let with_token = Ask::get("/livez").header("host", "example.com");
    let answer = with_token
        .header("authorization", "Bearer secret")
        .send(address)
        .await;
    assert_eq!(answer.status, 200);
    node.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_address_for_others_without_a_token_is_refused() {
    let spec = NodeSpec::new().http(mainstay::specs::HttpSpec::new("0.0.0.0:0".parse().unwrap()));
    let error = Node::boot(&spec).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "http.bind: expected a token beside an address others can reach, found 0.0.0.0:0 alone"
    );
}

#[tokio::test]
async fn a_node_without_a_token_makes_one_of_its_own() {
    let spec = NodeSpec::new().http(mainstay::specs::HttpSpec::new(
        "127.0.0.1:0".parse().unwrap(),
    ));
    let nodes = [
        Node::boot(&spec).await.unwrap(),
        Node::boot(&spec).await.unwrap(),
    ];
    let tokens = nodes
        .each_ref()
        .map(|node| node.token().unwrap().as_str().to_owned());
    assert_eq!(tokens[0].len(), 32);
    assert_ne!(tokens[0], tokens[1]);
    for node in nodes {
        node.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn a_node_without_http_has_neither_address_nor_token() {
    let spec = NodeSpec::new().http(mainstay::specs::HttpSpec::disabled());
    let node = Node::boot(&spec).await.unwrap();
    assert!(node.address().is_none() && node.token().is_none());
    assert!(node.runtime().roots().is_empty());
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_refused() {
    for token in ["sec ret", " secret", "gehëim", "a\nb"] {
        let http = mainstay::specs::HttpSpec::new("127.0.0.1:0".parse().unwrap()).token(token);
        let error = Node::boot(&NodeSpec::new().http(http)).await.unwrap_err();
        let found = token.chars().find(|c| !c.is_ascii_graphic()).unwrap();
        assert_eq!(
            error.to_string(),
            format!(
                "http.token: expected visible ASCII characters without white space, found {found:?}"
            )
        );
    }
}
