//! A spec as it may be shown: without what nobody is to read.

use std::fmt;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::NodeSpec;
use crate::syntax::{Shape, Tree, walk};

/// A spec as it may be shown to whoever may read, from [`NodeSpec::shown`]: displayed as RON, serialized as what a format such as JSON has for
/// structs, lists and texts.
///
/// In place of a secret there is [`HIDDEN`](Self::HIDDEN). Hidden are
///
/// * all texts, numbers and keys of maps in the arguments of children and of pools of other kinds, as only whoever has made the kind knows what is secret there:
///   what stays are the names of fields and variants, and switches;
/// * the values of fields one word of whose name is `token`, `secret`, `password`, `passwd`, `credential` or `credentials`, or two are `api_key`
///   or `private_key`, also within the content of config servers, all of which may be read there by whoever may read this;
/// * who somebody is in an address, as between `redis://` and `@`, and the values of such fields after its `?`;
/// * what connections run when they are opened (`setup`).
///
/// ```
/// use mainstay_specs::{AnyKind, NodeSpec};
///
/// let spec = NodeSpec::from_ron(r#"(http: (token: "hunter2"))"#, &AnyKind)?;
/// let shown = spec.shown().to_string();
/// assert!(shown.contains("•••") && !shown.contains("hunter2"), "{shown}");
/// # Ok::<(), mainstay_specs::Faults>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ShownSpec {
    ron: String,
}

impl ShownSpec {
    /// What stands in the place of a secret, as a text of its own or in an address.
    pub const HIDDEN: &'static str = "•••";
}

impl NodeSpec {
    /// The spec without its secrets. What is as by default is mostly left out.
    #[must_use]
    pub fn shown(&self) -> ShownSpec {
        let ron = self.to_ron();
        let tree = walk(&ron).tree;
        let mut edits = Edits {
            tree: &tree,
            hidden: Vec::new(),
        };
        if !tree.nodes.is_empty() {
            edits.look(0, false);
        }
        ShownSpec {
            ron: edits.carried_out(),
        }
    }
}

/// The RON.
impl fmt::Display for ShownSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ron)
    }
}

impl fmt::Debug for ShownSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ron)
    }
}

impl Serialize for ShownSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tree = walk(&self.ron).tree;
        match tree.nodes.is_empty() {
            true => serializer.serialize_unit(),
            false => Value { tree: &tree, at: 0 }.serialize(serializer),
        }
    }
}

struct Edits<'a> {
    tree: &'a Tree<'a>,
    /// Which bytes are to be what instead, in order.
    hidden: Vec<(std::ops::Range<usize>, String)>,
}

impl Edits<'_> {
    fn look(&mut self, at: usize, all: bool) {
        let tree = self.tree;
        let node = tree.node(at);
        let range = node.start as usize..node.end as usize;
        match node.shape {
            Shape::List | Shape::Map | Shape::Struct | Shape::Tuple => {
                let is_of_a_kind = tree.children(at).any(|child| tree.key(child) == "kind");
                for child in tree.children(at) {
                    let key = tree.key(child);
                    if all && node.shape == Shape::Map {
                        let (start, end) = tree.node(child).key;
                        self.hide(start as usize..end as usize);
                    }
                    let hides = is_secret(key) || key == "setup" || (is_of_a_kind && key == "args");
                    self.look(child, all || hides);
                }
            }
            // Nothing and a switch are no secrets.
            Shape::Name | Shape::Missing => {}
            Shape::Text | Shape::Literal if all => self.hide(range),
            Shape::Text => {
                let text = ron::from_str::<String>(tree.source(at)).unwrap_or_default();
                if let Some(shown) = address(&text) {
                    self.hidden.push((range, format!("{shown:?}")));
                }
            }
            Shape::Literal => {}
        }
    }

    fn hide(&mut self, range: std::ops::Range<usize>) {
        let hidden = format!("{:?}", ShownSpec::HIDDEN);
        self.hidden.push((range, hidden));
    }

    fn carried_out(self) -> String {
        let text = self.tree.text;
        let mut shown = String::with_capacity(text.len());
        let mut from = 0;
        for (range, instead) in self.hidden {
            shown.push_str(&text[from..range.start]);
            shown.push_str(&instead);
            from = range.end;
        }
        shown.push_str(&text[from..]);
        shown
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(['_', '-', '.', ' ']).collect();
    let is_pair = |pair: &[&str]| matches!(pair, ["api" | "private", "key"]);
    words.iter().any(|word| SECRETS.contains(word)) || words.windows(2).any(is_pair)
}

/// An address without who somebody is; none if it is none, or says nothing of it.
fn address(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let named = rest.rsplit_once('@');
    let rest = named.map_or(rest, |(_, rest)| rest);
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    let hides = |pair: &str| {
        let (name, _) = pair.split_once('=')?;
        is_secret(name).then(|| format!("{name}={}", ShownSpec::HIDDEN))
    };
    let shown = query.map(|query| {
        let pairs = query.split('&');
        let pairs = pairs.map(|pair| hides(pair).unwrap_or_else(|| pair.to_owned()));
        pairs.collect::<Vec<_>>().join("&")
    });
    if named.is_none() && shown.as_deref() == query {
        return None;
    }
    let who = named.map_or(String::new(), |_| format!("{}@", ShownSpec::HIDDEN));
    let query = shown.map_or(String::new(), |query| format!("?{query}"));
    Some(format!("{scheme}://{who}{place}{query}"))
}

/// A value of a tree, in the shapes that serde knows: a variant with something in it is a map of one entry, and `Some` is left out.
struct Value<'a> {
    tree: &'a Tree<'a>,
    at: usize,
}

