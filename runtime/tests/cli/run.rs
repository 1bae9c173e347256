//! `mainstay` and `mainstay run`.

use std::net::TcpListener;

use crate::mainstay::{Ended, Running, file, mainstay, run};

fn failed(code: i32, stderr: impl Into<String>) -> Ended {
    Ended {
        code: Some(code),
        stdout: String::new(),
        stderr: stderr.into(),
    }
}

#[test]
fn the_default_node_shows_its_tree_its_address_and_a_token() {
    let mut node = Running::start(["--bind", "127.0.0.1:0"]);
    let (last, tree) = node.welcome.split_last().unwrap();
    let (services, children) = tree.split_at(tree.len() - 7);
    assert_eq!(
        services,
        [
            "http  one_for_one  #1",
            "└─ server  #2",
            "production  rest_for_one  #3",
            "├─ telemetry  rest_for_one  #4",
            "│  ├─ metrics_store  #5",
            "│  ├─ process_metrics  #6",
            "│  ├─ events  #7",
            "│  └─ alerts  #8",
            "├─ config_server  #9",
            "├─ memory_manager  rest_for_one  #10",
            "│  ├─ keeper  #11",
            "│  ├─ cleanup  #12",
            "│  └─ budgets  #13",
            "├─ circuit_breakers  #14",
            "├─ rate_limiters  #15",
            "├─ connection_pools  one_for_one  #16",
            "│  └─ scratch  rest_for_one  #17",
            "│     ├─ connectors  dynamic  #18",
            "│     ├─ keeper  #19",
            "│     └─ health_monitor  #20",
            "├─ event_store  rest_for_one  #21",
            "│  ├─ event_store_pool  rest_for_one  #22",
            "│  │  ├─ connectors  dynamic  #23",
            "│  │  ├─ keeper  #24",
            "│  │  └─ health_monitor  #25",
            // One number is that of the task that has connected to the database.
            "│  └─ keeper  #27",
            "├─ protections  #28",
            "├─ health_aggregator  #29",
        ]
    );
    // Whether a connection is opened for the first look at the event store, which takes a number, is left to chance.
    let without_number = |line: &String| {
        let name = line
            .split_once("  #")
            .map_or(line.as_str(), |(name, _)| name);
        name.to_owned()
    };
    assert_eq!(
        children.iter().map(without_number).collect::<Vec<_>>(),
        [
            "└─ children  one_for_one",
            "   ├─ heartbeat",
            "   └─ pool  one_for_one",
            "      ├─ worker-1",
            "      ├─ worker-2",
            "      └─ worker-3",
            "",
        ]
    );
    assert!(last.starts_with("listening on http://127.0.0.1:"));
    let token = node.line();
    let token = token
        .strip_prefix("token for changes, until it stops: ")
        .unwrap();
    assert_eq!(token.len(), 32);
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
}

#[test]
fn a_node_file_is_run_and_its_token_is_not_shown() {
    let path = file(
        "run.ron",
        r#"(
            namespaces: [(name: "app", children: [(id: "clock", kind: "ticker", args: (every: "1h"))])],
            http: (bind: "127.0.0.1:0", token: "secret"),
        )"#,
    );
    let node = Running::start(["run", path.to_str().unwrap()]);
    assert_eq!(
        node.welcome[..6],
        [
            "http  one_for_one  #1",
            "└─ server  #2",
            "app  rest_for_one  #3",
            "└─ children  one_for_one  #4",
            "   └─ clock  #5",
            "",
        ]
    );
    node.signal("TERM");
    // Nothing comes after the address.
    assert_eq!(node.ended().0, Some(0));
}

#[test]
fn a_port_that_is_taken_is_told_in_one_line_also_with_logs() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let expected = failed(
        1,
        format!("error: cannot listen on {address}: Address already in use (os error 98)\n"),
    );
    assert_eq!(run(&mut mainstay(["--bind", &address])), expected);
    assert_eq!(run(&mut mainstay(["run", "--bind", &address])), expected);
}

