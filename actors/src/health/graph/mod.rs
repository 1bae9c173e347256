//! Who fails by themselves, and who is impaired by them: pure.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`blame`] |
//! | `tests.rs` | its tests, against one that tries all ways |

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use mainstay_specs::ServiceName;

use super::snapshot::RootCause;
use super::status::HealthStatus;

/// A service among others, which are sorted by name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) name: &'a ServiceName,
    pub(crate) status: HealthStatus,
    pub(crate) depends_on: &'a [ServiceName],
}

/// What is at the bottom of all that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blames {
    /// Those that fail by themselves, the worst first, then by name.
    pub(crate) causes: Vec<RootCause>,
    /// How many more there are than are looked at.
    pub(crate) left_out: usize,
    /// For each that is impaired, by its place.
    pub(crate) impaired: Vec<(usize, Blame)>,
}

/// Why one is impaired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blame {
    /// The causes, in their order.
    pub(crate) by: Vec<ServiceName>,
    /// The shortest way to the first of them, which is its end unless there are more than 64 on it.
    pub(crate) chain: Vec<ServiceName>,
}

/// The most causes that are told of: each is a walk over all that may depend on it.
pub(crate) const CAUSES_MAX: usize = 100;

/// The most that are told of a way: of a chain, each has one.
pub(crate) const CHAIN_MAX: usize = 64;

/// Finds what fails by itself: what fails while nothing it depends on does, directly or by way of others; and who depends on that. A
/// service that two others depend on is one cause and counts once. Names without a service, and circles, do no harm.
pub(crate) fn blame(nodes: &[Node<'_>]) -> Blames {
    if !nodes.iter().any(|node| node.status.is_failing()) {
        return Blames::default();
    }
    let on = edges(nodes);
    let mut roots = roots(nodes, &on);
    roots.sort_by_key(|nth| (std::cmp::Reverse(nodes[*nth].status), *nth));
    let left_out = roots.len().saturating_sub(CAUSES_MAX);
    roots.truncate(CAUSES_MAX);
    let by = reversed(&on);
    let mut blames: Vec<Blame> = vec![Blame::default(); nodes.len()];
    let causes = roots.iter().map(|root| {
        let reached = impair(*root, nodes, &by, &mut blames);
        RootCause {
            name: nodes[*root].name.clone(),
            status: nodes[*root].status,
            impairs: reached.iter().map(|nth| nodes[*nth].name.clone()).collect(),
        }
    });
    let causes = causes.collect();
    let impaired = blames.into_iter().enumerate();
    let impaired = impaired.filter(|(_, blame)| !blame.by.is_empty());
    Blames {
        causes,
        left_out,
        impaired: impaired.collect(),
    }
}

/// The places of what each depends on.
fn edges(nodes: &[Node<'_>]) -> Vec<Vec<usize>> {
    let place = |name: &ServiceName| nodes.binary_search_by(|node| node.name.cmp(name)).ok();
    let of = |node: &Node<'_>| node.depends_on.iter().filter_map(place).collect();
    nodes.iter().map(of).collect()
}

/// The places of who depends on each.
fn reversed(on: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut by = vec![Vec::new(); on.len()];
    for (nth, on) in on.iter().enumerate() {
        on.iter().for_each(|dependency| by[*dependency].push(nth));
    }
    by
}

/// The places of those that fail while nothing does that they depend on.
fn roots(nodes: &[Node<'_>], on: &[Vec<usize>]) -> Vec<usize> {
    // Whether something fails below each: passed upwards from all that fails, each once.
    let by = reversed(on);
    let mut below = vec![false; nodes.len()];
    let failing = |nth: &usize| nodes[*nth].status.is_failing();
    let mut left: Vec<usize> = (0..nodes.len()).filter(failing).collect();
    while let Some(nth) = left.pop() {
        for dependent in &by[nth] {
            if !std::mem::replace(&mut below[*dependent], true) {
                left.push(*dependent);
            }
        }
    }
    let all = 0..nodes.len();
    all.filter(|nth| failing(nth) && !below[*nth]).collect()
}

/// Blames a root for all who depend on it, the nearest first; gives their places in order.
fn impair(root: usize, nodes: &[Node<'_>], by: &[Vec<usize>], blames: &mut [Blame]) -> Vec<usize> {
    // What each was reached from: the next on its way to the root.
    let mut from: Vec<Option<usize>> = vec![None; nodes.len()];
    let (mut left, mut reached) = (VecDeque::from([root]), Vec::new());
    while let Some(nth) = left.pop_front() {
        for dependent in &by[nth] {
            if *dependent != root && from[*dependent].is_none() {
                from[*dependent] = Some(nth);
                left.push_back(*dependent);
                reached.push(*dependent);
            }
        }
    }
    for nth in &reached {
        if blames[*nth].by.is_empty() {
            let way = std::iter::successors(from[*nth], |at| from[*at]);
            let way = way.take(CHAIN_MAX);
            blames[*nth].chain = way.map(|at| nodes[at].name.clone()).collect();
        }
        blames[*nth].by.push(nodes[root].name.clone());
    }
    reached.sort_unstable();
    reached
}
