use crate::{AnyKind, NodeSpec};

fn read(text: &str) -> NodeSpec {
    NodeSpec::from_ron(text, &AnyKind).unwrap_or_else(|faults| panic!("{faults}"))
}

fn namespace(inner: &str) -> NodeSpec {
    read(&format!("(namespaces: [(name: \"n\", {inner})])"))
}

fn lines(old: &NodeSpec, new: &NodeSpec) -> Vec<String> {
    old.diff(new)
        .changes()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_child_with_another_argument_is_restarted_and_no_other() {
    let of = |every: u32| {
        namespace(&format!(
            "children: [(id: \"a\", kind: \"k\"), (id: \"b\", kind: \"k\", args: (n: {every}))]"
        ))
    };
    assert_eq!(
        lines(&of(1), &of(2)),
        [
            "namespaces[0].children[1].args: changed, restarts n/children/b: what it runs is made when it starts"
        ]
    );
}

#[test]
fn children_that_go_and_come_are_told_by_their_places() {
    let old = namespace("children: [(id: \"a\", kind: \"k\"), (id: \"b\", kind: \"k\")]");
    let new = namespace("children: [(id: \"b\", kind: \"k\"), (id: \"c\", kind: \"k\")]");
    assert_eq!(
        lines(&old, &new),
        [
            "namespaces[0].children[0]: removed, stops n/children/a",
            "namespaces[0].children[1]: added, starts n/children/c",
        ]
    );
}

#[test]
fn the_order_of_children_is_in_place_where_only_starts_and_stops_mind_it() {
    let of = |strategy: &str, order: [&str; 2]| {
        let [first, second] = order;
        namespace(&format!(
            "supervisor: (strategy: {strategy}), children: [(id: \"{first}\", kind: \"k\"), (id: \"{second}\", kind: \"k\")]"
        ))
    };
    assert_eq!(
        lines(
            &of("one_for_one", ["a", "b"]),
            &of("one_for_one", ["b", "a"])
        ),
        ["namespaces[0].children: changed, in place"]
    );
    assert_eq!(
        lines(
            &of("rest_for_one", ["a", "b"]),
            &of("rest_for_one", ["b", "a"])
        ),
        [
            "namespaces[0].children: changed, restarts n/children: it restarts its children in the order in which they were started"
        ]
    );
}

#[test]
fn a_supervisor_that_behaves_otherwise_does_so_where_it_stands() {
    let of = |strategy: &str| {
        namespace(&format!(
            "children: [(id: \"s\", supervisor: (strategy: {strategy}), children: [(id: \"a\", kind: \"k\")])]"
        ))
    };
    assert_eq!(
        lines(&of("one_for_one"), &of("one_for_all")),
        ["namespaces[0].children[0].supervisor.strategy: changed, in place"]
    );
}

#[test]
fn what_is_settled_when_a_service_starts_restarts_it_and_what_comes_after_it() {
    let of = |limit: u32, queue: u32| {
        namespace(&format!(
            "services: (event_store: (queue_max: {queue}),
              rate_limiters: (limiters: [(name: \"api\", config: (limit: {limit}, window: \"1s\"))]))"
        ))
    };
    assert_eq!(
        lines(&of(5, 2000), &of(6, 3000)),
        [
            "namespaces[0].services.rate_limiters.limiters[0].config: changed, in place",
            "namespaces[0].services.event_store.queue_max: changed, restarts n/event_store and what comes after it: its keeper goes by what it started with",
        ]
    );
}

#[test]
fn what_takes_a_new_node_is_refused_with_the_reason() {
    let diff =
        read("(http: (bind: \"127.0.0.1:1\"))").diff(&read("(http: (bind: \"127.0.0.1:2\"))"));
    let refused: Vec<_> = diff.refused().map(ToString::to_string).collect();
    assert_eq!(
        refused,
        ["http.bind: changed, takes a new node: the node is found by its address"]
    );
}

#[test]
fn namespaces_go_before_others_come() {
    let old = read("(namespaces: [(name: \"a\"), (name: \"b\")])");
    let new = read("(namespaces: [(name: \"c\"), (name: \"b\")], shutdown_deadline: \"5s\")");
    assert_eq!(
        lines(&old, &new),
        [
            "shutdown_deadline: changed, in place",
            "namespaces[0]: removed, stops a",
            "namespaces[0]: added, starts c",
        ]
    );
}

#[test]
fn how_often_the_root_of_a_namespace_may_restart_is_changed_where_it_stands() {
    let of = |intensity: u32, period: &str| {
        namespace(&format!(
            "root_limit: (intensity: {intensity}, period: \"{period}\")"
        ))
    };
    assert_eq!(
        lines(&of(3, "5s"), &of(1, "1h")),
        [
            "namespaces[0].root_limit.intensity: changed, in place",
            "namespaces[0].root_limit.period: changed, in place",
        ]
    );
    assert!(of(3, "5s").diff(&namespace("")).is_empty());
}
