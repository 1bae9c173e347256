//! Several faults at once.

use crate::support::{child_faults, faults, supervised_faults};

#[test]
fn all_faults_of_a_file_come_at_once() {
    let text = r#"(
  namespaces: [
    (name: "production", colour: 1,
      supervisor: (strategy: one_for_onne, intensity: 1.5, period: "0s"),
      children: [
        (id: "db", kind: "dp"),
        (id: "a/b", kind: "ticker", args: (every: "1x", zz: 1), restart: "transient"),
        (id: "db", kind: "ticker", args: (), shutdown: timeout("5"), depends_on: ["nope"]),
        (kind: "db", args: (1)),
        7,
      ]),
    (name: "production"),
  ],
  http: (bind: "0.0.0.0:4000"),
  shutdown_deadline: "0s",
)"#;
    assert_eq!(
        faults(text),
        "3:26: namespaces[0].colour: unknown field `colour`, expected one of `name`, `supervisor`, `root_limit`, `services`, `children`\n\
         4:30: namespaces[0].supervisor.strategy: unknown value `one_for_onne`, did you mean `one_for_one`?\n\
         4:55: namespaces[0].supervisor.intensity: expected a whole number, found 1.5\n\
         4:68: namespaces[0].supervisor.period: expected a period longer than zero\n\
         6:26: namespaces[0].children[0].kind: unknown kind `dp`, did you mean `db`?\n\
         7:14: namespaces[0].children[1].id: expected no '/', no control character and no white space at either end, found \"a/b\"\n\
         7:51: namespaces[0].children[1].args.every: expected a duration such as \"250ms\" or \"5s\", found \"1x\"\n\
         7:57: namespaces[0].children[1].args.zz: unknown field `zz`, expected one of `every`, `times`\n\
         7:74: namespaces[0].children[1].restart: expected one of `permanent`, `transient`, `temporary`, found \"transient\"\n\
         8:14: namespaces[0].children[2].id: duplicate child id \"db\", first given at line 6\n\
         8:42: namespaces[0].children[2].args: missing field `every`\n\
         8:64: namespaces[0].children[2].shutdown: expected a duration such as \"250ms\" or \"5s\", found \"5\"\n\
         9:9: namespaces[0].children[3]: missing field `id`\n\
         9:28: namespaces[0].children[3].args: expected `()`, found a tuple\n\
         10:9: namespaces[0].children[4]: expected a struct `(…)`, found 7\n\
         12:12: namespaces[1].name: duplicate namespace name \"production\", first given at line 3\n\
         14:16: http.bind: expected a token beside an address others can reach, found 0.0.0.0:4000 alone\n\
         15:22: shutdown_deadline: expected a deadline longer than zero",
    );
}

#[test]
fn what_only_follows_from_another_fault_is_not_told() {
    for (children, only) in [
        (
            "(id: 5, kind: \"db\"), (id: \"b\", kind: \"db\", depends_on: [\"a\"])",
            "children[0].id",
        ),
        ("(idd: \"a\", kind: \"db\")", "children[0].idd"),
        ("(id: \"a\", kind: 5, args: (every: 1))", "children[0].kind"),
        ("(id: \"a\", knd: \"db\")", "children[0].knd"),
        (
            "(id: \"a\", kind: \"db\", backoff: (min: \"60s\", max: 90))",
            "children[0].backoff.max",
        ),
        (
            "(id: \"a\", supervisor: 3, children: [(id: \"b\", kind: \"db\")])",
            "children[0].supervisor",
        ),
        (
            "(id: \"a\", kind: \"ticker\", args: (evry: \"1s\"))",
            "children[0].args.evry",
        ),
        (
            "(id: \"a\", kind: \"ticker\", args: (every: ))",
            "children[0].args.every",
        ),
        (
            "5, (id: \"b\", kind: \"db\", depends_on: [\"a\"])",
            "children[0]",
        ),
    ] {
        let told = child_faults(children);
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains(&format!(" {only}: ")), "{told}");
    }
    let told = supervised_faults(
        "(auto_shutdwn: all_significant)",
        "(id: \"a\", kind: \"db\", significant: true, restart: transient)",
    );
    assert_eq!(
        told,
        "0:36: supervisor.auto_shutdwn: unknown field `auto_shutdwn`, did you mean `auto_shutdown`?"
    );
    assert_eq!(
        faults("(http: (bind: \"0.0.0.0:1\", tokn: \"x\"))"),
        "1:28: http.tokn: unknown field `tokn`, did you mean `token`?",
    );
}

#[test]
fn the_search_ends_after_many_faults_and_says_so() {
    let children = "(id: 5),".repeat(1000);
    let told = faults(&format!(
        "(namespaces: [(name: \"n\", children: [{children}])])"
    ));
    assert_eq!(told.lines().count(), 257);
    let last = told.lines().last().unwrap();
    assert!(
        last.ends_with("there may be more faults: correct these first"),
        "{last}"
    );
}
