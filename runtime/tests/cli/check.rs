//! `mainstay check`.

use crate::mainstay::{Ended, file, mainstay, run};

fn check(path: &str) -> Ended {
    run(&mut mainstay(["check", path]))
}

#[test]
fn the_default_spec_is_fine() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/default.ron");
    let expected = Ended {
        code: Some(0),
        stdout: format!("{path}: ok, 1 namespace with 5 children, HTTP on 127.0.0.1:4000\n"),
        stderr: String::new(),
    };
    assert_eq!(check(path), expected);
}

#[test]
fn the_smallest_file_is_fine() {
    let path = file("smallest.ron", "(http: (enabled: false))");
    let path = path.to_str().unwrap();
    let expected = Ended {
        code: Some(0),
        stdout: format!("{path}: ok, 0 namespaces with 0 children, no HTTP\n"),
        stderr: String::new(),
    };
    assert_eq!(check(path), expected);
}

#[test]
fn all_faults_are_shown_with_their_lines() {
    let path = file(
        "faults.ron",
        r#"(
    namespaces: [(
        name: "production",
        children: [
            (id: "a", kind: "tikcer"),
            (id: "a", kind: "ticker", args: (every: "0s")),
        ],
    )],
    shutdown_deadline: "soon",
)
"#,
    );
    let path = path.to_str().unwrap();
    let expected = Ended {
        code: Some(2),
        stdout: String::new(),
        stderr: format!(
            r#"error: unknown kind `tikcer`, did you mean `ticker`?
 --> {path}:5:29 (namespaces[0].children[0].kind)
  |
5 |             (id: "a", kind: "tikcer"),
  |                             ^^^^^^^^

error: duplicate child id "a", first given at line 5
 --> {path}:6:18 (namespaces[0].children[1].id)
  |
6 |             (id: "a", kind: "ticker", args: (every: "0s")),
  |                  ^^^

error: every: expected a time longer than zero
 --> {path}:6:45 (namespaces[0].children[1].args)
  |
6 |             (id: "a", kind: "ticker", args: (every: "0s")),
  |                                             ^^^^^^^^^^^^^

error: expected a duration such as "250ms" or "5s", found "soon"
 --> {path}:9:24 (shutdown_deadline)
  |
9 |     shutdown_deadline: "soon",
  |                        ^^^^^^

4 faults in {path}
"#
        ),
    };
    assert_eq!(check(path), expected);
}

#[test]
fn what_only_the_node_knows_is_checked_too() {
    let path = file(
        "content.ron",
        r#"(
    namespaces: [
        (name: "app", services: (config_server: (initial: {1: "one"}))),
        (name: "http"),
    ],
)
"#,
    );
    let path = path.to_str().unwrap();
    let ended = check(path);
    assert_eq!(
        (ended.code, ended.stderr),
        (
            Some(2),
            format!(
                r#"error: expected a string as key, found an integer
 --> {path}:3:59 (namespaces[0].services.config_server.initial)
  |
3 |         (name: "app", services: (config_server: (initial: {{1: "one"}}))),
  |                                                           ^^^^^^^^^^

error: "http" is the tree of the HTTP server; expected another name
 --> {path}:4:16 (namespaces[1].name)
  |
4 |         (name: "http"),
  |                ^^^^^^

2 faults in {path}
"#
            )
        )
    );
}

#[test]
fn faults_of_circuit_breakers_are_shown_with_their_lines_and_columns() {
    let path = file(
        "breakers.ron",
        r#"(
    namespaces: [(name: "app", services: (circuit_breakers: (
        breakers: [
            (name: "db", config: (failure_threshold: 0)),
            (name: "db", config: (trip: (window: calls(10)))),
        ],
    )))],
)
"#,
    );
    let path = path.to_str().unwrap();
    let ended = check(path);
    let at = "namespaces[0].services.circuit_breakers.breakers";
    assert_eq!(
        (ended.code, ended.stderr),
        (
            Some(2),
            format!(
                r#"error: expected 1 to 10000, found 0
 --> {path}:4:54 ({at}[0].config.failure_threshold)
  |
4 |             (name: "db", config: (failure_threshold: 0)),
  |                                                      ^

error: duplicate breaker name "db", first given at line 4
 --> {path}:5:20 ({at}[1].name)
  |
5 |             (name: "db", config: (trip: (window: calls(10)))),
  |                    ^^^^

error: expected at least one rule, found none
 --> {path}:5:41 ({at}[1].config.trip)
  |
5 |             (name: "db", config: (trip: (window: calls(10)))),
  |                                         ^^^^^^^^^^^^^^^^^^^

3 faults in {path}
"#
            )
        )
    );
}