#[test]
fn a_second_node_on_the_port_of_the_first_leaves_it_alone() {
    let first = Running::start(["--bind", "127.0.0.1:0", "--token", "secret"]);
    let second = run(&mut mainstay(["--bind", &first.address]));
    let why = format!(
        "error: cannot listen on {}: Address already in use (os error 98)\n",
        first.address
    );
    assert_eq!(second, failed(1, why));
    let tree = run(&mut mainstay(["tree", "--url", &first.url()]));
    assert_eq!(tree.code, Some(0));
    first.signal("TERM");
    assert_eq!(first.ended().0, Some(0));
}

#[test]
fn an_address_for_others_needs_a_token() {
    let why = "error: http.bind: expected a token beside an address others can reach, found 0.0.0.0:0 alone\n";
    assert_eq!(run(&mut mainstay(["--bind", "0.0.0.0:0"])), failed(2, why));
    let node = Running::start(["--bind", "0.0.0.0:0", "--token", "secret"]);
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
}

#[test]
fn a_child_that_does_not_start_is_told_with_its_path() {
    let path = file(
        "broken.ron",
        r#"(
            namespaces: [(name: "app", services: (config_server: (file: "nowhere.ron")))],
            http: (bind: "127.0.0.1:0"),
        )"#,
    );
    let mut command = mainstay(["run", path.to_str().unwrap()]);
    let ended = run(command.env("MAINSTAY_LOG", "off"));
    let missing = path.with_file_name("nowhere.ron");
    let why = format!(
        "error: app/config_server did not start: {}: cannot be read: No such file or directory (os error 2)\n",
        missing.display()
    );
    assert_eq!(ended, failed(1, why));
}

#[test]
fn a_tree_that_gives_up_ends_the_node() {
    let path = file(
        "flaky.ron",
        r#"(
            namespaces: [(name: "app", supervisor: (intensity: 0), children: [
                (id: "flaky", kind: "ticker", args: (every: "1ms", fail_after: 1)),
            ])],
            http: (bind: "127.0.0.1:0", token: "secret"),
        )"#,
    );
    let node = Running::start(["run", path.to_str().unwrap()]);
    let (code, errors) = node.ended();
    assert_eq!(
        errors,
        ["error: app has ended (shutdown), stopping", "stopped"]
    );
    assert_eq!(code, Some(1));
}

#[test]
fn a_wrong_log_filter_is_told() {
    let ended = run(mainstay(["--bind", "127.0.0.1:0"]).env("MAINSTAY_LOG", "mainstay=loud"));
    assert_eq!(
        ended,
        failed(
            2,
            "error: MAINSTAY_LOG=mainstay=loud: error parsing level filter: expected one of \"off\", \"error\", \"warn\", \"info\", \"debug\", \"trace\", or a number 0-5\n"
        )
    );
}

#[test]
fn logs_go_to_stderr_and_are_asked_for_by_the_environment() {
    let path = file(
        "logs.ron",
        r#"(namespaces: [(name: "app", services: (config_server: (file: "nowhere.ron")))], http: (enabled: false))"#,
    );
    let lines = |filter: &str| {
        let mut command = mainstay(["run", path.to_str().unwrap()]);
        let ended = run(command.env("MAINSTAY_LOG", filter));
        assert_eq!(ended.stdout, "");
        ended
            .stderr
            .lines()
            .filter(|line| line.contains("child did not start"))
            .count()
    };
    assert_eq!([lines("off"), lines("error")], [0, 1]);
}

#[test]
fn an_address_for_a_node_without_http_is_refused() {
    let path = file("off.ron", "(http: (enabled: false))");
    let ended = run(&mut mainstay([
        "run",
        path.to_str().unwrap(),
        "--bind",
        "127.0.0.1:0",
    ]));
    assert_eq!(
        ended,
        failed(2, "error: --bind: HTTP is off in the node file\n")
    );
}
