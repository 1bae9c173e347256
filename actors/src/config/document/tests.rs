use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::config::path::{IntoConfigPath, PathError};
use crate::config::value::tests::{any_map, any_value};

fn value(ron: &str) -> ConfigValue {
    ron::from_str(ron).expect("RON")
}

fn document(ron: &str) -> Document {
    Document::new(value(ron)).expect("a map")
}

fn path(path: impl IntoConfigPath) -> ConfigPath {
    path.into_path().expect("a path")
}

fn with(document: &Document, at: &str, ron: &str) -> Result<Document, String> {
    let replaced = document.with(&path(at), value(ron));
    replaced
        .map(|replaced| replaced.document)
        .map_err(|error| error.to_string())
}

fn fit(present: &str, at: &str, ron: &str) -> Result<ConfigValue, String> {
    let fitted = document(present).fit(&path(at), value(ron));
    fitted.map_err(|error| error.to_string())
}

#[test]
fn the_whole_is_a_map() {
    assert_eq!(
        Document::new(1).map_err(|error| error.to_string()),
        Err("expected a map at the root, as there is now, found an integer".to_owned())
    );
    assert_eq!(Document::default().root(), &value("{}"));
}

#[test]
fn a_value_is_found_by_keys_and_indices() {
    let document = document(r#"{"a": (b: [10, (c: "x")]), "d.e": true, "0": "key"}"#);
    let get = |at: &str| document.get(&path(at)).cloned();
    assert_eq!(get("a.b.0"), Some(10.into()));
    assert_eq!(get("a.b.1.c"), Some("x".into()));
    assert_eq!(get(r#""d.e""#), Some(true.into()));
    assert_eq!(get("0"), Some("key".into()));
    assert_eq!(get("").as_ref(), Some(document.root()));
}

#[test]
fn what_is_not_there_is_told_with_how_far_the_path_leads() {
    let document = document("(a: (b: [10], c: 1))");
    let told = |at: &str| document.find(&path(at)).map_err(|error| error.to_string());
    let missing = |text: &str| Err(text.to_owned());
    assert_eq!(
        told("x.y"),
        missing("there is no value at `x.y`: the root is a map without `x`")
    );
    assert_eq!(
        told("a.x"),
        missing("there is no value at `a.x`: `a` is a map without `x`")
    );
    assert_eq!(
        told("a.b.1"),
        missing("there is no value at `a.b.1`: `a.b` is a list of 1 element, without `1`")
    );
    assert_eq!(
        told("a.c.d.e"),
        missing("there is no value at `a.c.d.e`: `a.c` is an integer")
    );
}

#[test]
fn a_value_is_added_with_the_maps_on_the_way_to_it() {
    assert_eq!(
        with(&document("(a: 1)"), "b.c.d", "true"),
        Ok(document("(a: 1, b: (c: (d: true)))"))
    );
    assert_eq!(
        with(&document("(a: None)"), "a.b", "1"),
        Ok(document("(a: (b: 1))")),
        "a null becomes a map"
    );
    assert_eq!(
        with(&document("(a: [1])"), "a.1.b", "2"),
        Ok(document("(a: [1, (b: 2)])")),
        "the length of a list is the index of its next element"
    );
}

#[test]
fn a_value_has_no_place_in_a_scalar_or_past_the_end_of_a_list() {
    let document = document("(a: (b: [10], c: 1))");
    let refused = |text: &str| Err(text.to_owned());
    assert_eq!(
        with(&document, "a.c.d", "1"),
        refused("there is no place for a value at `a.c.d`: `a.c` is an integer")
    );
    assert_eq!(
        with(&document, "a.b.2", "1"),
        refused(
            "there is no place for a value at `a.b.2`: `a.b` is a list of 1 element, without `2`"
        )
    );
    assert_eq!(
        with(&document, "a.b.x.y", "1"),
        refused(
            "there is no place for a value at `a.b.x.y`: `a.b` is a list of 1 element, without `x`"
        )
    );
}

#[test]
fn a_value_keeps_its_kind() {
    let present = r#"(n: 1, f: 1.5, s: "x", b: true, l: [1], m: (n: 1), z: None)"#;
    let refused = |text: &str| Err(text.to_owned());
    assert_eq!(fit(present, "n", "2"), Ok(2.into()));
    assert_eq!(
        fit(present, "n", r#""2""#),
        refused("expected an integer at `n`, as there is now, found a string")
    );
    assert_eq!(
        fit(present, "n", "2.5"),
        refused("expected an integer at `n`, as there is now, found a float")
    );
    assert_eq!(
        fit(present, "b", "[]"),
        refused("expected a bool at `b`, as there is now, found a list")
    );
    assert_eq!(fit(present, "l", r#"["x"]"#), Ok(value(r#"["x"]"#)));
    assert_eq!(
        fit(present, "l.0", r#""x""#),
        refused("expected an integer at `l.0`, as there is now, found a string")
    );
    assert_eq!(fit(present, "new", r#""x""#), Ok("x".into()));
}

#[test]
fn null_may_be_put_anywhere_and_be_replaced_by_anything() {
    assert_eq!(fit("(n: 1)", "n", "None"), Ok(ConfigValue::Null));
    assert_eq!(fit("(z: None)", "z", "[1]"), Ok(value("[1]")));
}

#[test]
fn an_integer_in_place_of_a_float_becomes_one_if_it_is_one() {
    assert_eq!(fit("(f: 1.5)", "f", "2"), Ok(2.0.into()));
    assert_eq!(
        fit("(f: 1.5)", "f", "9007199254740993"),
        Err("expected a float at `f`, as there is now, found an integer".to_owned()),
        "2^53 + 1 is no float"
    );
}

#[test]
fn the_entries_of_a_map_keep_their_kinds_when_the_map_is_replaced() {
    let present = "(m: (f: 1.5, deep: (n: 1), gone: 3))";
    assert_eq!(
        fit(present, "m", r#"(f: 2, deep: (n: 2, new: "x"))"#),
        Ok(value(r#"(f: 2.0, deep: (n: 2, new: "x"))"#))
    );
    assert_eq!(
        fit(present, "m", r#"(deep: (n: "x"))"#),
        Err("expected an integer at `m.deep.n`, as there is now, found a string".to_owned())
    );
}

#[test]
fn differences_are_told_by_path_and_lists_by_element() {
    let before = document("(a: 1, b: (c: [1, 2, 3], d: 1), e: (f: 1))");
    let after = document("(a: 1, b: (c: [1, 5], g: None), e: 7)");
    let told: Vec<String> = before
        .diff(&after)
        .iter()
        .map(|difference| serde_json::to_string(difference).expect("JSON"))
        .collect();
    assert_eq!(
        told,
        [
            r#"{"path":"b.c.1","previous":2,"value":5}"#,
            r#"{"path":"b.c.2","previous":3,"value":null}"#,
            r#"{"path":"b.d","previous":1,"value":null}"#,
            r#"{"path":"b.g","previous":null,"value":null}"#,
            r#"{"path":"e","previous":{"f":1},"value":7}"#,
        ]
    );
}

#[test]
fn merging_lays_maps_over_maps_and_replaces_all_else() {
    let under = document("(a: (x: 1, y: [1, 2]), b: 1, c: (d: 1))");
    let over = document(r#"(a: (y: [3], z: None), c: "s")"#);
    assert_eq!(
        under.merge(&over),
        document(r#"(a: (x: 1, y: [3], z: None), b: 1, c: "s")"#)
    );
}

/// The obvious tree: every update rebuilds all of it.
#[derive(Clone, Debug, PartialEq)]
enum Model {
    Leaf(ConfigValue),
    List(Vec<Self>),
    Map(BTreeMap<String, Self>),
}

impl Model {
    fn of(value: &ConfigValue) -> Self {
        match value {
            ConfigValue::List(values) => Self::List(values.iter().map(Self::of).collect()),
            ConfigValue::Map(entries) => {
                let entries = entries.iter();
                Self::Map(
                    entries
                        .map(|(key, value)| (key.to_string(), Self::of(value)))
                        .collect(),
                )
            }
            leaf => Self::Leaf(leaf.clone()),
        }
    }

    /// The tree after the update, or `None` if there is no place for it.
    fn with(&self, path: &[Box<str>], value: &ConfigValue) -> Option<Self> {
        let Some((first, rest)) = path.split_first() else {
            return Some(Self::of(value));
        };
        match self {
            Self::Leaf(ConfigValue::Null) => Self::Map(BTreeMap::new()).with(path, value),
            Self::Leaf(_) => None,
            Self::List(values) => {
                let nth = (0..=values.len()).find(|nth| nth.to_string() == **first)?;
                let mut values = values.clone();
                let nothing = Self::Leaf(ConfigValue::Null);
                let inner = values.get(nth).unwrap_or(&nothing).with(rest, value)?;
                values.truncate(values.len().max(nth));
                if nth == values.len() {
                    values.push(inner);
                } else {
                    values[nth] = inner;
                }
                Some(Self::List(values))
            }
            Self::Map(entries) => {
                let mut entries = entries.clone();
                let nothing = Self::Leaf(ConfigValue::Null);
                let inner = entries
                    .get(&**first)
                    .unwrap_or(&nothing)
                    .with(rest, value)?;
                entries.insert(first.to_string(), inner);
                Some(Self::Map(entries))
            }
        }
    }
}

fn any_path() -> impl Strategy<Value = ConfigPath> {
    prop::collection::vec("[a-d0-2]", 1..4)
        .prop_map(|segments| ConfigPath::from_segments(segments).expect("a path"))
}

fn any_updates() -> impl Strategy<Value = Vec<(ConfigPath, ConfigValue)>> {
    prop::collection::vec((any_path(), any_value()), 0..12)
}

/// All paths that lead to something.
fn paths_of(document: &Document) -> Vec<ConfigPath> {
    let differences = Document::default().diff(document);
    let mut paths: Vec<ConfigPath> = differences.into_iter().map(|it| it.path).collect();
    let mut next = 0;
    while let Some(outer) = paths.get(next).cloned() {
        let inner: Vec<String> = match document.get(&outer) {
            Some(ConfigValue::Map(entries)) => entries.keys().map(ToString::to_string).collect(),
            Some(ConfigValue::List(values)) => (0..values.len()).map(|it| it.to_string()).collect(),
            _ => Vec::new(),
        };
        for segment in inner {
            let segments = [outer.segments(), &[segment.into()]].concat();
            paths.push(ConfigPath::of_existing(&segments));
        }
        next += 1;
    }
    paths
}

proptest! {
    #[test]
    fn updates_do_what_they_do_to_a_plain_tree(start in any_map(), updates in any_updates()) {
        let mut document = Document::new(start.clone()).expect("a map");
        let mut model = Model::of(&start);
        for (path, value) in updates {
            let expected = model.with(path.segments(), &value);
            let before = document.get(&path).cloned();
            match document.with(&path, value.clone()) {
                Ok(replaced) => {
                    prop_assert_eq!(Some(Model::of(replaced.document.root())), expected.clone());
                    prop_assert_eq!(replaced.previous, before);
                    prop_assert_eq!(replaced.document.get(&path), Some(&value));
                    document = replaced.document;
                    model = expected.expect("just compared");
                }
                Err(ConfigError::NoPlace { .. }) => prop_assert_eq!(expected, None),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn old_documents_stay_as_they_are(start in any_map(), updates in any_updates()) {
        let mut kept = vec![(Document::new(start.clone()).expect("a map"), Model::of(&start))];
        for (path, value) in updates {
            let (last, _) = kept.last().expect("the first");
            if let Ok(replaced) = last.with(&path, value) {
                let model = Model::of(replaced.document.root());
                kept.push((replaced.document, model));
            }
        }
        for (document, model) in kept {
            prop_assert_eq!(Model::of(document.root()), model);
        }
    }

    #[test]
    fn bytes_are_counted_along_as_they_are_counted_anew(start in any_map(), updates in any_updates()) {
        let mut document = Document::new(start).expect("a map");
        for (path, value) in updates {
            if let Ok(replaced) = document.with(&path, value) {
                document = replaced.document;
                prop_assert_eq!(document.bytes(), bytes_of(document.root()));
            }
        }
    }

    #[test]
    fn a_document_is_another_one_with_the_differences_applied(a in any_map(), b in any_map()) {
        let (a, b) = (Document::new(a).expect("a map"), Document::new(b).expect("a map"));
        let differences = a.diff(&b);
        prop_assert_eq!(differences.is_empty(), a == b);
        for path in paths_of(&a).into_iter().chain(paths_of(&b)) {
            let told = differences.iter().any(|difference| {
                difference.path.is_within(&path) || path.is_within(&difference.path)
            });
            prop_assert!(told || a.get(&path) == b.get(&path), "{path}");
        }
        for difference in &differences {
            prop_assert_eq!(a.get(&difference.path), difference.previous.as_ref());
            prop_assert_eq!(b.get(&difference.path), difference.value.as_ref());
            prop_assert_ne!(&difference.previous, &difference.value);
        }
    }

    #[test]
    fn a_difference_to_a_changed_copy_lies_at_the_change(
        start in any_map(),
        path in any_path(),
        value in any_value(),
    ) {
        let document = Document::new(start).expect("a map");
        if let Ok(replaced) = document.with(&path, value) {
            for difference in document.diff(&replaced.document) {
                prop_assert!(difference.path.is_within(&path) || path.is_within(&difference.path));
            }
        }
    }

    #[test]
    fn what_fits_is_of_the_same_kind_at_every_key(present in any_map(), value in any_map()) {
        let document = Document::new(present).expect("a map");
        if let Ok(fitted) = document.fit(&ConfigPath::root(), value) {
            let fitted = Document::new(fitted).expect("a map");
            for path in paths_of(&fitted) {
                let in_list = (0..path.segments().len()).any(|depth| {
                    let outer = ConfigPath::of_existing(&path.segments()[..depth]);
                    matches!(fitted.get(&outer), Some(ConfigValue::List(_)))
                });
                let kinds = (document.get(&path).map(ConfigValue::kind), fitted.get(&path).map(ConfigValue::kind));
                if let (Some(before), Some(after)) = kinds && !in_list {
                    prop_assert!(
                        before == after || before == ConfigKind::Null || after == ConfigKind::Null,
                        "{}: {} to {}", path, before, after
                    );
                }
            }
        }
    }

    #[test]
    fn merging_gives_what_is_laid_over_and_keeps_all_it_does_not_touch(under in any_map(), over in any_map()) {
        let (under, over) = (Document::new(under).expect("a map"), Document::new(over).expect("a map"));
        let merged = under.merge(&over);
        prop_assert_eq!(over.merge(&over), over.clone());
        prop_assert_eq!(under.merge(&Document::default()), under);
        for path in paths_of(&over) {
            let is_map = matches!(over.get(&path), Some(ConfigValue::Map(_)));
            if !is_map {
                prop_assert_eq!(merged.get(&path), over.get(&path));
            }
        }
    }
}

#[test]
fn a_path_error_passes_through() {
    let error = ConfigError::from(PathError::TooManySegments);
    assert_eq!(
        error.to_string(),
        "expected a path of at most 50 segments, found more"
    );
}