#[test]
fn faults_of_connection_pools_are_shown_with_their_lines_and_columns_and_without_passwords() {
    let path = file(
        "pools.ron",
        r#"(
    namespaces: [(name: "app", services: (
        circuit_breakers: (breakers: [(name: "db")]),
        connection_pools: (pools: [
            (name: "db", source: sqlite(path: "app.db"), config: (min_size: 20, breaker: "bd")),
            (name: "db", source: sqlite(path: ":memory:", busy_timeout: "1h")),
            (name: "cache", source: other(kind: "memcached")),
            (name: "pg", source: postgres(url: "mysql://shop:hush@db/shop")),
        ]),
    ))],
)
"#,
    );
    let path = path.to_str().unwrap();
    let ended = check(path);
    let at = "namespaces[0].services.connection_pools.pools";
    assert_eq!(
        (ended.code, ended.stderr),
        (
            Some(2),
            format!(
                r#"error: expected at most max_size, which is 10, found 20
 --> {path}:5:77 ({at}[0].config.min_size)
  |
5 | … e: "db", source: sqlite(path: "app.db"), config: (min_size: 20, breaker: "bd")),
  |                                                               ^^

error: unknown circuit breaker "bd", did you mean `db`?
 --> {path}:5:90 ({at}[0].config.breaker)
  |
5 | … ce: sqlite(path: "app.db"), config: (min_size: 20, breaker: "bd")),
  |                                                               ^^^^

error: duplicate pool name "db", first given at line 5
 --> {path}:6:20 ({at}[1].name)
  |
6 |             (name: "db", source: sqlite(path: ":memory:", busy_timeout: "1h")),
  |                    ^^^^

error: expected at most 10m, found 1h
 --> {path}:6:73 ({at}[1].source.busy_timeout)
  |
6 | … (name: "db", source: sqlite(path: ":memory:", busy_timeout: "1h")),
  |                                                               ^^^^

error: unknown kind of connection `memcached`, there are none
 --> {path}:7:49 ({at}[2].source.kind)
  |
7 |             (name: "cache", source: other(kind: "memcached")),
  |                                                 ^^^^^^^^^^^

error: expected postgres://host[:port][/database], found "mysql"
 --> {path}:8:48 ({at}[3].source.url)
  |
8 |             (name: "pg", source: postgres(url: "mysql://•••••••••@db/shop")),
  |                                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^

6 faults in {path}
"#
            )
        )
    );
}

#[test]
fn faults_of_a_memory_manager_are_shown_with_their_lines_and_columns() {
    let path = file(
        "memory.ron",
        r#"(
    namespaces: [(name: "app", services: (memory_manager: (
        warning_threshold: 0.9,
        high_threshold: 0.8,
        budget: 100,
        chek_interval: "1s",
    )))],
)
"#,
    );
    let path = path.to_str().unwrap();
    let ended = check(path);
    let at = "namespaces[0].services.memory_manager";
    assert_eq!(
        (ended.code, ended.stderr),
        (
            Some(2),
            format!(
                r#"error: expected less than high_threshold, which is 0.8, found 0.9
 --> {path}:3:28 ({at}.warning_threshold)
  |
3 |         warning_threshold: 0.9,
  |                            ^^^

error: expected at least 1048576 bytes, found 100
 --> {path}:5:17 ({at}.budget)
  |
5 |         budget: 100,
  |                 ^^^

error: unknown field `chek_interval`, did you mean `check_interval`?
 --> {path}:6:9 ({at}.chek_interval)
  |
6 |         chek_interval: "1s",
  |         ^^^^^^^^^^^^^

3 faults in {path}
"#
            )
        )
    );
}

