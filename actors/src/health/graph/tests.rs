use proptest::prelude::*;

use super::*;
use HealthStatus::{Degraded, Healthy, Unhealthy, Unknown};

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

struct Net(Vec<(ServiceName, HealthStatus, Vec<ServiceName>)>);

impl Net {
    /// Services by name, each with what it depends on.
    fn new(all: &[(&str, HealthStatus, &[&str])]) -> Self {
        let all = all.iter().map(|(service, status, on)| {
            (
                name(service),
                *status,
                on.iter().map(|on| name(on)).collect(),
            )
        });
        Self(all.collect())
    }

    fn blame(&self) -> Blames {
        let nodes = self.0.iter().map(|(name, status, depends_on)| Node {
            name,
            status: *status,
            depends_on,
        });
        blame(&nodes.collect::<Vec<_>>())
    }
}

fn texts(names: &[ServiceName]) -> Vec<&str> {
    names.iter().map(ServiceName::as_str).collect()
}

#[test]
fn what_is_well_has_no_cause() {
    let net = Net::new(&[("a", Healthy, &["b"]), ("b", Unknown, &[])]);
    assert_eq!(net.blame(), Blames::default());
}

#[test]
fn a_chain_of_five_has_its_cause_at_the_end() {
    let net = Net::new(&[
        ("a", Unhealthy, &["b"]),
        ("b", Healthy, &["c"]),
        ("c", Degraded, &["d"]),
        ("d", Unhealthy, &["e"]),
        ("e", Unhealthy, &[]),
    ]);
    let found = net.blame();
    assert_eq!(found.causes.len(), 1);
    assert_eq!(found.causes[0].name, name("e"));
    assert_eq!(texts(&found.causes[0].impairs), ["a", "b", "c", "d"]);
    let (place, first) = &found.impaired[0];
    assert_eq!((*place, texts(&first.chain)), (0, vec!["b", "c", "d", "e"]));
}

#[test]
fn a_diamond_is_one_cause_and_counts_once() {
    let net = Net::new(&[
        ("left", Degraded, &["root"]),
        ("right", Degraded, &["root"]),
        ("root", Unhealthy, &[]),
        ("top", Healthy, &["left", "right"]),
    ]);
    let found = net.blame();
    let causes: Vec<_> = found
        .causes
        .iter()
        .map(|cause| cause.name.as_str())
        .collect();
    assert_eq!(causes, ["root"]);
    assert_eq!(texts(&found.causes[0].impairs), ["left", "right", "top"]);
    let (_, top) = found.impaired.last().expect("the top");
    assert_eq!(
        (texts(&top.by), texts(&top.chain)),
        (vec!["root"], vec!["left", "root"])
    );
}

#[test]
fn the_worst_cause_comes_first_and_the_way_leads_to_it() {
    let net = Net::new(&[
        ("a-slow", Degraded, &[]),
        ("down", Unhealthy, &[]),
        ("top", Degraded, &["a-slow", "down"]),
    ]);
    let found = net.blame();
    let causes: Vec<_> = found
        .causes
        .iter()
        .map(|cause| cause.name.as_str())
        .collect();
    assert_eq!(causes, ["down", "a-slow"]);
    let (_, top) = &found.impaired[0];
    assert_eq!(
        (texts(&top.by), texts(&top.chain)),
        (vec!["down", "a-slow"], vec!["down"])
    );
}

#[test]
fn a_dependency_that_nobody_has_registered_does_no_harm() {
    let net = Net::new(&[("a", Unhealthy, &["nowhere"])]);
    let found = net.blame();
    assert_eq!((found.causes.len(), found.impaired.len()), (1, 0));
}

#[test]
fn no_more_causes_are_told_than_there_is_room_for() {
    let all: Vec<String> = (0..130).map(|nth| format!("n{nth:03}")).collect();
    let all: Vec<_> = all
        .iter()
        .map(|name| (name.as_str(), Unhealthy, &[][..]))
        .collect();
    let found = Net::new(&all).blame();
    assert_eq!((found.causes.len(), found.left_out), (100, 30));
}

