//! Trees: a list of supervisors, each with its children in OTP's order and its counts.

use serde_json::Value;

use super::Difference;

/// Compares the tree with the one expected, node by node.
///
/// # Errors
///
/// The first node that differs; in a node that is at its place, the first entry.
pub fn match_trees(expected: &[Value], got: &[Value]) -> Result<(), Difference> {
    for (index, wanted) in expected.iter().enumerate() {
        match got.get(index) {
            Some(there) if there == wanted => {}
            Some(there) => return Err(node_difference(index, wanted, there)),
            None => return Err(Difference::new(format!("node {index}"), wanted, &"nothing")),
        }
    }
    match got.get(expected.len()) {
        None => Ok(()),
        Some(extra) => Err(Difference::new(
            format!("node {}", expected.len()),
            &"no more",
            extra,
        )),
    }
}

fn node_difference(index: usize, expected: &Value, got: &Value) -> Difference {
    let is_same = |field: &str| expected[field] == got[field];
    if !(is_same("sup") && is_same("n")) {
        return Difference::new(format!("node {index}"), expected, got);
    }
    let field = if is_same("children") {
        "counts"
    } else {
        "children"
    };
    let name = expected["sup"].as_str().unwrap_or("?");
    let place = format!("node {name}: {field}");
    Difference::new(place, &expected[field], &got[field])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(path: &str, children: &Value, counts: [u32; 4]) -> Value {
        json!({"sup": path, "n": 1, "children": children, "counts": counts})
    }

    #[test]
    fn equal_trees_match() {
        let tree = [node(
            "root",
            &json!([["a", "alive", 1, "worker"]]),
            [1, 1, 0, 1],
        )];
        assert_eq!(match_trees(&tree, &tree), Ok(()));
        assert_eq!(match_trees(&[], &[]), Ok(()));
    }

    #[test]
    fn the_order_of_children_matters() {
        let expected = [node("root", &json!([["b"], ["a"]]), [2, 2, 0, 2])];
        let got = [node("root", &json!([["a"], ["b"]]), [2, 2, 0, 2])];
        let difference = match_trees(&expected, &got).unwrap_err();
        let wanted = Difference::new(
            "node root: children",
            &r#"[["b"],["a"]]"#,
            &r#"[["a"],["b"]]"#,
        );
        assert_eq!(difference, wanted);
    }

    #[test]
    fn counts_are_compared_too() {
        let expected = [node("root", &json!([]), [2, 2, 0, 2])];
        let got = [node("root", &json!([]), [2, 1, 0, 2])];
        let difference = match_trees(&expected, &got).unwrap_err();
        assert_eq!(difference.place, "node root: counts");
    }

    #[test]
    fn a_missing_and_an_additional_node_are_differences() {
        let (root, inner) = (
            node("root", &json!([]), [0; 4]),
            node("root/s", &json!([]), [0; 4]),
        );
        let both = [root.clone(), inner.clone()];
        let missing = Difference::new("node 1", &inner, &"nothing");
        assert_eq!(
            match_trees(&both, std::slice::from_ref(&root)),
            Err(missing)
        );
        let additional = Difference::new("node 1", &"no more", &inner);
        assert_eq!(
            match_trees(std::slice::from_ref(&root), &both),
            Err(additional)
        );
    }
}
