//! Arguments: kept as text, decoded by their kind.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_specs::{AnyKind, Args, Fault, Faults, Kinds, NodeSpec, Position};
use serde::Deserialize;

use crate::support::{Ticker, child_faults, kinds};

fn args(text: &str) -> Args {
    Args::from_ron(text).expect("RON")
}

#[test]
fn arguments_decode_as_the_type_of_their_kind() {
    let every = Duration::from_secs(1);
    let ticker = Ticker {
        every,
        times: Some(3),
    };
    assert_eq!(args("(every: \"1s\", times: 3)").decode(), Ok(ticker));
    assert_eq!(args(" /* a */ [1, 2] // b").text(), "[1, 2]");
}

#[test]
fn no_arguments_are_a_unit_a_struct_of_defaults_or_an_empty_map() {
    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Defaults {
        size: u32,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Unit;
    let none = Args::default();
    assert_eq!(none.decode(), Ok(()));
    assert_eq!(none.decode(), Ok(Unit));
    assert_eq!(none.decode(), Ok(Defaults::default()));
    assert_eq!(none.decode(), Ok(BTreeMap::<String, u32>::new()));
    let faults = none.decode::<Ticker>().unwrap_err();
    assert_eq!(faults.to_string(), "missing field `every`");
    let faults = none.decode::<u32>().unwrap_err();
    assert_eq!(faults.to_string(), "expected arguments, found none");
}

#[test]
fn values_become_arguments_and_come_back() {
    let ticker = Ticker {
        every: Duration::from_millis(1500),
        times: None,
    };
    let written = Args::from_value(&ticker).unwrap();
    assert_eq!(written.text(), "(every:\"1s 500ms\",times:None)");
    assert_eq!(written.decode(), Ok(ticker));
}

#[test]
fn text_that_is_no_ron_makes_no_arguments() {
    let faults = Args::from_ron("(a: [1, 2)").unwrap_err();
    assert_eq!(
        faults.to_string(),
        "1:10: a: expected `,` or the `]` for the `[` of line 1, found ')'",
    );
    assert!(Args::from_ron("").is_err());
    assert!(Args::from_ron("1 2").is_err());
}

#[test]
fn all_faults_of_arguments_come_at_once_with_their_places_in_the_file() {
    assert_eq!(
        child_faults(
            "(id: \"a\", kind: \"ticker\", args: (\n  every: \"1x\",\n  times: -1, colour: 1,\n)),\n\
             (id: \"b\", kind: \"ticker\"),\n\
             (id: \"c\", kind: \"bytes\", args: [1, 300, \"a\"]),\n\
             (id: \"d\", kind: \"db\", args: (1)),"
        ),
        "2:10: children[0].args.every: expected a duration such as \"250ms\" or \"5s\", found \"1x\"\n\
         3:10: children[0].args.times: the number -1 is out of range\n\
         3:14: children[0].args.colour: unknown field `colour`, expected one of `every`, `times`\n\
         5:1: children[1].args: missing field `every`\n\
         6:36: children[2].args[1]: the number 300 is out of range\n\
         6:41: children[2].args[2]: expected a whole number, found \"a\"\n\
         7:29: children[3].args: expected `()`, found a tuple",
    );
}

#[test]
fn arguments_from_a_file_know_their_place_and_those_from_code_have_none() {
    let text = "(namespaces: [(name: \"n\", children: [\n\
                (id: \"s\", supervisor: (), children: [\n\
                  (id: \"a\", kind: \"t\", args:   (every: 1)),\n\
                ])])])";
    let node = NodeSpec::from_ron(text, &AnyKind).unwrap();
    let found = &node.namespaces[0].children[0].children[0].args;
    assert_eq!(
        found.position().map(|at| at.to_string()).as_deref(),
        Some("3:30")
    );
    let faults = found.decode::<Ticker>().unwrap_err();
    assert_eq!(
        faults.to_string(),
        "3:38: every: expected a text in quotes, found 1"
    );
    let coded = args("(every: 1)");
    assert_eq!(coded.position(), None);
    assert_eq!(coded, *found, "the place makes no difference");
    let faults = coded.decode::<Ticker>().unwrap_err();
    assert_eq!(
        faults.to_string(),
        "every: expected a text in quotes, found 1"
    );
}

#[test]
fn a_kind_may_have_rules_of_its_own() {
    struct Odd;
    impl Kinds for Odd {
        fn names(&self) -> Vec<&str> {
            vec!["odd"]
        }
        fn check(&self, kind: &str, args: &Args) -> Result<(), Faults> {
            let number: u32 = args.decode()?;
            let message = format!("{kind} takes odd numbers, found {number}");
            if number % 2 == 1 {
                Ok(())
            } else {
                Err(Fault::new(message).into())
            }
        }
    }
    let node = |kind: &str, args: &str| {
        let text = format!(
            "(namespaces: [(name: \"n\", children: [(id: \"a\", kind: \"{kind}\", args: {args})])])"
        );
        NodeSpec::from_ron(&text, &Odd).map_or_else(|faults| faults.to_string(), |_| String::new())
    };
    assert_eq!(node("odd", "3"), "");
    assert_eq!(
        node("odd", "4"),
        "1:67: namespaces[0].children[0].args: odd takes odd numbers, found 4",
    );
    assert_eq!(
        node("add", "4"),
        "1:54: namespaces[0].children[0].kind: unknown kind `add`, did you mean `odd`?",
    );
}

#[test]
fn a_table_knows_its_kinds_and_any_kind_knows_all() {
    assert_eq!(kinds().names(), ["bytes", "db", "ticker"]);
    assert!(AnyKind.knows("whatever"));
    assert_eq!(kinds().check("ticker", &args("(every: \"1s\")")), Ok(()));
}

#[test]
fn a_position_within_arguments_is_moved_by_where_they_begin() {
    let base = Position { line: 3, column: 9 };
    let second_line = Position { line: 2, column: 1 };
    assert_eq!(Position::START.within(base), base);
    assert_eq!(second_line.within(base), Position { line: 4, column: 1 });
}

#[test]
fn enums_of_all_shapes_are_told_at_their_place() {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case", deny_unknown_fields)]
    #[allow(dead_code)]
    enum Mode {
        Off,
        Every(u8),
        Between { low: u8, high: u8 },
        Pair(u8, bool),
    }
    #[derive(Debug, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
    #[allow(dead_code)]
    enum Tagged {
        One { size: u8 },
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Modes {
        modes: Vec<Mode>,
        tagged: Option<Vec<Tagged>>,
        pair: (u8, u8),
        by_name: BTreeMap<String, u8>,
    }
    let text = "(\n  modes: [off, of, every(\"a\"), every, between(low: 1), between(low: 1, high: 2, mid: 3),\n    \
                pair(1, 2), pair(1), 5],\n  \
                tagged: [(type: \"one\", size: 1), (type: \"one\", size: \"x\"), (type: \"two\"),\n    \
                (type: \"one\", size: 1, sise: 2)],\n  \
                pair: (1, \"b\"),\n  by_name: {\"a b\": 1, \"c\": -1},\n)";
    let faults = args(text).decode::<Modes>().unwrap_err();
    assert_eq!(
        faults.to_string(),
        "modes[1]: unknown value `of`, did you mean `off`?\n\
         modes[2]: expected a whole number, found \"a\"\n\
         modes[3]: expected a value in brackets after `every`\n\
         modes[4]: missing field `high`\n\
         modes[5].mid: unknown field `mid`, expected one of `low`, `high`\n\
         modes[6]: expected `true` or `false`, found 2\n\
         modes[7]: expected tuple variant Mode::Pair with 2 elements but found one element instead\n\
         modes[8]: expected one of `off`, `every`, `between`, `pair`, found 5\n\
         tagged[1]: expected u8, found the string \"x\"\n\
         tagged[2].type: unknown value `two`, expected `one`\n\
         tagged[3].sise: unknown field `sise`, did you mean `size`?\n\
         pair: expected a whole number, found \"b\"\n\
         by_name.c: the number -1 is out of range",
    );
}
