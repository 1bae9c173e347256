//! Any text at all: faults or a node, never a panic, and soon.

use mainstay_specs::{AnyKind, Args, NodeSpec};
use proptest::prelude::*;

use crate::any::node;
use crate::support::{Ticker, kinds};

/// Reads a text in every way there is, and checks what can be said of any outcome.
fn read(text: &str) -> Result<(), TestCaseError> {
    if let Err(faults) = NodeSpec::from_ron(text, &kinds()) {
        prop_assert!(!faults.as_slice().is_empty());
        prop_assert!(
            faults
                .as_slice()
                .is_sorted_by_key(|fault| (fault.position.is_none(), fault.position))
        );
        let lines = text.split('\n').count();
        for fault in &faults {
            let position = fault.position.expect("a text has places");
            prop_assert!(position.line >= 1 && position.line <= lines, "{}", fault);
            prop_assert!(!fault.message.is_empty());
            let made_up = fault.to_string().contains('\u{E000}');
            prop_assert!(!made_up || text.contains('\u{E000}'), "{}", fault);
        }
        let _shown = faults.render("node.ron", text);
    }
    let _faults = NodeSpec::from_ron(text, &AnyKind);
    if let Ok(args) = Args::from_ron(text) {
        let _ticker = args.decode::<Ticker>();
    }
    Ok(())
}

fn tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"",
        "'",
        "\\",
        "//",
        "/*",
        "*/",
        "\n",
        "\r\n",
        "\t",
        " ",
        "#",
        "r#",
        "r\"",
        "b'",
        "#![",
        "1",
        "-",
        ".5",
        "1e9",
        "NaN",
        "Some",
        "None",
        "é",
        "🙂",
        "\u{2028}",
        "\u{FEFF}",
        "\0",
        "\u{E000}1",
        "namespaces: ",
        "name: ",
        "children: ",
        "id: ",
        "kind: ",
        "args: ",
        "supervisor: ",
        "\"a\"",
        "\"5s\"",
        "timeout",
        "transient",
        "http: ",
        "bind: ",
        "depends_on: ",
        "backoff: ",
        "{(a: ): 1}",
        "services: (config_server: (",
        "initial: ",
        "()",
    ]);
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

/// A good file with some pieces cut out, doubled, or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let change = (
        any::<prop::sample::Index>(),
        0_usize..12,
        prop_oneof![Just(String::new()), tokens(), "\\PC{0,3}"],
    );
    (node(), prop::collection::vec(change, 1..6)).prop_map(|(node, changes)| {
        let mut chars: Vec<char> = node.to_ron().chars().collect();
        for (at, len, new) in changes {
            let start = at.index(chars.len() + 1);
            let end = (start + len).min(chars.len());
            chars.splice(start..end, new.chars().take(8));
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_text_never_panics(text in any::<String>()) {
        read(&text)?;
    }

    #[test]
    fn random_tokens_never_panic(text in tokens()) {
        read(&text)?;
    }

    #[test]
    fn broken_files_never_panic(text in mutated()) {
        read(&text)?;
    }

    #[test]
    fn every_prefix_of_a_good_file_is_read_without_a_panic(node in node(), at in any::<prop::sample::Index>()) {
        let text = node.to_ron();
        let cut = text.floor_char_boundary(at.index(text.len()));
        read(&text[..cut])?;
    }
}

proptest! {
    #[test]
    fn whatever_ron_takes_for_ron_is_ron_here(text in tokens()) {
        if let Err(faults) = Args::from_ron(&text) {
            let known = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
            let taken = known.from_str::<Box<ron::value::RawValue>>(&format!("{text}\n")).is_ok();
            let twice = faults.iter().any(|fault| fault.message.starts_with("duplicate field"));
            prop_assert!(twice || !taken, "{}", faults);
        }
    }

    #[test]
    fn exactly_what_was_put_in_is_found_and_exactly_there(
        node in node(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
    ) {
        let text = node.to_ron();
        let opens = |line: &&str| line.ends_with('(');
        let structs = text.lines().filter(opens).count();
        let chosen: Vec<usize> = places.iter().map(|place| place.index(structs)).collect();
        let mut broken: Vec<&str> = Vec::new();
        let mut expected: Vec<String> = Vec::new();
        let mut nth = 0;
        for line in text.lines() {
            broken.push(line);
            if opens(&line) {
                if chosen.contains(&nth) {
                    broken.push("  zzzzzz: [1],");
                    expected.push(format!("{}:3", broken.len()));
                }
                nth += 1;
            }
        }
        let faults = NodeSpec::from_ron(&broken.join("\n"), &AnyKind).expect_err("faults");
        let found: Vec<String> = faults.iter().filter_map(|fault| fault.position).map(|at| at.to_string()).collect();
        prop_assert_eq!(found, expected, "{}", faults);
    }
}

#[test]
fn deep_nesting_is_refused_without_deep_recursion() {
    for open in [
        "(",
        "[",
        "{",
        "(a:",
        "{1:",
        "Some(",
        "(namespaces:[",
        "(children:[",
    ] {
        let text = open.repeat(100_000);
        let faults = NodeSpec::from_ron(&text, &AnyKind).unwrap_err();
        assert_eq!(faults.as_slice().len(), 1, "{open}");
    }
}

#[test]
fn a_long_comment_a_long_text_and_a_long_line_are_no_trouble() {
    let long = "x".repeat(1 << 20);
    read(&format!("/*{long}*/(http: (token: \"{long}\"), {long}: 1)")).unwrap();
}
