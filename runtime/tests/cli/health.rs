//! `mainstay health`.

use std::net::TcpListener;

use crate::mainstay::{Running, file, mainstay, run};

/// A node with these children, which looks after them.
fn node(name: &str, children: &str) -> Running {
    let text = format!(
        r#"(
            namespaces: [(
                name: "app",
                services: (config_server: (), health_aggregator: (tree_limits: (poll: "100ms"))),
                children: [{children}],
            )],
            http: (bind: "127.0.0.1:0"),
            watchdog: (blocked_after: "100ms"),
        )"#
    );
    let path = file(name, text);
    let mut node = Running::start(["run", path.to_str().unwrap()]);
    node.line();
    node
}

#[test]
fn a_healthy_node_is_told_with_its_services_and_ends_with_0() {
    let node = node(
        "health.ron",
        r#"(id: "clock", kind: "ticker", args: (every: "1h"))"#,
    );
    let ended = run(&mut mainstay(["health", "--sweep", "--url", &node.url()]));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let expected = "app is healthy: 2 of 2 healthy, score 1.00\n  config_server  healthy    ConfigServer operational\n  supervision    healthy    ";
    assert!(ended.stdout.starts_with(expected), "{}", ended.stdout);
    let ended = run(&mut mainstay([
        "health",
        "supervision",
        "--url",
        &node.url(),
    ]));
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stdout.starts_with("supervision is healthy: "),
        "{}",
        ended.stdout
    );
    let ended = run(&mut mainstay(["health", "--quiet", "--url", &node.url()]));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    let ended = run(&mut mainstay(["health", "--json", "--url", &node.url()]));
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &json["status"]), (Some(0), &"healthy".into()));
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
}

#[test]
fn what_is_not_there_is_told_in_one_line_and_ends_with_1() {
    let node = node("health-none.ron", "");
    let url = node.url();
    let nobody = run(&mut mainstay(["health", "nobody", "--url", &url]));
    let why = format!(
        "error: {url} answers 404 Not Found: there is no health check and no health group `nobody`\n"
    );
    assert_eq!((nobody.code, nobody.stderr), (Some(1), why));
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let none = run(&mut mainstay(["health", "--url", &url]));
    assert_eq!(none.code, Some(1));
    assert!(
        none.stderr
            .starts_with(&format!("error: no node answers at {url}: "))
    );
    let wrong = run(&mut mainstay(["health", "--url", "http://"]));
    assert_eq!(wrong.code, Some(2));
}

/// The test's nodes have two threads.
#[test]
fn a_node_whose_executor_is_blocked_is_told_to_be_dead_and_ends_with_4() {
    let blocked = r#"(id: "one", kind: "blocker"), (id: "two", kind: "blocker")"#;
    let text = format!(
        r#"(namespaces: [(name: "app", children: [{blocked}])], http: (bind: "127.0.0.1:0"), watchdog: (blocked_after: "100ms"))"#
    );
    let path = file("health-blocked.ron", text);
    let node = Running::start(["run", path.to_str().unwrap()]);
    let ended = run(&mut mainstay(["health", "--url", &node.url()]));
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(
        ended
            .stdout
            .starts_with("dead: the executor has been blocked for "),
        "{}",
        ended.stdout
    );
}
