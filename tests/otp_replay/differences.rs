//! That the replay sees whatever is not as recorded: each test changes one thing in one trace.

use std::ffi::OsString;
use std::fs;

use mainstay_tests::replay::command::{DIFFERENT, run};
use serde_json::{Value, json};

use crate::{TRACES, folder_with};

/// This trace, as recorded.
fn trace(file: &str, name: &str) -> Value {
    let text = fs::read_to_string(format!("{TRACES}/{file}.jsonl")).expect("the trace is there");
    let scenarios = text.lines().map(serde_json::from_str::<Value>);
    let mut scenarios = scenarios.map(|scenario| scenario.expect("the trace is JSON"));
    let found = scenarios.find(|scenario: &Value| scenario["name"] == name);
    found.expect("the trace is in the file")
}

/// What is told of `so_args` once this part of it has been changed.
fn told_of_changed(part: &str, change: Value) -> String {
    told_of("simple_one_for_one", "so_args", part, change)
}

fn told_of(file: &str, name: &str, part: &str, change: Value) -> String {
    let mut scenario = trace(file, name);
    let place = scenario.pointer_mut(part).expect("the trace has that part");
    assert_ne!(*place, change, "nothing is changed");
    *place = change;
    let test = format!("{name}{}", part.replace('/', "_"));
    let folder = folder_with(&test, &[scenario.to_string()]);
    let arguments = [OsString::from("otp-replay"), folder.into()];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert_eq!(run(arguments, &mut out, &mut err), DIFFERENT);
    assert_eq!(String::from_utf8_lossy(&err), "");
    let told = String::from_utf8(out).expect("all is text");
    // Without the place and the description of the scenario.
    let lines: Vec<&str> = told.lines().skip(2).map(str::trim_start).collect();
    lines.join("\n")
}

#[test]
fn another_result_is_a_difference() {
    let told = told_of_changed("/steps/8/expect/result/counts/1", json!(2));
    let expected = r#"step 8: {"op":"count_children","sup":"root"}
result differs
expected: {"counts":[1,2,0,3]}
got:      {"counts":[1,3,0,3]}
0 passed, 1 failed, 0 skipped"#;
    assert_eq!(told, expected);
}

#[test]
fn other_arguments_of_a_restart_are_a_difference() {
    let told = told_of_changed("/steps/5/expect/events/1/3/2", json!("y"));
    let expected = r#"step 5: {"op":"exit_child","path":"root/k1","reason":"error:boom"}
event 1 differs
expected: ["started","root/k1",2,["base","two","y"]]
got:      ["started","root/k1",2,["base","two","x"]]
0 passed, 1 failed, 0 skipped"#;
    assert_eq!(told, expected);
}

#[test]
fn a_report_of_another_child_is_a_difference() {
    let told = told_of_changed("/steps/5/expect/reports/0/2", json!("k2"));
    let expected = r#"step 5: {"op":"exit_child","path":"root/k1","reason":"error:boom"}
report differs
expected: ["child_terminated","root","k2","error:boom"]
got:      only ["child_terminated","root","k1","error:boom"]
0 passed, 1 failed, 0 skipped"#;
    assert_eq!(told, expected);
}

#[test]
fn another_tree_is_a_difference() {
    let told = told_of_changed("/steps/5/expect/tree/0/children/2/0", json!("k4"));
    let expected = r#"step 5: {"op":"exit_child","path":"root/k1","reason":"error:boom"}
node root: children differs
expected: [["k1","alive",2,"worker"],["k2","alive",1,"worker"],["k4","alive",1,"worker"]]
got:      [["k1","alive",2,"worker"],["k2","alive",1,"worker"],["k3","alive",1,"worker"]]
0 passed, 1 failed, 0 skipped"#;
    assert_eq!(told, expected);
}

#[test]
fn another_end_of_the_root_is_a_difference() {
    let told = told_of_changed("/steps/9/expect/root_state/exited", json!("normal"));
    let expected = r#"step 9: {"op":"parent_exit","reason":"shutdown"}
root_state differs
expected: {"exited":"normal"}
got:      {"exited":"shutdown"}
0 passed, 1 failed, 0 skipped"#;
    assert_eq!(told, expected);
}

#[test]
fn other_templates_are_a_difference() {
    let part = "/steps/0/expect/result/error/1/list/1/spec";
    let told = told_of("simple_one_for_one", "so_two_templates", part, json!("c"));
    let expected = r#"step 0: {"op":"start"}
result differs
expected: {"error":["bad_start_spec",{"list":[{"spec":"a"},{"spec":"c"}]}]}
got:      {"error":["bad_start_spec",{"list":[{"spec":"a"},{"spec":"b"}]}]}
0 passed, 1 failed, 0 skipped"#;
    assert_eq!(told, expected);
}

#[test]
fn an_update_that_is_not_refused_is_a_difference() {
    let part = "/steps/2/expect/result";
    let told = told_of("registry", "rg_d_update_refused", part, json!("error"));
    let expected = r#"step 2: {"add":1,"key":"a","op":"update_value","proc":"p1"}
result differs
expected: "error"
got:      {"raised":true}
0 passed, 1 failed, 0 skipped"#;
    assert_eq!(told, expected);
}
