//! What is written is read as the same.

use mainstay_specs::{
    AnyKind, Args, ChildId, ChildSpec, NamespaceName, NamespaceSpec, NodeChild, NodeSpec,
    SupervisorFlags,
};
use proptest::prelude::*;

use crate::any::node;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_node_is_read_as_it_was_written(node in node()) {
        let text = node.to_ron();
        let read = NodeSpec::from_ron(&text, &AnyKind).map_err(|faults| faults.render("node.ron", &text));
        prop_assert_eq!(read, Ok(node));
    }
}

#[test]
fn what_is_as_by_default_is_left_out() {
    let clock = NodeChild::worker(ChildSpec::new(ChildId::new("clock").unwrap()), "ticker")
        .args(Args::from_ron("(every: \"1s\")").unwrap());
    let namespace = NamespaceSpec::new(NamespaceName::new("production").unwrap()).child(clock);
    assert_eq!(
        NodeSpec::new().namespace(namespace).to_ron(),
        "(
    namespaces: [
        (
            name: \"production\",
            children: [
                (
                    id: \"clock\",
                    kind: \"ticker\",
                    args: (every: \"1s\"),
                ),
            ],
        ),
    ],
    shutdown_deadline: \"30s\",
)"
    );
}

#[test]
fn the_deepest_tree_there_may_be_is_written_and_read() {
    let id = |text: &str| ChildId::new(text).unwrap();
    let mut tree = NodeChild::worker(ChildSpec::new(id("leaf")), "k");
    for _ in 0..63 {
        tree = NodeChild::supervisor(ChildSpec::new(id("s")), SupervisorFlags::default(), [tree]);
    }
    let node =
        NodeSpec::new().namespace(NamespaceSpec::new(NamespaceName::new("n").unwrap()).child(tree));
    assert_eq!(NodeSpec::from_ron(&node.to_ron(), &AnyKind), Ok(node));
}
