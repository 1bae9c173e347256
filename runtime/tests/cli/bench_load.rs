//! `mainstay bench-load`.

use std::net::TcpListener;

use crate::mainstay::{Running, file, mainstay, run};

#[test]
fn a_node_under_load_answers_all_and_each_path_has_a_line() {
    let path = file("bench-load.ron", r#"(http: (bind: "127.0.0.1:0"))"#);
    let mut node = Running::start(["run", path.to_str().unwrap()]);
    node.line();
    let url = node.url();
    let ended = run(&mut mainstay([
        "bench-load",
        "--url",
        &url,
        "--connections",
        "8",
        "--seconds",
        "1",
        "--path",
        "/livez",
        "--path",
        "/nowhere",
    ]));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let lines: Vec<Vec<&str>> = ended
        .stdout
        .lines()
        .map(|it| it.split_whitespace().collect())
        .collect();
    assert_eq!(lines.len(), 3, "{}", ended.stdout);
    for (line, path) in lines[1..].iter().zip(["/livez", "/nowhere"]) {
        assert_eq!(line[0], path);
        assert_ne!(line[1], "0", "{}", ended.stdout);
        assert_eq!(line[6..], ["0", "0"], "{}", ended.stdout);
    }
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
}

#[test]
fn where_no_node_is_every_connection_fails_and_it_ends_with_1() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let arguments = [
        "bench-load",
        "--url",
        &url,
        "--seconds",
        "1",
        "--connections",
        "1",
    ];
    let ended = run(&mut mainstay(arguments));
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stdout.ends_with(" x no connection\n"),
        "{}",
        ended.stdout
    );
}

#[test]
fn what_is_no_url_is_told_before_anything_is_asked() {
    let ended = run(&mut mainstay(["bench-load", "--url", "https://127.0.0.1"]));
    assert_eq!(ended.code, Some(2));
    let expected = "https://127.0.0.1: expected a URL such as http://127.0.0.1:4000";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}
