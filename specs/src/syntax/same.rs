//! Whether two texts say the same.

use std::collections::BTreeMap;

use super::{Shape, Tree, walk};

/// Whether two values in RON are the same, however they are written. If one cannot be read, they are the same if the texts are.
///
/// The order of named fields makes no difference; that of the entries of a map may to who reads them.
pub(crate) fn says_the_same(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (one, other) = (walk(one), walk(other));
    let is_read = |walk: &super::walk::Walk<'_>| {
        walk.stopped.is_none() && walk.faults.is_empty() && !walk.tree.nodes.is_empty()
    };
    is_read(&one) && is_read(&other) && same((&one.tree, 0), (&other.tree, 0))
}

type At<'a> = (&'a Tree<'a>, usize);

fn same((one, at): At<'_>, (other, there): At<'_>) -> bool {
    let shape = one.node(at).shape;
    if shape != other.node(there).shape {
        return false;
    }
    match shape {
        Shape::Text => same_as::<String>(one.source(at), other.source(there)),
        Shape::Literal => same_as::<ron::Value>(one.source(at), other.source(there)),
        Shape::Name => one.source(at) == other.source(there),
        Shape::Struct => {
            one.name(at) == other.name(there) && same_fields((one, at), (other, there))
        }
        Shape::Tuple => {
            one.name(at) == other.name(there) && same_in_order((one, at), (other, there))
        }
        Shape::List | Shape::Map => same_in_order((one, at), (other, there)),
        Shape::Missing => false,
    }
}

fn same_as<T: serde::de::DeserializeOwned + PartialEq>(one: &str, other: &str) -> bool {
    let read = |text: &str| ron::from_str::<T>(text).ok();
    one == other || read(one).is_some_and(|value| Some(value) == read(other))
}

fn same_fields((one, at): At<'_>, (other, there): At<'_>) -> bool {
    let fields = |tree: &Tree<'_>, of: usize| -> Vec<usize> { tree.children(of).collect() };
    let (here, those) = (fields(one, at), fields(other, there));
    let named: BTreeMap<&str, usize> = those.iter().map(|nth| (other.key(*nth), *nth)).collect();
    // A name that is given twice is none that can be compared.
    let is_unique = named.len() == those.len() && here.len() == those.len();
    is_unique
        && here.into_iter().all(|nth| {
            let found = named.get(one.key(nth));
            found.is_some_and(|found| same((one, nth), (other, *found)))
        })
}

fn same_in_order((one, at): At<'_>, (other, there): At<'_>) -> bool {
    let (mut here, mut those) = (one.children(at), other.children(there));
    loop {
        match (here.next(), those.next()) {
            (None, None) => return true,
            (Some(nth), Some(found)) => {
                let key = one.written_key(nth) == other.written_key(found)
                    || same_as::<ron::Value>(one.written_key(nth), other.written_key(found));
                if !key || !same((one, nth), (other, found)) {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::says_the_same;

    #[test]
    fn white_space_comments_and_the_order_of_fields_make_no_difference() {
        for (one, other) in [
            ("(a: 1, b: [2, 3])", "(b:[2,3,],/* so */a:1,)"),
            ("(a: \"x\")", "(a: r#\"x\"#)"),
            ("(a: \"\\u{41}\")", "(a: \"A\")"),
            ("(a: 1_000, b: 0x10)", "(a: 1000, b: 16)"),
            ("{\"a\": 1}", "{ \"a\" : 1 }"),
            ("Other(x: 1, y: (2, 3))", "Other( y : ( 2 , 3 ) , x : 1 )"),
            ("()", "( )"),
        ] {
            assert!(says_the_same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn anything_else_does() {
        for (one, other) in [
            ("(a: 1)", "(a: 2)"),
            ("(a: 1)", "(b: 1)"),
            ("(a: 1)", "(a: 1, b: 2)"),
            ("(a: 1)", "{\"a\": 1}"),
            ("[1, 2]", "[2, 1]"),
            ("(1, 2)", "(2, 1)"),
            ("{\"a\": 1, \"b\": 2}", "{\"b\": 2, \"a\": 1}"),
            ("{1: 1}", "{2: 1}"),
            ("One(a: 1)", "Other(a: 1)"),
            ("\"a\"", "\"a \""),
            ("true", "false"),
            ("(a: 1", "(a: 1 "),
        ] {
            assert!(!says_the_same(one, other), "{one} {other}");
        }
    }
}
