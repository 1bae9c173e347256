//! `mainstay bench-load`.

use std::net::TcpListener;

use crate::common::Process;
use crate::mainstay::{Ended, Running, file, mainstay, run};

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
    assert_eq!(lines.len(), 4, "{}", ended.stdout);
    for (line, path) in lines[1..].iter().zip(["/livez", "/nowhere"]) {
        assert_eq!(line[0], path);
        assert_ne!(line[1], "0", "{}", ended.stdout);
        assert_eq!(line[6..], ["0", "0"], "{}", ended.stdout);
    }
    // What is no success is told of, also where it is no failure.
    assert_eq!(lines[3], [lines[2][5], "x", "404", "Not", "Found"]);
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
}

/// What comes of a second of load, by one connection.
fn by_one_for_a_second(url: &str) -> Ended {
    let load = ["bench-load", "--url", url, "--seconds", "1"];
    let alone = ["--connections", "1"];
    run(&mut mainstay(load.into_iter().chain(alone)))
}

#[test]
fn where_no_node_is_every_connection_fails_and_it_ends_with_1() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let ended = by_one_for_a_second(&url);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stdout.ends_with(" x no connection\n"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_connection_that_is_closed_without_an_answer_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // It takes connections for as long as the test lasts, and closes them.
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let ended = by_one_for_a_second(&url);
    assert_eq!(ended.code, Some(1));
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let counts: Vec<&str> = lines[1].split_whitespace().skip(5).collect();
    assert_eq!(counts[..2], ["0", "0"], "{}", ended.stdout);
    let broken = format!("  {} x broken off", counts[2]);
    assert_eq!(lines[2..], [broken.as_str()]);
    // There is a pause of 20 ms after each.
    let failed: u64 = counts[2].parse().unwrap();
    assert!((1..=50).contains(&failed), "{failed}");
}

#[test]
fn a_signal_ends_it_before_its_time_and_what_there_is_is_told() {
    let path = file("bench-load-signal.ron", r#"(http: (bind: "127.0.0.1:0"))"#);
    let mut node = Running::start(["run", path.to_str().unwrap()]);
    node.line();
    let url = node.url();
    let mut load = Process::start(&mut mainstay([
        "bench-load",
        "--url",
        &url,
        "--seconds",
        "3600",
        "--path",
        "/livez",
        "--path",
        "/readyz",
    ]));
    assert!(load.stdout.next().unwrap().starts_with("path "));
    load.signal("INT");
    assert!(load.stdout.next().unwrap().starts_with("/livez "));
    assert_eq!(load.stdout.next(), None);
    assert_eq!(
        load.stderr.next().as_deref(),
        Some("SIGINT: ended before its time")
    );
    assert_eq!(load.code(), Some(130));
    node.signal("TERM");
    assert_eq!(node.ended().0, Some(0));
}

/// What it says, having asked nothing.
fn refused<'a>(args: impl IntoIterator<Item = &'a str>) -> String {
    let ended = run(&mut mainstay(["bench-load"].into_iter().chain(args)));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    ended.stderr
}

#[test]
fn what_is_no_url_is_told_before_anything_is_asked() {
    for url in [
        "https://127.0.0.1",
        "http://",
        "http://:4000",
        "http://a b",
        "",
    ] {
        let why = format!("error: {url}: expected a URL such as http://127.0.0.1:4000\n");
        assert_eq!(refused(["--url", url]), why);
    }
}

#[test]
fn what_is_no_path_is_told_before_anything_is_asked() {
    for path in ["a b", "/a b", "livez", "http://elsewhere/livez", ""] {
        let why = format!("error: {path:?}: expected a path such as /api/config\n");
        assert_eq!(refused(["--path", "/livez", "--path", path]), why);
    }
}
