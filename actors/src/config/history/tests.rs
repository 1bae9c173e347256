use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::document::Document;
use crate::config::path::ConfigPath;
use crate::config::value::ConfigValue;
use crate::config::value::tests::{any_map, any_value};

fn at(version: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(version)
}

fn stamp(version: u64) -> Stamp {
    let at = at(version);
    Stamp { version, at }
}

/// The documents that came one after the other, and the history that was written along.
struct Written {
    documents: Vec<Document>,
    history: History,
}

impl Written {
    fn new(start: ConfigValue) -> Self {
        Self {
            documents: vec![Document::new(start).expect("a map")],
            history: History::new(at(0)),
        }
    }

    fn last(&self) -> &Document {
        self.documents.last().expect("the first")
    }

    fn update(&mut self, path: &ConfigPath, value: ConfigValue) {
        if let Ok(replaced) = self.last().with(path, value) {
            self.write(replaced.document);
        }
    }

    fn write(&mut self, next: Document) {
        let differences = self.last().diff(&next);
        let version = self.documents.len() as u64;
        self.history = self.history.after(&differences, stamp(version));
        self.documents.push(next);
    }

    /// What a look at all the documents tells of a path that leads somewhere in the last one.
    fn past_of(&self, path: &ConfigPath) -> Past {
        let mut past = Past {
            last: stamp(0),
            changes: 0,
        };
        for version in 1..self.documents.len() {
            let (before, after) = (&self.documents[version - 1], &self.documents[version]);
            if !is_same_place(before, after, path) {
                past.changes = 1;
                past.last = stamp(version as u64);
            } else if before.get(path) != after.get(path) {
                past.changes += 1;
                past.last = stamp(version as u64);
            }
        }
        past
    }
}

/// Whether the path leads somewhere in both, through the same kinds of lists and maps.
fn is_same_place(before: &Document, after: &Document, path: &ConfigPath) -> bool {
    let outer =
        (0..path.segments().len()).map(|depth| ConfigPath::of_existing(&path.segments()[..depth]));
    let kind = |document: &Document, path: &ConfigPath| document.get(path).map(ConfigValue::kind);
    kind(before, path).is_some()
        && kind(after, path).is_some()
        && outer
            .into_iter()
            .all(|outer| kind(before, &outer) == kind(after, &outer))
}

fn value(ron: &str) -> ConfigValue {
    ron::from_str(ron).expect("RON")
}

fn told(written: &Written, at: &str) -> (u64, u64) {
    let path: ConfigPath = at.parse().expect("a path");
    let past = written.history.of(path.segments());
    (past.last.version, past.changes)
}

fn update(written: &mut Written, at: &str, ron: &str) {
    written.update(&at.parse().expect("a path"), value(ron));
}

#[test]
fn a_change_counts_for_what_it_is_in_and_for_what_is_in_it() {
    let mut written = Written::new(value("(a: (b: 1, c: (d: 1)), e: 1)"));
    update(&mut written, "a.b", "2");
    update(&mut written, "a.c", "(d: 2, f: 1)");
    assert_eq!(told(&written, ""), (2, 2));
    assert_eq!(told(&written, "a"), (2, 2));
    assert_eq!(told(&written, "a.b"), (1, 1));
    assert_eq!(told(&written, "a.c.d"), (2, 1));
    assert_eq!(told(&written, "a.c.f"), (2, 1), "it came to be");
    assert_eq!(told(&written, "e"), (0, 0));
}

#[test]
fn setting_what_is_there_already_is_no_change() {
    let mut written = Written::new(value("(a: 1)"));
    update(&mut written, "a", "1");
    assert_eq!(told(&written, "a"), (0, 0));
}

#[test]
fn counting_begins_anew_for_what_was_gone_meanwhile() {
    let mut written = Written::new(value("(a: (b: 1))"));
    update(&mut written, "a.b", "2");
    update(&mut written, "a", "(c: 1)");
    update(&mut written, "a.b", "3");
    assert_eq!(told(&written, "a.b"), (3, 1));
    assert_eq!(told(&written, "a"), (3, 3));
}

fn any_updates() -> impl Strategy<Value = Vec<(ConfigPath, ConfigValue)>> {
    let path = prop::collection::vec("[a-c0-1]", 1..4)
        .prop_map(|segments| ConfigPath::from_segments(segments).expect("a path"));
    prop::collection::vec((path, any_value()), 0..16)
}

fn all_paths(document: &Document) -> Vec<ConfigPath> {
    fn walk(at: &mut Vec<Box<str>>, value: &ConfigValue, paths: &mut Vec<ConfigPath>) {
        paths.push(ConfigPath::of_existing(at));
        let inner: Vec<(String, &ConfigValue)> = match value {
            ConfigValue::Map(map) => map.iter().map(|(key, it)| (key.to_string(), it)).collect(),
            ConfigValue::List(list) => list
                .iter()
                .enumerate()
                .map(|(nth, it)| (nth.to_string(), it))
                .collect(),
            _ => Vec::new(),
        };
        for (segment, value) in inner {
            at.push(segment.into());
            walk(at, value, paths);
            at.pop();
        }
    }
    let mut paths = Vec::new();
    walk(&mut Vec::new(), document.root(), &mut paths);
    paths
}

proptest! {
    #[test]
    fn the_history_tells_what_a_look_at_all_versions_tells(start in any_map(), updates in any_updates()) {
        let mut written = Written::new(start);
        for (path, value) in updates {
            written.update(&path, value);
        }
        let first = written.documents[0].clone();
        for path in all_paths(written.last()) {
            prop_assert_eq!(written.history.of(path.segments()), written.past_of(&path), "{}", path);
        }
        written.write(first); // a reset
        for path in all_paths(written.last()) {
            prop_assert_eq!(written.history.of(path.segments()), written.past_of(&path), "{}", path);
        }
    }

    #[test]
    fn the_history_is_no_larger_than_the_document(start in any_map(), updates in any_updates()) {
        fn nodes(node: &Node) -> usize {
            1 + node.below.values().map(nodes).sum::<usize>()
        }
        let mut written = Written::new(start);
        for (path, value) in updates {
            written.update(&path, value);
            prop_assert!(nodes(&written.history.root) <= all_paths(written.last()).len());
        }
    }
}
