//! Lines and columns, whatever stands before them; and texts that are no RON.

use crate::support::{child_faults, faults};

#[test]
fn a_tab_and_a_letter_of_any_script_are_one_column() {
    assert_eq!(
        child_faults("\t\t(id: \"größe\", kind: \"dp\")"),
        "1:23: children[0].kind: unknown kind `dp`, did you mean `db`?",
    );
    assert_eq!(
        child_faults("/* 你好 🙂 */(id: \"a\", kind: \"dp\")"),
        "1:27: children[0].kind: unknown kind `dp`, did you mean `db`?",
    );
}

#[test]
fn lines_may_end_in_carriage_returns() {
    assert_eq!(
        faults("(\r\n\r\n  http: (\r\n    bnd: 1,\r\n  ),\r\n)"),
        "4:5: http.bnd: unknown field `bnd`, did you mean `bind`?",
    );
}

#[test]
fn comments_are_passed_over_nested_ones_too() {
    let text = "// (id: \"x\", \n/* a /* b \" */ ) */(http: /* ( */ (// [\nbnd: 1))";
    assert_eq!(
        faults(text),
        "3:1: http.bnd: unknown field `bnd`, did you mean `bind`?"
    );
}

#[test]
fn brackets_and_quotes_in_texts_are_text() {
    for token in [
        r##""(\")[{'//""##,
        r##"r"(\""##,
        r###"r##"("#)"##"###,
        "\"line\nbreak )\"",
    ] {
        let lines = token.matches('\n').count();
        let told = faults(&format!("(http: (token: {token}),\nshutdown: 1)"));
        let line = 2 + lines;
        assert_eq!(
            told,
            format!(
                "{line}:1: shutdown: unknown field `shutdown`, expected one of `namespaces`, `http`, `shutdown_deadline`, `watchdog`"
            ),
        );
    }
}

#[test]
fn a_byte_order_mark_takes_no_column() {
    assert_eq!(
        faults("\u{FEFF}(htp: ())"),
        "1:2: htp: unknown field `htp`, did you mean `http`?",
    );
}

#[test]
fn attributes_before_the_value_are_passed_over() {
    assert_eq!(
        faults("#![enable(implicit_some)]\n(htp: ())"),
        "2:2: htp: unknown field `htp`, did you mean `http`?",
    );
}

#[test]
fn an_explicit_some_and_struct_names_change_nothing() {
    assert_eq!(
        faults("NodeSpec(http: HttpSpec(token: Some(\"\")))"),
        "1:32: http.token: expected a token that is not empty",
    );
    assert_eq!(
        faults("(namespaces: [(name: \"n\", services: (config_server: Some((depth_max: 0))))])"),
        "1:70: namespaces[0].services.config_server.depth_max: expected 1 to 128, found 0",
    );
}

#[test]
fn elements_are_counted_as_they_are_written_though_one_before_is_broken() {
    assert_eq!(
        child_faults(
            "1,\n(id: \"a\", kind: \"db\"),\n2,\n(id: \"a\", kind: \"tick\", args: (every: \"1s\"))"
        ),
        "1:1: children[0]: expected a struct `(…)`, found 1\n\
         3:1: children[2]: expected a struct `(…)`, found 2\n\
         4:6: children[3].id: duplicate child id \"a\", first given at line 3\n\
         4:17: children[3].kind: unknown kind `tick`, expected one of `bytes`, `db`, `ticker`",
    );
}

#[test]
fn a_missing_comma_and_a_missing_value_are_told_beside_other_faults() {
    assert_eq!(
        faults("(\n  http: (bind: , token: \"\")\n  shutdown_deadline: \"0s\"\n)"),
        "2:10: http.bind: expected a value after `bind:`\n\
         2:25: http.token: expected a token that is not empty\n\
         3:3: http: expected `,` before this\n\
         3:22: shutdown_deadline: expected a deadline longer than zero",
    );
    assert_eq!(
        child_faults("(id: \"a\", kind: \"dp\") (id: \"a\" kind: \"db\")"),
        "1:17: children[0].kind: unknown kind `dp`, did you mean `db`?\n\
         1:23: children[0]: expected `,` before this\n\
         1:28: children[1].id: duplicate child id \"a\", first given at line 2\n\
         1:32: children[1].id: expected `,` before this",
    );
}