#[test]
fn no_more_of_a_way_is_told_than_there_is_room_for() {
    let all: Vec<String> = (0..200).map(|nth| format!("n{nth:03}")).collect();
    let on: Vec<Vec<&str>> = (1..=200)
        .map(|nth| all.get(nth).into_iter().map(String::as_str).collect())
        .collect();
    let all: Vec<_> = all
        .iter()
        .zip(&on)
        .map(|(name, on)| (name.as_str(), Unhealthy, &on[..]))
        .collect();
    let found = Net::new(&all).blame();
    assert_eq!((found.causes.len(), found.impaired.len()), (1, 199));
    let longest = found.impaired.iter().map(|(_, blame)| blame.chain.len());
    assert_eq!(longest.max(), Some(64));
    assert!(
        found
            .impaired
            .iter()
            .all(|(_, blame)| texts(&blame.by) == ["n199"])
    );
}

/// What can be reached from each, found by trying all.
fn reach(edges: &[Vec<usize>]) -> Vec<Vec<bool>> {
    let count = edges.len();
    let mut reach = vec![vec![false; count]; count];
    for (from, on) in edges.iter().enumerate() {
        on.iter().for_each(|to| reach[from][*to] = true);
    }
    for by in 0..count {
        for from in 0..count {
            for to in 0..count {
                reach[from][to] |= reach[from][by] && reach[by][to];
            }
        }
    }
    reach
}

proptest! {
    #[test]
    fn it_finds_what_one_finds_who_tries_all_ways(
        // Each depends on later ones only: no circles.
        edges in prop::collection::vec(prop::collection::vec(1_usize..6, 0..3), 8),
        statuses in prop::collection::vec(
            prop::sample::select(vec![Healthy, Degraded, Unknown, Unhealthy]), 8),
    ) {
        let edges: Vec<Vec<usize>> = edges
            .iter()
            .enumerate()
            .map(|(nth, on)| on.iter().map(|far| nth + far).filter(|to| *to < 8).collect())
            .collect();
        let label = |nth: usize| name(&format!("n{nth}"));
        let net = Net(
            (0..8)
                .map(|nth| (label(nth), statuses[nth], edges[nth].iter().map(|to| label(*to)).collect()))
                .collect(),
        );
        let reach = reach(&edges);
        let fails = |nth: usize| statuses[nth].is_failing();
        let root = |nth: usize| fails(nth) && !(0..8).any(|to| reach[nth][to] && fails(to));
        let found = net.blame();
        let mut causes: Vec<_> = found.causes.iter().map(|cause| cause.name.clone()).collect();
        causes.sort();
        prop_assert_eq!(causes, (0..8).filter(|nth| root(*nth)).map(label).collect::<Vec<_>>());
        for cause in &found.causes {
            let nth = (0..8).find(|nth| label(*nth) == cause.name).expect("one of them");
            let impairs: Vec<_> = (0..8).filter(|from| reach[*from][nth]).map(label).collect();
            prop_assert_eq!(&cause.impairs, &impairs);
        }
        for (nth, blame) in &found.impaired {
            let mut by = blame.by.clone();
            by.sort();
            let expected: Vec<_> = (0..8).filter(|to| root(*to) && reach[*nth][*to]).map(label).collect();
            prop_assert_eq!(by, expected);
            prop_assert_eq!(blame.chain.last(), blame.by.first());
            let way: Vec<_> = std::iter::once(label(*nth)).chain(blame.chain.clone()).collect();
            for pair in way.windows(2) {
                let from = (0..8).find(|nth| label(*nth) == pair[0]).expect("one of them");
                prop_assert!(edges[from].iter().any(|to| label(*to) == pair[1]));
            }
        }
    }
}