#[test]
fn an_unreadable_file_is_told_in_one_line() {
    let path = file("gone.ron", "");
    std::fs::remove_file(&path).unwrap();
    let path = path.to_str().unwrap();
    let expected = Ended {
        code: Some(1),
        stdout: String::new(),
        stderr: format!("error: {path}: cannot be read: No such file or directory (os error 2)\n"),
    };
    assert_eq!(check(path), expected);
    assert_eq!(run(&mut mainstay(["run", path])), expected);
}

#[test]
fn a_folder_and_a_file_that_is_no_text_are_told_in_one_line() {
    let folder = check(env!("CARGO_TARGET_TMPDIR"));
    let why = format!(
        "error: {}: cannot be read: Is a directory (os error 21)\n",
        env!("CARGO_TARGET_TMPDIR")
    );
    assert_eq!((folder.code, folder.stderr), (Some(1), why));
    let path = file("binary.ron", b"(\n  \xFF)");
    let path = path.to_str().unwrap();
    let ended = check(path);
    let why = format!("error: {path}:2:3: expected UTF-8 text\n");
    assert_eq!((ended.code, ended.stderr), (Some(2), why));
}

#[test]
fn arguments_that_make_no_sense_are_told() {
    let ended = run(&mut mainstay(["check"]));
    assert_eq!(ended.code, Some(2));
    assert!(
        ended
            .stderr
            .starts_with("error: the following required arguments were not provided:")
    );
    let ended = run(&mut mainstay(["--bind", "nowhere"]));
    assert_eq!(ended.code, Some(2));
    assert!(
        ended
            .stderr
            .starts_with("error: invalid value 'nowhere' for '--bind <ADDR>'")
    );
}

#[test]
fn faults_of_protections_are_shown_with_their_lines() {
    let path = file(
        "protections.ron",
        r#"(namespaces: [(name: "n", services: (protections: (operations: [
    (name: "orders", config: (deadline: "0s", circuit: "db")),
    (name: "orders", config: (rate_limit: (limiter: "api", cost: 0))),
])))], http: (enabled: false))
"#,
    );
    let path = path.to_str().unwrap();
    let ended = check(path);
    assert_eq!(ended.code, Some(2));
    let places: Vec<_> = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: ") || line.starts_with(" --> "))
        .collect();
    let at = |place: &str| format!(" --> {path}:{place}");
    assert_eq!(
        places,
        [
            "error: expected 1ms to 24h, found 0s",
            &at("2:41 (namespaces[0].services.protections.operations[0].config.deadline)"),
            "error: duplicate operation name \"orders\", first given at line 2",
            &at("3:12 (namespaces[0].services.protections.operations[1].name)"),
            "error: expected at least 1, found 0",
            &at("3:66 (namespaces[0].services.protections.operations[1].config.rate_limit.cost)"),
        ]
    );
}

#[test]
fn an_event_store_that_this_program_cannot_reach_is_told_of_before_it_boots() {
    use mainstay::specs::{EventBackendSpec, EventStoreSpec};

    let backend = "postgres(url: \"postgres://ada:hush@db/x?sslmode=require\")";
    let path = file(
        "store.ron",
        format!(
            "(\n    namespaces: [(name: \"app\", services: (event_store: (\n        backend: {backend},\n    )))],\n)\n"
        ),
    );
    let path = path.to_str().unwrap();
    // Without PostgreSQL it is that; with it, that the connection would have to be encrypted.
    let spec = EventStoreSpec::memory().backend(EventBackendSpec::postgres(
        "postgres://ada:hush@db/x?sslmode=require",
    ));
    let wrong = mainstay_actors::EventStore::check_spec(&spec).unwrap_err();
    let ended = check(path);
    assert_eq!(ended.code, Some(2));
    let first: Vec<&str> = ended.stderr.lines().take(2).collect();
    assert_eq!(
        first,
        [
            format!("error: {wrong}"),
            format!(" --> {path}:3:18 (namespaces[0].services.event_store.backend)"),
        ]
    );
    assert!(
        ended.stderr.ends_with(&format!("1 fault in {path}\n")),
        "{}",
        ended.stderr
    );
    assert!(!wrong.to_string().contains("hush"), "{wrong}");
    assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
}
