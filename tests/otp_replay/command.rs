//! The command: its exit codes, and what it tells where.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use mainstay_tests::replay::command::{AS_RECORDED, DIFFERENT, NOT_REPLAYED, run};
use serde_json::json;

use crate::{TRACES, folder_with};

/// What the command came to.
struct Outcome {
    code: u8,
    out: String,
    err: String,
}

fn command(arguments: &[&str]) -> Outcome {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let name = ["otp-replay"];
    let arguments = name.iter().chain(arguments).map(OsString::from);
    let code = run(arguments, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).expect("all is text");
    Outcome {
        code,
        out: text(out),
        err: text(err),
    }
}

/// A supervisor without children whose start has this result.
fn scenario(name: &str, result: &str, tags: &[&str]) -> String {
    let step = json!({"do": {"op": "start"}, "expect": {
        "result": {result: {"path": "root", "n": 1}}, "root_state": "alive",
        "events": [["started", "root", 1]],
        "tree": [{"sup": "root", "n": 1, "children": [], "counts": [0, 0, 0, 0]}],
    }});
    json!({"name": name, "theme": "t", "origin": "hand", "doc": "d", "tags": tags,
        "root": {}, "steps": [step]})
    .to_string()
}

fn as_text(path: &Path) -> &str {
    path.to_str().expect("the build folder is text")
}

#[test]
fn zero_says_that_all_is_as_recorded_and_the_last_line_how_much() {
    let lines = [scenario("a", "ok", &[]), scenario("b", "ok", &[])];
    let folder = folder_with("as_recorded", &lines);
    let outcome = command(&[as_text(&folder)]);
    assert_eq!(outcome.code, AS_RECORDED);
    assert_eq!(outcome.out, "2 passed, 0 failed, 0 skipped\n");
    assert_eq!(outcome.err, "");
}

#[test]
fn one_says_that_something_is_not_as_recorded() {
    let lines = [
        scenario("a", "ok", &[]),
        scenario("b", "error", &[]),
        scenario("c", "error", &["otp25_bug"]),
    ];
    let folder = folder_with("different", &lines);
    let outcome = command(&[as_text(&folder)]);
    assert_eq!(outcome.code, DIFFERENT);
    let file = folder.join("scenarios.jsonl");
    let expected = r#"FAILED: b (FILE)
  d
  step 0: {"op":"start"}
  result differs
    expected: {"error":{"n":1,"path":"root"}}
    got:      {"ok":{"n":1,"path":"root"}}
skipped: c: a defect of OTP 25 that we do not have: step 0: result differs;  expected: {"error":{"n":1,"path":"root"}};  got:      {"ok":{"n":1,"path":"root"}}
1 passed, 1 failed, 1 skipped
"#;
    assert_eq!(outcome.out, expected.replace("FILE", as_text(&file)));
    assert_eq!(outcome.err, "");
}

#[test]
fn only_the_scenario_of_a_name_is_replayed_on_demand() {
    let lines = [scenario("a", "ok", &[]), scenario("b", "error", &[])];
    let folder = folder_with("only", &lines);
    let outcome = command(&[as_text(&folder), "--only", "a", "--jobs", "1"]);
    assert_eq!(outcome.code, AS_RECORDED);
    assert_eq!(outcome.out, "1 passed, 0 failed, 0 skipped\n");
}

#[test]
fn two_says_that_there_is_nothing_to_compare_with() {
    let malformed = folder_with("malformed", &["{}".to_owned()]);
    let empty = folder_with("empty", &[]);
    let gone = empty.join("gone");
    let [malformed, empty, gone] = [&malformed, &empty, &gone].map(|folder| as_text(folder));
    let refused = |arguments: &[&str]| {
        let Outcome { code, out, err } = command(arguments);
        assert_eq!((code, out.as_str()), (NOT_REPLAYED, ""));
        err
    };
    assert_eq!(
        refused(&[gone]),
        format!("otp-replay: {gone}: No such file or directory (os error 2)\n")
    );
    assert_eq!(
        refused(&[empty]),
        format!("otp-replay: {empty}: expected scenarios in *.jsonl files, found none\n")
    );
    assert_eq!(
        refused(&[TRACES, malformed]),
        format!(
            "otp-replay: {malformed}/scenarios.jsonl:1: missing field `name` at line 1 column 2\n"
        )
    );
    assert_eq!(
        refused(&[TRACES, "--only", "nobody"]),
        "otp-replay: no scenario is called \"nobody\"\n"
    );
}

#[test]
fn two_says_that_the_command_line_is_wrong() {
    for (arguments, told) in [
        (
            &[][..],
            "error: the following required arguments were not provided",
        ),
        (
            &[TRACES, "--jobs", "0"],
            "expected a number from 1, found \"0\"",
        ),
        (
            &[TRACES, "--colour"],
            "error: unexpected argument '--colour' found",
        ),
    ] {
        let outcome = command(arguments);
        assert_eq!((outcome.code, outcome.out.as_str()), (NOT_REPLAYED, ""));
        assert!(outcome.err.contains(told), "{}", outcome.err);
    }
}

#[test]
fn help_is_no_fault() {
    let outcome = command(&["--help"]);
    assert_eq!((outcome.code, outcome.err.as_str()), (AS_RECORDED, ""));
    assert!(outcome.out.contains("Usage: otp-replay"), "{}", outcome.out);
}

/// A reader that has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn two_says_that_nobody_hears_the_outcome() {
    let folder = folder_with("unheard", &[scenario("a", "ok", &[])]);
    let arguments = [OsString::from("otp-replay"), folder.into()];
    let mut err = Vec::new();
    assert_eq!(run(arguments, &mut Closed, &mut err), NOT_REPLAYED);
    let told = "otp-replay: the outcome cannot be written: broken pipe\n";
    assert_eq!(String::from_utf8_lossy(&err), told);
}
