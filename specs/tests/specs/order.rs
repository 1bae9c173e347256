//! The order children are started in.

use mainstay_specs::{ChildSpec, start_order};
use proptest::prelude::*;

use crate::support::{child, id};

fn children(given: &[(&str, &[&str])]) -> Vec<ChildSpec> {
    let child =
        |(name, needs): &(&str, &[&str])| child(name).depends_on(needs.iter().map(|need| id(need)));
    given.iter().map(child).collect()
}

fn order(given: &[(&str, &[&str])]) -> Result<String, String> {
    let children = children(given);
    let refs: Vec<&ChildSpec> = children.iter().collect();
    let order = start_order(&refs).map_err(|cycle| cycle.to_string())?;
    let ids: Vec<&str> = order.iter().map(|&at| children[at].id.as_str()).collect();
    Ok(ids.join(" "))
}

#[test]
fn children_without_dependencies_keep_the_given_order() {
    let given: &[(&str, &[&str])] = &[("c", &[]), ("a", &[]), ("b", &[])];
    assert_eq!(order(given).as_deref(), Ok("c a b"));
    assert_eq!(order(&[]).as_deref(), Ok(""));
}

#[test]
fn what_is_depended_on_comes_forward_and_nothing_else_moves() {
    let given: &[(&str, &[&str])] = &[
        ("a", &["d", "c"]),
        ("b", &[]),
        ("c", &[]),
        ("d", &[]),
        ("e", &["a"]),
    ];
    assert_eq!(order(given).as_deref(), Ok("c d a b e"));
    let already: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])];
    assert_eq!(order(already).as_deref(), Ok("a b c"));
}

#[test]
fn a_cycle_is_told_as_a_circle() {
    let three: &[(&str, &[&str])] = &[("x", &[]), ("a", &["b"]), ("b", &["c"]), ("c", &["a"])];
    assert_eq!(order(three), Err("a → b → c → a".to_owned()));
    assert_eq!(order(&[("a", &["a"])]), Err("a → a".to_owned()));
}

#[test]
fn of_a_long_cycle_the_beginning_is_told() {
    let ring: Vec<ChildSpec> = (0..100)
        .map(|n| child(&n.to_string()).depends_on([id(&((n + 1) % 100).to_string())]))
        .collect();
    let refs: Vec<&ChildSpec> = ring.iter().collect();
    let cycle = start_order(&refs).unwrap_err();
    assert_eq!(cycle.ids().len(), 100);
    assert!(
        cycle.to_string().ends_with(" → 31 → (68 more) → 0"),
        "{cycle}"
    );
}

#[test]
fn unknown_siblings_are_passed_over() {
    assert_eq!(
        order(&[("a", &["nobody"]), ("b", &[])]).as_deref(),
        Ok("a b")
    );
}

#[test]
fn a_chain_of_a_hundred_thousand_children_takes_no_deep_stack() {
    let last = 100_000;
    let chain: Vec<ChildSpec> = (0..=last)
        .map(|n| {
            let next = (n < last).then(|| id(&format!("{}", n + 1)));
            child(&n.to_string()).depends_on(next)
        })
        .collect();
    let refs: Vec<&ChildSpec> = chain.iter().collect();
    let order = start_order(&refs).unwrap();
    assert!(order.iter().copied().eq((0..=last).rev()));
}

proptest! {
    #[test]
    fn every_child_comes_once_and_after_what_it_depends_on(
        needs in prop::collection::vec(prop::collection::vec(0_usize..20, 0..3), 1..20),
    ) {
        let given: Vec<ChildSpec> = needs.iter().enumerate().map(|(n, needs)| {
            child(&n.to_string()).depends_on(needs.iter().map(|need| id(&need.to_string())))
        }).collect();
        let refs: Vec<&ChildSpec> = given.iter().collect();
        match start_order(&refs) {
            Ok(order) => {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                prop_assert!(sorted.into_iter().eq(0..given.len()));
                let place = |child: usize| order.iter().position(|&other| other == child);
                for (child, needs) in needs.iter().enumerate() {
                    for &need in needs.iter().filter(|&&need| need < given.len()) {
                        prop_assert!(place(need) < place(child));
                    }
                }
            }
            Err(cycle) => {
                let ids = cycle.ids();
                for (nth, from) in ids.iter().enumerate() {
                    let to = &ids[(nth + 1) % ids.len()];
                    let from: usize = from.as_str().parse().unwrap();
                    prop_assert!(given[from].depends_on.contains(to));
                }
            }
        }
    }
}