#[test]
fn brackets_that_do_not_match_are_told_with_where_they_were_opened() {
    assert_eq!(
        faults("(\n  namespaces: [\n    (name: \"a\"],\n)"),
        "3:15: namespaces[0]: expected `,` or the `)` for the `(` of line 3, found ']'",
    );
    assert_eq!(
        faults("(\n  namespaces: [\n    (name: \"a\"),\n"),
        "2:15: namespaces: this bracket is never closed, expected `]`",
    );
    assert_eq!(
        faults("())"),
        "1:3: expected the end of the file, found ')'"
    );
}

#[test]
fn what_never_ends_is_told_where_it_begins() {
    assert_eq!(
        faults("(http: (token: \"abc), \n)"),
        "1:16: http.token: this text is never closed",
    );
    assert_eq!(
        faults("(http: (token: r#\"abc\"), \n)"),
        "1:16: http.token: this text is never closed",
    );
    assert_eq!(faults("( /* /* */ )"), "1:3: this comment is never closed");
}

#[test]
fn other_slips_are_told_where_they_are() {
    assert_eq!(
        faults("(http (bind: 1))"),
        "1:2: expected a field `name: value`, found http (bind: 1)"
    );
    assert_eq!(
        faults("(http: ())  x"),
        "1:13: expected the end of the file, found 'x'"
    );
    assert_eq!(
        faults("(http: (), \"a\": 1)"),
        "1:12: expected a field name, found '\"'"
    );
    assert_eq!(
        faults("(http: @)"),
        "1:8: http: expected a value, found '@'"
    );
    assert_eq!(
        faults("(http: (), deadline = 1)"),
        "1:21: expected `:` after deadline, found '='",
    );
}

#[test]
fn bad_escapes_are_told_in_the_text_they_are_in() {
    assert_eq!(
        faults("(http: (token: \"a\\q\"), shutdown_deadline: \"0s\")"),
        "1:16: http.token: unknown escape character\n1:43: shutdown_deadline: expected a deadline longer than zero",
    );
}

#[test]
fn brackets_may_be_200_deep_and_no_deeper() {
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        child_faults(&format!(
            "(id: \"a\", kind: \"bytes\", args: {open}{close})"
        ))
    };
    assert_eq!(deep(196).lines().count(), 1);
    assert!(deep(196).contains("children[0].args"), "{}", deep(196));
    assert!(
        deep(197).contains("expected at most 200 brackets in each other"),
        "{}",
        deep(197)
    );
}

#[test]
fn mistakes_in_map_keys_are_told_of_the_map() {
    assert_eq!(
        child_faults("(id: \"a\", kind: \"db\", args: {(a: , b: 1 c: 2, b: 3): 1})"),
        "1:31: children[0].args: expected a value after `a:`\n\
         1:41: children[0].args: expected `,` before this\n\
         1:47: children[0].args: duplicate field `b`, first given at line 2\n\
         1:54: children[0].args[\"(a: , b: 1 c: 2, b: 3)\"]: unexpected char ','",
    );
}

#[test]
fn a_missing_comma_moves_nothing_that_comes_after_it() {
    assert_eq!(
        child_faults(
            "(id: \"a\", kind: \"ticker\", args: (every: \"1s\" times: -1)),\n(id: 5 kind: \"dp\")"
        ),
        "1:46: children[0].args.every: expected `,` before this\n\
         1:53: children[0].args.times: the number -1 is out of range\n\
         2:6: children[1].id: expected a text in quotes, found 5\n\
         2:8: children[1].id: expected `,` before this\n\
         2:14: children[1].kind: unknown kind `dp`, did you mean `db`?",
    );
}
