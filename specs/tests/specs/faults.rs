//! Every class of fault, with its exact text.

use crate::support::{child_faults, faults, supervised_faults};

#[test]
fn a_good_file_has_no_faults() {
    let text = r#"
        (
          namespaces: [
            ( name: "production",
              supervisor: (strategy: one_for_one, intensity: 3, period: "5s"),
              services: ( config_server: ( initial: {"a": 1}, file: "config.ron" ) ),
              children: [
                ( id: "db", kind: "db" ),
                ( id: "ticker", kind: "ticker", args: (every: "1s"), restart: transient,
                  shutdown: timeout("5s"), significant: false, depends_on: ["db"], backoff: (min: "100ms") ),
                ( id: "pool", supervisor: (strategy: one_for_all, intensity: 3, period: "5s"), children: [] ),
              ] ),
          ],
          http: ( bind: "127.0.0.1:4000", token: "secret" ),
          shutdown_deadline: "30s",
        )"#;
    assert_eq!(faults(text), "");
    assert_eq!(faults("()"), "");
}

#[test]
fn unknown_fields_are_told_with_the_nearest_known_one() {
    assert_eq!(
        child_faults("(id: \"a\", kind: \"db\", restrat: transient, colour: 3)"),
        "1:23: children[0].restrat: unknown field `restrat`, did you mean `restart`?\n\
         1:43: children[0].colour: unknown field `colour`, expected one of `id`, `kind`, `args`, `supervisor`, \
         `children`, `restart`, `shutdown`, `type`, `significant`, `depends_on`, `name`, `mailbox_limit`, `backoff`",
    );
}

// A misspelt field beside the right one hid everything inside the right one.
#[test]
fn a_misspelt_field_hides_nothing_of_the_right_one_beside_it() {
    let text =
        "(namespaces: [(name: \"n\", childrn: [], children: [(id: \"x\", kind: \"tickr\")])])";
    assert_eq!(
        faults(text),
        "1:27: namespaces[0].childrn: unknown field `childrn`, did you mean `children`?\n\
         1:67: namespaces[0].children[0].kind: unknown kind `tickr`, did you mean `ticker`?",
    );
}

#[test]
fn values_of_a_wrong_type_are_told_with_what_was_expected_and_found() {
    assert_eq!(
        supervised_faults(
            "(intensity: \"3\", period: 5)",
            "(id: 1, kind: [], args: (), significant: yes, depends_on: \"a\", backoff: 3),",
        ),
        "0:47: supervisor.intensity: expected a whole number, found \"3\"\n\
         0:60: supervisor.period: expected a text in quotes, found 5\n\
         1:6: children[0].id: expected a text in quotes, found 1\n\
         1:15: children[0].kind: expected a text in quotes, found a list\n\
         1:42: children[0].significant: expected `true` or `false`, found yes\n\
         1:59: children[0].depends_on: expected a list `[…]`, found \"a\"\n\
         1:73: children[0].backoff: expected a struct `(…)`, found 3",
    );
}

#[test]
fn numbers_that_do_not_fit_are_told() {
    assert_eq!(
        supervised_faults("(intensity: -1)", ""),
        "0:47: supervisor.intensity: the number -1 is out of range",
    );
    assert_eq!(
        supervised_faults("(intensity: 99999999999)", ""),
        "0:47: supervisor.intensity: the number 99999999999 is out of range",
    );
    assert_eq!(
        supervised_faults("(intensity: 1.5)", ""),
        "0:47: supervisor.intensity: expected a whole number, found 1.5",
    );
}

#[test]
fn names_of_choices_are_told_with_the_choices() {
    assert_eq!(
        child_faults(
            "(id: \"a\", kind: \"db\", restart: sometimes, shutdown: \"5s\"),\n\
             (id: \"b\", kind: \"db\", restart: \"transient\", shutdown: timeot(\"5s\")),"
        ),
        "1:32: children[0].restart: unknown value `sometimes`, expected one of `permanent`, `transient`, `temporary`\n\
         1:53: children[0].shutdown: expected one of `brutal_kill`, `timeout`, `infinity`, found \"5s\"\n\
         2:32: children[1].restart: expected one of `permanent`, `transient`, `temporary`, found \"transient\"\n\
         2:55: children[1].shutdown: unknown value `timeot`, did you mean `timeout`?",
    );
}

#[test]
fn choices_with_and_without_a_value_are_not_mixed_up() {
    assert_eq!(
        child_faults(
            "(id: \"a\", kind: \"db\", restart: transient(1), shutdown: timeout ),\n\
             (id: \"b\", kind: \"db\", shutdown: timeout(\"1s\", 2)),\n\
             (id: \"c\", kind: \"db\", shutdown: timeout)"
        ),
        "1:32: children[0].restart: expected a value without brackets, found transient(1)\n\
         1:56: children[0].shutdown: expected a value in brackets after `timeout`\n\
         2:33: children[1].shutdown: expected one value in brackets, found timeout(\"1s\", 2)\n\
         3:33: children[2].shutdown: expected a value in brackets after `timeout`",
    );
}

