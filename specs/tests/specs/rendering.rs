//! Faults as a person sees them.

use mainstay_specs::{Fault, Faults, NodeSpec, Position, SpecPath};

use crate::support::kinds;

fn rendered(text: &str) -> String {
    NodeSpec::from_ron(text, &kinds())
        .expect_err("faults")
        .render("node.ron", text)
}

#[test]
fn faults_are_shown_with_their_line_and_underlined() {
    let text = "(\n  namespaces: [\n    (name: \"größe\", colour: 1),\n  ],\n  shutdown_deadline: \"0s\",\n)\n";
    assert_eq!(
        rendered(text),
        "\
error: unknown field `colour`, expected one of `name`, `supervisor`, `root_limit`, `services`, `children`
 --> node.ron:3:21 (namespaces[0].colour)
  |
3 |     (name: \"größe\", colour: 1),
  |                     ^^^^^^

error: expected a deadline longer than zero
 --> node.ron:5:22 (shutdown_deadline)
  |
5 |   shutdown_deadline: \"0s\",
  |                      ^^^^

2 faults in node.ron
"
    );
}

#[test]
fn tabs_are_widened_and_the_underline_with_them() {
    assert_eq!(
        rendered("(\n\t\thttp:\t[\t],\r\n)"),
        "\
error: expected a struct `(…)`, found a list
 --> node.ron:2:9 (http)
  |
2 |         http:    [    ],
  |                  ^^^^^^

1 fault in node.ron
"
    );
}

#[test]
fn of_a_long_line_only_the_part_around_the_fault_is_shown() {
    let padding = "/* padding */ ".repeat(1000);
    let shown = rendered(&format!("({padding}http: 5, {padding})"));
    let widest = shown.lines().map(|line| line.chars().count()).max();
    assert!(widest < Some(140), "{shown}");
    assert!(shown.contains("http: 5, /* padding */"), "{shown}");
}

#[test]
fn an_unclosed_bracket_is_shown_where_it_was_opened() {
    assert_eq!(
        rendered("(http: (bind: \"127.0.0.1:1\""),
        "\
error: this bracket is never closed, expected `)`
 --> node.ron:1:8 (http)
  |
1 | (http: (bind: \"127.0.0.1:1\"
  |        ^

1 fault in node.ron
"
    );
}

#[test]
fn faults_without_a_place_or_with_one_outside_the_text_are_shown_all_the_same() {
    let faults = Faults::from_list(vec![
        Fault::new("one").at(SpecPath::root().field("a")),
        Fault::new("two").positioned(Position { line: 9, column: 9 }, 3),
    ]);
    assert_eq!(
        faults.expect("two faults").render("x.ron", "short"),
        "\
error: two
 --> x.ron:9:9

error: one
  --> x.ron (a)

2 faults in x.ron
"
    );
}