impl<'a> Value<'a> {
    fn children(&self) -> impl Iterator<Item = Self> + use<'a> {
        let tree = self.tree;
        let children: Vec<usize> = tree.children(self.at).collect();
        children.into_iter().map(move |at| Self { tree, at })
    }

    fn inside<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shape = self.tree.node(self.at).shape;
        if matches!(shape, Shape::Map | Shape::Struct) {
            let mut map = serializer.serialize_map(None)?;
            for child in self.children() {
                map.serialize_entry(self.tree.key(child.at), &child)?;
            }
            return map.end();
        }
        let children: Vec<Self> = self.children().collect();
        match &children[..] {
            [one] if shape == Shape::Tuple => one.serialize(serializer),
            all => {
                let mut list = serializer.serialize_seq(Some(all.len()))?;
                for one in all {
                    list.serialize_element(one)?;
                }
                list.end()
            }
        }
    }
}

/// What a variant holds.
struct Inside<'a>(&'a Value<'a>);

impl Serialize for Inside<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.inside(serializer)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let source = self.tree.source(self.at);
        match self.tree.node(self.at).shape {
            Shape::Text => {
                let text = ron::from_str::<String>(source);
                serializer.serialize_str(text.as_deref().unwrap_or(source))
            }
            Shape::Literal => literal(source, serializer),
            Shape::Name => match source {
                "true" | "false" => serializer.serialize_bool(source == "true"),
                "None" => serializer.serialize_none(),
                name => serializer.serialize_str(name),
            },
            Shape::List | Shape::Map => self.inside(serializer),
            Shape::Struct | Shape::Tuple => match self.tree.name(self.at) {
                "" | "Some" => self.inside(serializer),
                name => {
                    let mut map = serializer.serialize_map(Some(1))?;
                    map.serialize_entry(name, &Inside(self))?;
                    map.end()
                }
            },
            Shape::Missing => serializer.serialize_unit(),
        }
    }
}

/// A number as one, if it is one; else as it is written.
fn literal<S: Serializer>(source: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(number) = ron::from_str::<u64>(source) {
        serializer.serialize_u64(number)
    } else if let Ok(number) = ron::from_str::<i64>(source) {
        serializer.serialize_i64(number)
    } else if let Ok(number) = ron::from_str::<f64>(source) {
        serializer.serialize_f64(number)
    } else {
        serializer.serialize_str(source)
    }
}

const SECRETS: [&str; 6] = [
    "token",
    "secret",
    "password",
    "passwd",
    "credential",
    "credentials",
];

#[cfg(test)]
mod tests {
    use super::{address, is_secret};
    use crate::{AnyKind, NodeSpec};

    #[test]
    fn words_that_name_secrets_are_known_and_others_are_not() {
        for secret in [
            "token",
            "db_password",
            "API-Key",
            "client_secret",
            "private_key",
        ] {
            assert!(is_secret(secret), "{secret}");
        }
        for other in [
            "tokens",
            "key",
            "token_bucket_size".trim_start_matches("token_"),
            "keys_max",
        ] {
            assert!(!is_secret(other), "{other}");
        }
    }

    #[test]
    fn nobody_is_named_in_an_address() {
        for (text, shown) in [
            ("redis://ada:pw@h:1/2", Some("redis://•••@h:1/2")),
            ("redis://:p/@w@h", Some("redis://•••@h")),
            (
                "postgres://h/db?user=ada&password=pw&x=1",
                Some("postgres://h/db?user=ada&password=•••&x=1"),
            ),
            ("postgres:///db?host=/run/postgresql", None),
            ("redis://h:6379", None),
            ("no address", None),
        ] {
            assert_eq!(address(text).as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_shown_holds_no_secret_and_all_else() {
        let text = r#"(
            namespaces: [(
                name: "app",
                services: (
                    config_server: (initial: (args: (n: 10), pool: (size: 10, password: "s1", pin_token: 5), ratio: 0.5, none: None)),
                    rate_limiters: (limiters: [(name: "api", config: (limit: 1, window: "1s",
                        backend: (redis: (url: "redis://ada:s2@h:1/2", secret: "s3s3s3s3s3s3s3s3"))))]),
                    connection_pools: (pools: [
                        (name: "a", source: postgres(url: "postgres://ada:s4@h/db?password=s5", setup: "SET x = 's6'")),
                        (name: "b", source: other(kind: "ldap", args: (host: "h", dn: "s7", words: ["s8", 9]))),
                        (name: "c", source: sqlite(path: "app.db")),
                    ]),
                ),
                children: [
                    (id: "c", kind: "k", args: (every: "s12", api_key: "s9", to: "https://s10@h/x", on: true, in: [Some(14), None])),
                    (id: "d", kind: "k", args: "s13"),
                    (id: "g", kind: "k", args: {"s15": (of: {1: "s16"})}),
                    (id: "e", supervisor: (), children: [(id: "f", kind: "k", args: (inner: (key: "s14", ratio: 1.5)))]),
                ],
            )],
            http: (token: "s11"),
        )"#;
        let spec = NodeSpec::from_ron(text, &AnyKind).unwrap_or_else(|faults| panic!("{faults}"));
        let shown = spec.shown().to_string();
        for nth in 1..=16 {
            assert!(!shown.contains(&format!("s{nth}")), "s{nth}: {shown}");
        }
        for kept in [
            "n: 10",
            "size: 10",
            "app.db",
            "ldap",
            "every: \"•••\"",
            "to: \"•••\"",
            "on: true",
            "args: \"•••\"",
            "key: \"•••\"",
            "ratio: \"•••\"",
            "\"•••\": (of: {\"•••\": \"•••\"})",
            "redis://•••@h:1/2",
        ] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        assert!(
            NodeSpec::from_ron(&shown, &AnyKind).is_err(),
            "a secret of 3 characters is none"
        );
    }
}