#[test]
fn texts_that_are_no_names_durations_or_addresses_are_told() {
    assert_eq!(
        child_faults("(id: \"a/b\", kind: \"db\", shutdown: timeout(\"5 parsecs\"))"),
        "1:6: children[0].id: expected no '/', no control character and no white space at either end, found \"a/b\"\n\
         1:43: children[0].shutdown: expected a duration such as \"250ms\" or \"5s\", found \"5 parsecs\"",
    );
    assert_eq!(
        faults("(http: (bind: \"localhost\"))"),
        "1:15: http.bind: expected an address such as \"127.0.0.1:4000\", found \"localhost\"",
    );
}

#[test]
fn missing_and_duplicate_fields_are_told() {
    assert_eq!(
        faults(
            "(\n  namespaces: [(children: [(kind: \"db\"), (id: \"a\", kind: \"db\", id: \"b\")])],\n  namespaces: [],\n)"
        ),
        "2:16: namespaces[0]: missing field `name`\n\
         2:28: namespaces[0].children[0]: missing field `id`\n\
         2:64: namespaces[0].children[1].id: duplicate field `id`, first given at line 2\n\
         3:3: namespaces: duplicate field `namespaces`, first given at line 2",
    );
}

#[test]
fn duplicate_ids_and_names_are_told_with_where_they_were_first() {
    assert_eq!(
        child_faults(
            "(id: \"a\", kind: \"db\"),\n(id: \"b\", kind: \"db\"),\n(id: \"a\", kind: \"db\"),"
        ),
        "3:6: children[2].id: duplicate child id \"a\", first given at line 2",
    );
    assert_eq!(
        faults("(namespaces: [\n(name: \"a\"),\n(name: \"a\"),\n])"),
        "3:8: namespaces[1].name: duplicate namespace name \"a\", first given at line 2",
    );
    let nested = "(id: \"p\", supervisor: (), children: [(id: \"p\", kind: \"db\")])";
    assert_eq!(
        child_faults(nested),
        "",
        "the same id under another supervisor"
    );
}

#[test]
fn a_significant_child_needs_a_supervisor_that_minds_and_must_not_be_permanent() {
    assert_eq!(
        supervised_faults(
            "(auto_shutdown: any_significant)",
            "(id: \"a\", kind: \"db\", significant: true)",
        ),
        "1:36: children[0].significant: expected a transient or temporary child to be significant, found a permanent one",
    );
    assert_eq!(
        child_faults("(id: \"a\", kind: \"db\", significant: true, restart: temporary)"),
        "1:36: children[0].significant: expected no significant child, as the supervisor's auto_shutdown is never",
    );
}

#[test]
fn periods_and_deadlines_of_zero_are_told() {
    assert_eq!(
        faults("(shutdown_deadline: \"0s\")"),
        "1:21: shutdown_deadline: expected a deadline longer than zero",
    );
    assert_eq!(
        supervised_faults("(period: \"0ms\")", ""),
        "0:44: supervisor.period: expected a period longer than zero",
    );
    assert_eq!(
        child_faults("(id: \"a\", supervisor: (period: \"0s\"))"),
        "1:32: children[0].supervisor.period: expected a period longer than zero",
    );
}

#[test]
fn senseless_backoffs_are_told() {
    assert_eq!(
        child_faults(
            "(id: \"a\", kind: \"db\", backoff: (min: \"2s\", max: \"1s\", factor: 0.5, jitter: -0.1))"
        ),
        "1:38: children[0].backoff.min: expected at most max, which is 1s, found 2s\n\
         1:63: children[0].backoff.factor: expected a factor of at least 1, found 0.5\n\
         1:76: children[0].backoff.jitter: expected a share from 0 to 1, found -0.1",
    );
    assert_eq!(
        child_faults("(id: \"a\", kind: \"db\", backoff: (factor: NaN, jitter: NaN))"),
        "1:41: children[0].backoff.factor: expected a factor of at least 1, found NaN\n\
         1:54: children[0].backoff.jitter: expected a share from 0 to 1, found NaN",
    );
}

#[test]
fn dependencies_on_nobody_and_on_oneself_are_told() {
    assert_eq!(
        child_faults(
            "(id: \"database\", kind: \"db\", depends_on: [\"database\"]),\n\
             (id: \"b\", kind: \"db\", depends_on: [\"datebase\", \"b\", \"nobody\"]),"
        ),
        "1:43: children[0].depends_on[0]: child \"database\" depends on itself\n\
         2:36: children[1].depends_on[0]: no sibling has the id \"datebase\", did you mean \"database\"?\n\
         2:48: children[1].depends_on[1]: child \"b\" depends on itself\n\
         2:53: children[1].depends_on[2]: no sibling has the id \"nobody\"",
    );
}

