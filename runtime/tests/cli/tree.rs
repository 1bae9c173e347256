//! `mainstay tree`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use crate::mainstay::{Ended, Running, file, mainstay, run};

#[test]
fn the_tree_of_a_running_node_is_shown_as_it_showed_it_itself() {
    // Nothing in it comes and goes, as the tasks do that connect to a database.
    let path = file(
        "tree.ron",
        r#"(
            namespaces: [(
                name: "app",
                services: (config_server: ()),
                children: [
                    (id: "clock", kind: "ticker", args: (every: "1h")),
                    (id: "pool", supervisor: (), children: [(id: "worker", kind: "echo")]),
                ],
            )],
            http: (bind: "127.0.0.1:0"),
        )"#,
    );
    let mut node = Running::start(["run", path.to_str().unwrap()]);
    node.line();
    let (_, tree) = node.welcome.split_last().unwrap();
    assert_eq!(tree.len(), 9);
    let expected = Ended {
        code: Some(0),
        stdout: tree.join("\n"),
        stderr: String::new(),
    };
    for url in [node.url(), format!("{}/", node.url()), node.address.clone()] {
        assert_eq!(run(&mut mainstay(["tree", "--url", &url])), expected);
    }
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
}

#[test]
fn the_tree_can_be_had_as_json() {
    let mut node = Running::start(["--bind", "127.0.0.1:0"]);
    node.line();
    let ended = run(&mut mainstay(["tree", "--json", "--url", &node.url()]));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let tree: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(tree["roots"][1]["id"], "production");
    assert_eq!(tree["roots"][1]["children"][1]["id"], "config_server");
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
}

#[test]
fn that_no_node_is_there_is_told_in_one_line() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let expected = Ended {
        code: Some(1),
        stdout: String::new(),
        stderr: format!("error: no node answers at {url}: Connection refused (os error 111)\n"),
    };
    assert_eq!(run(&mut mainstay(["tree", "--url", &url])), expected);
    assert_eq!(
        run(&mut mainstay(["tree", "--json", "--url", &url])),
        expected
    );
}

#[test]
fn an_answer_that_is_no_tree_is_told_in_one_line() {
    let mut node = Running::start(["--bind", "127.0.0.1:0"]);
    node.line();
    let url = format!("{}/elsewhere", node.url());
    let ended = run(&mut mainstay(["tree", "--url", &url]));
    let why =
        format!("error: {url} answers 404 Not Found: there is nothing at /elsewhere/api/tree\n");
    assert_eq!((ended.code, ended.stderr), (Some(1), why));
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
}

#[test]
fn a_url_that_is_none_is_told_in_one_line() {
    for url in [
        "https://localhost:4000",
        "ftp://localhost",
        "http://",
        "http://local host",
        "http://localhost?x=1",
    ] {
        let ended = run(&mut mainstay(["tree", "--url", url]));
        let why = format!("error: {url}: expected a URL such as http://127.0.0.1:4000\n");
        assert_eq!((ended.code, ended.stderr), (Some(2), why));
    }
}

/// The URL of a server that gives one answer.
fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = BufReader::new(stream.try_clone().unwrap()).lines();
        while !asked.next().unwrap().unwrap().is_empty() {}
        let length = answer.split_once("\n\n").unwrap().1.len();
        let answer = answer.replacen('\n', &format!("\ncontent-length: {length}\n"), 1);
        stream.write_all(answer.as_bytes()).unwrap();
    });
    url
}

#[test]
fn nothing_of_an_answer_steers_the_terminal() {
    let url = server("HTTP/1.1 200 OK\n\napp \x1b[31m\x07#1\n\u{9b}└─ a\r  #2\n");
    let expected = Ended {
        code: Some(0),
        stdout: "app \u{fffd}[31m\u{fffd}#1\n\u{fffd}└─ a\u{fffd}  #2\n".to_owned(),
        stderr: String::new(),
    };
    assert_eq!(run(&mut mainstay(["tree", "--url", &url])), expected);

    let refusal = r#"{"error": {"code": "internal", "message": "no\u001b[31m\ntree"}}"#;
    let refusal = format!("HTTP/1.1 500 Internal Server Error\n\n{refusal}");
    let url = server(refusal.leak());
    let ended = run(&mut mainstay(["tree", "--url", &url]));
    let why =
        format!("error: {url} answers 500 Internal Server Error: no\u{fffd}[31m\u{fffd}tree\n");
    assert_eq!((ended.code, ended.stderr), (Some(1), why));
}

#[test]
fn a_node_that_asks_for_its_token_gets_it_from_the_arguments_or_the_environment() {
    let node = Running::start(["--bind", "0.0.0.0:0", "--token", "secret"]);
    let url = node.url().replace("0.0.0.0", "127.0.0.1");
    let ended = run(&mut mainstay(["tree", "--url", &url]));
    let why = format!(
        "error: {url} answers 401 Unauthorized: expected the node's token, as `Authorization: Bearer …`\n"
    );
    assert_eq!((ended.code, ended.stderr), (Some(1), why));
    let by_argument = run(&mut mainstay(["tree", "--url", &url, "--token", "secret"]));
    let by_environment = run(mainstay(["tree", "--url", &url]).env("MAINSTAY_TOKEN", "secret"));
    assert_eq!(by_argument.code, Some(0));
    assert_eq!(by_argument, by_environment);
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
}
