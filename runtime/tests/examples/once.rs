//! Those that run to their end.

use crate::example::{example, folder, printed};

const LAST_LINES: [&str; 4] = [
    "400 lines: 397 stored, 3 malformed, 0 missing, 0 twice",
    r#"line 97: expected a status, found "2oo""#,
    r#"line 233: expected a request in quotes, found "\"GET /orders""#,
    "line 310: expected a host, found the end of the line",
];

/// What fails in the ingest, and which process of the event store is killed.
fn failures(store: &str) -> [String; 4] {
    [
        "ingest has ended: failed: the disk is loose (line 81)".to_owned(),
        "ingest has ended: panicked: a line too many (161) at".to_owned(),
        "ingest has ended: killed".to_owned(),
        format!("{store} has ended: killed"),
    ]
}

/// The lines, without the place of a panic.
fn without_place(lines: &[String]) -> Vec<String> {
    without_times(lines, " at")
}

#[test]
fn an_ingest_that_fails_in_every_way_stores_each_line_once() {
    let lines = without_place(&printed(&mut example("ingest")));
    let (failed, rest) = lines.split_at(4);
    assert_eq!(failed, failures("event_store"));
    assert_eq!(rest, LAST_LINES);
}

#[test]
fn an_ingest_into_a_database_goes_on_where_the_last_run_ended() {
    let log = folder().join("access.log");
    let (sample, store) = (
        include_str!("../../examples/ingest/access.log"),
        folder().join("ingest.db"),
    );
    let mut command = example("ingest");
    command.arg(&log).arg(&store);

    std::fs::write(&log, sample).unwrap();
    let lines = without_place(&printed(&mut command));
    assert_eq!(lines[..4], failures("keeper"));
    assert_eq!(lines[4..], LAST_LINES);

    // Nothing is left to be done, and so nothing fails.
    assert_eq!(printed(&mut command), LAST_LINES);
    let more = "203.0.113.5 - - [11/Oct/2026:08:00:00 +0000] \"GET / HTTP/1.1\" 200 12\n";
    std::fs::write(&log, format!("{sample}{more}")).unwrap();
    let first = "401 lines: 398 stored, 3 malformed, 0 missing, 0 twice";
    assert_eq!(
        without_place(&printed(&mut command))[..2],
        [
            "ingest has ended: failed: the disk is loose (line 401)",
            "ingest has ended: panicked: a line too many (401) at"
        ]
    );
    assert_eq!(printed(&mut command)[0], first);
}

#[test]
fn an_ingest_of_a_file_that_is_not_there_says_so() {
    let output = example("ingest").arg("nowhere.log").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = "Error: \"cannot read nowhere.log: No such file or directory (os error 2)\"\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), error);
}

#[test]
fn actors_of_one_s_own_live_in_namespaces_that_do_not_know_each_other() {
    let lines = [
        "north: sold, 1 left",
        "south: sold, 11 left",
        "north: the stock has ended, failed: broken",
        "north: the till has ended, shutdown",
        "north: sold, 1 left",
        "north: sold, 0 left",
        "north: sold out",
        "south: sold, 10 left",
        "stopped, 0 killed",
    ];
    assert_eq!(printed(&mut example("own_actors")), lines);
}

/// The lines, without how long something took or is to be waited for.
fn without_times(lines: &[String], after: &str) -> Vec<String> {
    let cut = |line: &String| match line.split_once(after) {
        Some((text, _)) => format!("{text}{after}"),
        None => line.clone(),
    };
    lines.iter().map(cut).collect()
}

#[test]
fn a_circuit_breaker_opens_and_closes() {
    let lines = without_times(&printed(&mut example("circuit_breaker")), "come back in ");
    let expected = [
        "answer 42",
        "called: no connection",
        "called: no connection",
        "called: no connection",
        "not called: the circuit db is open, come back in ",
        "answer 42",
        "answer 42",
        "db: closed to open, as 3 failures within the window",
        "db: open to half_open, as it has refused for long enough",
        "db: half_open to closed, as enough probes succeeded",
        "3 succeeded, 3 failed, 1 refused",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn connections_are_lent_and_come_back() {
    let lines = without_times(
        &printed(&mut example("connection_pool")),
        "not lent: no connection of the pool stock within ",
    );
    let expected = [
        "12 cups",
        "sold out, and then not: true",
        "12 cups",
        "the worker has ended, 0 leases are left",
        "not lent: no connection of the pool stock within ",
        "there may be one connection from now on",
        "12 cups",
        "lent 7 times, opened 3, 1 of them open",
    ];
    assert_eq!(lines, expected);
}
