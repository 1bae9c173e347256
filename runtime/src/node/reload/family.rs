//! Which children of a supervisor a change of some of them concerns: pure.

use std::collections::HashSet;

use mainstay_specs::{ChildId, ChildSpec, NodeChild, Strategy, start_order};

/// What is to be done with the children of one supervisor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Family {
    /// Stopped and forgotten, in this order: those that are not in the new spec, and those of `come` that were there.
    pub(super) gone: Vec<ChildId>,
    /// Restarted in their places, in this order, after they were stopped in the reverse of it.
    pub(super) anew: Vec<ChildId>,
    /// Started behind all others, in this order.
    pub(super) come: Vec<ChildId>,
    /// All others: they run on.
    pub(super) stay: Vec<ChildId>,
}

/// Sorts the children, of which those in `changed` are to start anew.
///
/// It takes those along whom a restart of a changed child would concern: with one_for_all all others, with rest_for_one those after it, and
/// always those that depend on it. One that is to depend on what now stands behind it is put behind that.
pub(super) fn family(
    (old, new): (&[NodeChild], &[NodeChild]),
    changed: &HashSet<ChildId>,
    strategy: Strategy,
) -> Family {
    let specs: Vec<&ChildSpec> = new.iter().map(|child| &child.spec).collect();
    // They were found valid; and if there were a circle, the order of the file would do.
    let order = start_order(&specs).unwrap_or_else(|_| (0..specs.len()).collect());
    let is_old = |id: &ChildId| old.iter().any(|child| child.spec.id == *id);
    let is_new = |id: &ChildId| new.iter().any(|child| child.spec.id == *id);
    let is_touched =
        |child: &NodeChild| !is_old(&child.spec.id) || changed.contains(&child.spec.id);
    let any_gone = old.iter().any(|child| !is_new(&child.spec.id));
    let mut family = Family::default();
    let mut touched = strategy == Strategy::OneForAll && (any_gone || new.iter().any(is_touched));
    // What stands behind something that is gone is concerned by its end.
    let after_gone = |id: &ChildId| {
        let mut before = old.iter().take_while(|child| child.spec.id != *id);
        before.any(|child| !is_new(&child.spec.id))
    };
    let mut concerned: HashSet<&ChildId> = HashSet::new();
    for spec in order.into_iter().map(|nth| specs[nth]) {
        let id = &spec.id;
        let needs = |of: &[ChildId]| spec.depends_on.iter().any(|needed| of.contains(needed));
        let depends = spec
            .depends_on
            .iter()
            .any(|needed| concerned.contains(needed));
        let rests = strategy == Strategy::RestForOne && is_old(id) && after_gone(id);
        let is_changed = changed.contains(id) || !is_old(id);
        if !is_old(id) || needs(&family.come) || (is_changed && stands_behind(old, spec)) {
            family.come.push(id.clone());
            concerned.insert(id);
        } else if is_changed || depends || touched || rests {
            family.anew.push(id.clone());
            concerned.insert(id);
        } else {
            family.stay.push(id.clone());
            continue;
        }
        touched |= strategy == Strategy::RestForOne;
    }
    let leaves = |id: &ChildId| !is_new(id) || family.come.contains(id);
    let gone = old.iter().rev().map(|child| &child.spec.id);
    family.gone = gone.filter(|id| leaves(id)).cloned().collect();
    family
}

/// Whether something that it is to depend on was started after it.
fn stands_behind(old: &[NodeChild], spec: &ChildSpec) -> bool {
    let place = |id: &ChildId| old.iter().position(|child| child.spec.id == *id);
    let own = place(&spec.id);
    let mut needed = spec.depends_on.iter();
    needed.any(|needed| place(needed) > own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ChildId {
        ChildId::new(text).expect("a name")
    }

    /// Children by a text such as `a b>a`: b depends on a.
    fn children(text: &str) -> Vec<NodeChild> {
        let words = text.split_whitespace();
        let children = words.map(|word| {
            let mut parts = word.split('>');
            let own = id(parts.next().expect("an id"));
            let spec = ChildSpec::new(own).depends_on(parts.map(id));
            NodeChild::worker(spec, "k")
        });
        children.collect()
    }

    /// What goes, is restarted, and comes.
    fn sorted(old: &str, new: &str, changed: &[&str], strategy: Strategy) -> [String; 3] {
        let changed = changed.iter().map(|text| id(text)).collect();
        let family = family((&children(old), &children(new)), &changed, strategy);
        let text = |ids: Vec<ChildId>| {
            let ids: Vec<_> = ids.iter().map(ChildId::as_str).collect();
            ids.join(" ")
        };
        [family.gone, family.anew, family.come].map(text)
    }

    #[test]
    fn a_changed_child_concerns_itself_alone_under_one_for_one() {
        let sorted = sorted("a b c", "a b c", &["b"], Strategy::OneForOne);
        assert_eq!(sorted, ["", "b", ""]);
    }

    #[test]
    fn those_that_depend_on_it_are_restarted_with_it() {
        let sorted = sorted("a b>a c d>b", "a b>a c d>b", &["a"], Strategy::OneForOne);
        assert_eq!(sorted, ["", "a b d", ""]);
    }

    #[test]
    fn those_after_it_are_restarted_with_it_under_rest_for_one() {
        let one = sorted("a b c", "a b c", &["b"], Strategy::RestForOne);
        assert_eq!(one, ["", "b c", ""]);
        let gone = sorted("a b c", "a c", &[], Strategy::RestForOne);
        assert_eq!(gone, ["b", "c", ""]);
        let come = sorted("a b", "a b c", &[], Strategy::RestForOne);
        assert_eq!(come, ["", "", "c"]);
    }

    #[test]
    fn all_are_restarted_with_it_under_one_for_all() {
        let one = sorted("a b c", "a b c", &["c"], Strategy::OneForAll);
        assert_eq!(one, ["", "a b c", ""]);
        let come = sorted("a", "a b", &[], Strategy::OneForAll);
        assert_eq!(come, ["", "a", "b"]);
    }

    #[test]
    fn one_that_is_to_depend_on_what_comes_is_put_behind_it() {
        let sorted = sorted("a b", "a>c b c", &["a"], Strategy::OneForOne);
        assert_eq!(sorted, ["a", "", "c a"]);
    }
}