#[test]
fn dependency_cycles_are_told_with_the_whole_circle() {
    assert_eq!(
        child_faults(
            "(id: \"a\", kind: \"db\", depends_on: [\"b\"]),\n\
             (id: \"b\", kind: \"db\", depends_on: [\"c\"]),\n\
             (id: \"c\", kind: \"db\", depends_on: [\"a\"]),\n\
             (id: \"x\", kind: \"db\", depends_on: [\"y\", \"a\"]),\n\
             (id: \"y\", kind: \"db\", depends_on: [\"x\"]),"
        ),
        "1:35: children[0].depends_on: dependency cycle: a → b → c → a\n\
         4:35: children[3].depends_on: dependency cycle: x → y → x",
    );
}

#[test]
fn a_child_is_either_a_worker_or_a_supervisor() {
    assert_eq!(
        child_faults(
            "(id: \"neither\"),\n\
             (id: \"both\", kind: \"db\", supervisor: ()),\n\
             (id: \"children\", children: [(id: \"x\", kind: \"db\")]),\n\
             (id: \"args\", supervisor: (), args: (1)),\n\
             (id: \"type\", supervisor: (), type: worker),\n\
             (id: \"more\", kind: \"db\", children: [(id: \"x\", kind: \"db\")]),\n\
             (id: \"fine\", kind: \"db\", type: supervisor),"
        ),
        "1:1: children[0]: expected either a kind or a supervisor with children, found neither\n\
         2:1: children[1]: expected either a kind or a supervisor with children, found both\n\
         3:28: children[2].children: expected a supervisor beside children, `supervisor: ()` takes the defaults\n\
         4:36: children[3].args: expected no arguments without a kind to take them\n\
         5:36: children[4].type: expected the type of a child with a supervisor to be supervisor, found worker\n\
         6:1: children[5]: expected either a kind or a supervisor with children, found both",
    );
}

#[test]
fn unknown_kinds_are_told_with_the_nearest_known_one() {
    assert_eq!(
        child_faults("(id: \"a\", kind: \"tikcer\"),\n(id: \"b\", kind: \"teapot\"),"),
        "1:17: children[0].kind: unknown kind `tikcer`, did you mean `ticker`?\n\
         2:17: children[1].kind: unknown kind `teapot`, expected one of `bytes`, `db`, `ticker`",
    );
}

#[test]
fn an_address_others_can_reach_needs_a_token() {
    let open = "expected a token beside an address others can reach, found";
    assert_eq!(
        faults("(http: (bind: \"0.0.0.0:4000\"))"),
        format!("1:15: http.bind: {open} 0.0.0.0:4000 alone"),
    );
    assert_eq!(
        faults("(http: (bind: \"[2001:db8::1]:80\"))"),
        format!("1:15: http.bind: {open} [2001:db8::1]:80 alone"),
    );
    assert_eq!(
        faults("(http: (bind: \"0.0.0.0:4000\", token: \"\"))"),
        "1:38: http.token: expected a token that is not empty",
    );
    for fine in [
        "(bind: \"0.0.0.0:4000\", token: \"secret\")",
        "(bind: \"0.0.0.0:4000\", enabled: false)",
        "(bind: \"127.9.9.9:0\")",
        "(bind: \"[::1]:4000\")",
        "(bind: \"[::ffff:127.0.0.1]:4000\")",
    ] {
        assert_eq!(faults(&format!("(http: {fine})")), "", "{fine}");
    }
}

#[test]
fn supervisors_may_be_64_deep_and_no_deeper() {
    let nested = |depth: usize| {
        let open = "(id: \"s\", supervisor: (), children: [".repeat(depth);
        format!("{open}{}", "])".repeat(depth))
    };
    assert_eq!(
        child_faults(&nested(63)),
        "",
        "with the namespace's own, 64"
    );
    let path = vec!["children[0]"; 64].join(".");
    assert_eq!(
        child_faults(&nested(64)),
        format!("1:2332: {path}: expected at most 64 supervisors inside each other"),
    );
}

#[test]
fn a_file_that_is_no_struct_is_told_as_a_whole() {
    assert_eq!(
        faults("[1, 2]"),
        "1:1: expected a struct `(…)`, found a list"
    );
    assert_eq!(faults("3"), "1:1: expected a struct `(…)`, found 3");
    assert_eq!(
        faults(""),
        "1:1: expected a value, found the end of the file"
    );
    assert_eq!(
        faults("// nothing\n"),
        "2:1: expected a value, found the end of the file"
    );
    assert_eq!(
        faults("Tree()"),
        "1:1: expected `(…)` or `NodeSpec(…)`, found Tree()"
    );
}
