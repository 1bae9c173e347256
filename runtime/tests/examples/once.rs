//! Those that run to their end.

use crate::common::Ended;
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
        include_bytes!("../../examples/ingest/access.log"),
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
    std::fs::write(&log, [sample, more.as_bytes()].concat()).unwrap();
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
fn an_ingest_keeps_lines_that_are_no_text_and_lines_without_end_as_far_as_they_go() {
    let log = folder().join("odd.log");
    let mut lines = b"192.0.2.1 - - [now] \"GET /caf\xe9 HTTP/1.1\" 200 1\n".to_vec();
    lines.extend(b"192.0.2.1 - - [now] \"GET /");
    lines.resize(2 << 20, b'a');
    lines.extend(b" HTTP/1.1\" 200 1\r\n192.0.2.1 - - [now] \"GET / HTTP/1.1\" 200 1\r\n");
    lines.resize(lines.len() + 16 * 1024, b'b');
    lines.push(b'\n');
    lines.resize(lines.len() + 16 * 1024 + 1, b'c');
    std::fs::write(&log, lines).unwrap();
    let lines = printed(example("ingest").arg(&log));
    let told = &lines[lines.len() - 4..];
    let expected = [
        "5 lines: 2 stored, 3 malformed, 0 missing, 0 twice",
        "line 2: expected at most 16384 bytes, found more",
        "line 4: expected an identity or -, found the end of the line",
        "line 5: expected at most 16384 bytes, found more",
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_ingest_that_fails_too_often_says_so_and_ends_with_1() {
    // It is by the name of the file that its events are found, and a name of theirs is not that long.
    let log = folder().join("a".repeat(200));
    std::fs::write(&log, "\n".repeat(10)).unwrap();
    let ended = Ended::of(example("ingest").arg(&log));
    let why = "Error: \"the ingest has failed too often\"\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), why));
    let failed =
        "ingest has ended: failed: the name of the file: expected at most 128 bytes, found 200";
    assert_eq!(ended.stdout.lines().next(), Some(failed));
}

#[test]
fn an_ingest_of_a_file_that_is_not_there_says_so() {
    let ended = Ended::of(example("ingest").arg("nowhere.log"));
    let why = "Error: \"cannot read nowhere.log: No such file or directory (os error 2)\"\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), why));
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

/// How often it lets through depends on how long the calls take. What it says of it fits together.
#[test]
fn a_rate_limiter_refuses_what_is_too_much_and_has_counted_every_call() {
    let lines = printed(&mut example("rate_limiter"));
    let let_through = |lines: &[String]| {
        let found = lines.iter().take_while(|line| *line == "ada finds a cup");
        found.count()
    };
    let first = let_through(&lines);
    let again = let_through(&lines[first + 6..]);
    let number = |line: &str| -> usize { line.split(' ').find_map(|it| it.parse().ok()).unwrap() };
    let (waited, both) = (number(&lines[first + 2]), number(&lines[first + 3]));
    assert!(first >= 3 && again >= 3 && both >= 3);
    // Four tokens, of which no more than three can have been saved up.
    assert!(waited >= 100);

    let found = "ada finds a cup".to_owned();
    let refused = "not called: the rate limit search is reached, come back in ".to_owned();
    let mut expected = vec![found.clone(); first];
    expected.extend([
        refused.clone(),
        "ada has it all, and ada has it all".to_owned(),
        format!("after {waited} ms"),
        format!("{both} of 5 calls were let through by both"),
        format!("{} are left for all", 60 - both),
        "the limit was changed while it was in use".to_owned(),
    ]);
    expected.extend(vec![found; again]);
    let (taken, not_taken) = (first + 2 + both + again, 2 + 5 - both);
    expected.extend([
        refused,
        format!("all: {both} let through, 0 refused, "),
        format!("search: {taken} let through, {not_taken} refused, "),
    ]);
    let lines = without_times(&lines, "come back in ");
    assert_eq!(without_times(&lines, " refused, "), expected);
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
