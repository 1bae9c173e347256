//! How the node ends.

use crate::mainstay::{Running, file, mainstay, run};

/// A node with a child that does not hear that it should stop.
fn deaf(name: &str, deadline: &str) -> Running {
    let path = file(
        name,
        format!(
            r#"(
                namespaces: [(name: "app", children: [
                    (id: "deaf", kind: "ticker", args: (every: "1h", ignore_stop: true), shutdown: infinity),
                    (id: "hears", kind: "ticker"),
                ])],
                http: (bind: "127.0.0.1:0", token: "secret"),
                shutdown_deadline: "{deadline}",
            )"#
        ),
    );
    Running::start(["run", path.to_str().unwrap()])
}

#[test]
fn sigterm_and_ctrl_c_stop_the_node_in_order() {
    for (signal, name) in [("TERM", "SIGTERM"), ("INT", "SIGINT")] {
        let mut node = Running::start(["--bind", "127.0.0.1:0"]);
        node.line();
        node.signal(signal);
        let (code, errors) = node.ended();
        let announced = format!("{name}: stopping within 30s; once more to end at once");
        assert_eq!(errors, [announced.as_str(), "stopped"]);
        assert_eq!(code, Some(0));
    }
}

#[test]
fn what_had_to_be_killed_is_told_and_shows_in_the_exit_code() {
    let node = deaf("deaf.ron", "100ms");
    node.signal("TERM");
    let (code, errors) = node.ended();
    assert_eq!(
        errors,
        [
            "SIGTERM: stopping within 100ms; once more to end at once",
            "killed app: it did not stop in time",
            "killed app/children: it did not stop in time",
            "killed app/children/deaf: it did not stop in time",
            "stopped, 3 killed",
        ]
    );
    assert_eq!(code, Some(3));
}

#[test]
fn a_second_signal_ends_the_node_at_once() {
    for (second, code) in [("TERM", 143), ("INT", 130)] {
        let mut node = deaf("twice.ron", "1h");
        node.signal("TERM");
        assert_eq!(
            node.error(),
            "SIGTERM: stopping within 3600s; once more to end at once"
        );
        node.signal(second);
        assert_eq!(node.ended(), (Some(code), vec![]));
    }
}

#[test]
fn what_never_awaits_is_not_waited_for_without_end() {
    let path = file(
        "blocked.ron",
        r#"(
            namespaces: [(name: "app", children: [(id: "x", kind: "blocker")])],
            http: (bind: "127.0.0.1:0", token: "secret"),
            shutdown_deadline: "10ms",
        )"#,
    );
    let node = Running::start(["run", path.to_str().unwrap()]);
    node.signal("TERM");
    let (code, errors) = node.ended();
    assert_eq!(
        errors,
        [
            "SIGTERM: stopping within 10ms; once more to end at once",
            "error: something could not be stopped, nor killed: code that never awaits",
        ]
    );
    assert_eq!(code, Some(3));
}

#[test]
fn what_never_awaits_is_not_waited_for_without_end_when_a_tree_has_given_up() {
    let path = file(
        "blocked-given-up.ron",
        r#"(
            namespaces: [
                (name: "blocked", children: [(id: "x", kind: "blocker")]),
                (name: "flaky", supervisor: (intensity: 0), children: [
                    (id: "t", kind: "ticker", args: (every: "1ms", fail_after: 1)),
                ]),
            ],
            http: (bind: "127.0.0.1:0", token: "secret"),
            shutdown_deadline: "10ms",
        )"#,
    );
    let node = Running::start(["run", path.to_str().unwrap()]);
    let (code, errors) = node.ended();
    assert_eq!(
        errors,
        [
            "error: flaky has ended (shutdown), stopping",
            "error: something could not be stopped, nor killed: code that never awaits",
        ]
    );
    assert_eq!(code, Some(1));
}

#[test]
fn a_node_whose_tree_has_given_up_is_ended_at_once_by_the_second_signal() {
    let path = file(
        "deaf-given-up.ron",
        r#"(
            namespaces: [
                (name: "deaf", children: [
                    (id: "x", kind: "ticker", args: (every: "1h", ignore_stop: true), shutdown: infinity),
                ]),
                (name: "flaky", supervisor: (intensity: 0), children: [
                    (id: "t", kind: "ticker", args: (every: "1ms", fail_after: 1)),
                ]),
            ],
            http: (bind: "127.0.0.1:0", token: "secret"),
            shutdown_deadline: "1h",
        )"#,
    );
    let mut node = Running::start(["run", path.to_str().unwrap()]);
    assert_eq!(node.error(), "error: flaky has ended (shutdown), stopping");
    node.signal("TERM");
    assert_eq!(
        node.error(),
        "SIGTERM: stopping within 3600s; once more to end at once"
    );
    node.signal("INT");
    assert_eq!(node.ended(), (Some(130), vec![]));
}

#[test]
fn what_never_awaits_is_not_waited_for_without_end_when_the_node_does_not_boot() {
    let path = file(
        "blocked-boot.ron",
        r#"(
            namespaces: [
                (name: "blocked", children: [(id: "x", kind: "blocker")]),
                (name: "broken", services: (config_server: (file: "nowhere.ron"))),
            ],
            http: (enabled: false),
            shutdown_deadline: "10ms",
        )"#,
    );
    // One thread is blocked for good.
    let mut command = mainstay(["run", path.to_str().unwrap()]);
    command
        .env("MAINSTAY_LOG", "off")
        .env("TOKIO_WORKER_THREADS", "2");
    let ended = run(&mut command);
    let why = format!(
        "error: broken/config_server did not start: {}: cannot be read: No such file or directory (os error 2)\n",
        path.with_file_name("nowhere.ron").display()
    );
    assert_eq!((ended.code, ended.stderr), (Some(1), why));
}
