//! In which order children are started, given what depends on what.

use std::collections::HashMap;
use std::fmt;

use crate::{ChildId, ChildSpec};

/// Children that wait for each other in a circle, so that none can be the first.
///
/// Displays as `a → b → a`; of a very long one only the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyCycle {
    ids: Vec<ChildId>,
}

impl DependencyCycle {
    /// The children of the circle, each before the one it depends on; the last depends on the first.
    #[must_use]
    pub fn ids(&self) -> &[ChildId] {
        &self.ids
    }
}

impl fmt::Display for DependencyCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for id in self.ids.iter().take(SHOWN_MAX) {
            write!(f, "{id} → ")?;
        }
        let hidden = self.ids.len().saturating_sub(SHOWN_MAX);
        if hidden > 0 {
            write!(f, "({hidden} more) → ")?;
        }
        self.ids
            .first()
            .map_or(Ok(()), |first| write!(f, "{first}"))
    }
}

/// How many children of a cycle are shown.
const SHOWN_MAX: usize = 32;

impl std::error::Error for DependencyCycle {}

/// The order to start children in, as indices: the given order, except that what a child depends on comes before it.
///
/// A dependency is moved forward to just before the first child that needs it; nothing else moves. Names that no sibling
/// has are passed over: [`validate_children`](crate::validate_children) tells them.
///
/// # Errors
///
/// The first cycle, if there is one. A child that depends on itself is one.
pub fn start_order(children: &[&ChildSpec]) -> Result<Vec<usize>, DependencyCycle> {
    let mut search = Search::of(children);
    search.run();
    match search.cycles.into_iter().next() {
        Some(cycle) => Err(named(children, &cycle)),
        None => Ok(search.order),
    }
}

/// Cycles of which no two share a child, each with the place of its first child; not those of a single child.
pub(crate) fn cycles(children: &[&ChildSpec]) -> Vec<(usize, DependencyCycle)> {
    let mut search = Search::of(children);
    search.run();
    let cycles = search.cycles.iter().filter(|cycle| cycle.len() > 1);
    cycles
        .map(|cycle| (cycle[0], named(children, cycle)))
        .collect()
}

fn named(children: &[&ChildSpec], cycle: &[usize]) -> DependencyCycle {
    let ids = cycle.iter().map(|&child| children[child].id.clone());
    DependencyCycle { ids: ids.collect() }
}

/// A depth-first search with its own stack, so that a chain of a million children is no deeper than one of two.
struct Search {
    /// For each child what it depends on, in the given order.
    needs: Vec<Vec<usize>>,
    state: Vec<State>,
    /// The way down to the child being looked at, each with how many of its needs were looked at.
    way: Vec<(usize, usize)>,
    order: Vec<usize>,
    /// Cycles that share no child.
    cycles: Vec<Vec<usize>>,
    in_cycle: Vec<bool>,
    /// How many steps may still be spent on telling cycles apart.
    steps_left: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    OnTheWay,
    Placed,
}

impl Search {
    fn of(children: &[&ChildSpec]) -> Self {
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(children.len());
        for (place, child) in children.iter().enumerate() {
            places.entry(child.id.as_str()).or_insert(place);
        }
        let needs = children.iter().map(|child| {
            let siblings = child.depends_on.iter();
            let mut needs: Vec<usize> = siblings
                .filter_map(|id| places.get(id.as_str()).copied())
                .collect();
            needs.sort_unstable();
            needs
        });
        Self {
            needs: needs.collect(),
            state: vec![State::New; children.len()],
            way: Vec::new(),
            order: Vec::with_capacity(children.len()),
            cycles: Vec::new(),
            in_cycle: vec![false; children.len()],
            steps_left: STEPS_MAX,
        }
    }

    fn run(&mut self) {
        for child in 0..self.needs.len() {
            self.visit(child);
            while let Some((child, looked_at)) = self.way.pop() {
                self.advance(child, looked_at);
            }
        }
    }

    fn advance(&mut self, child: usize, looked_at: usize) {
        match self.needs[child].get(looked_at).copied() {
            Some(need) => {
                self.way.push((child, looked_at + 1));
                self.visit(need);
            }
            None => {
                self.state[child] = State::Placed;
                self.order.push(child);
            }
        }
    }

    fn visit(&mut self, child: usize) {
        match self.state[child] {
            State::Placed => {}
            State::New => {
                self.state[child] = State::OnTheWay;
                self.way.push((child, 0));
            }
            State::OnTheWay => self.note_cycle(child),
        }
    }

    /// Keeps the part of the way from `child` on, unless a child of it is in a cycle that was kept before.
    fn note_cycle(&mut self, child: usize) {
        if self.in_cycle[child] || self.steps_left == 0 {
            return;
        }
        let start = self.way.iter().rposition(|&(other, _)| other == child);
        let circle = self.way.iter().skip(start.unwrap_or(0));
        let circle: Vec<usize> = circle.map(|&(child, _)| child).collect();
        self.steps_left = self.steps_left.saturating_sub(circle.len());
        if circle.iter().any(|&child| self.in_cycle[child]) {
            self.in_cycle[child] = true;
            return;
        }
        if circle.len() > 1 {
            circle.iter().for_each(|&child| self.in_cycle[child] = true);
        }
        self.cycles.push(circle);
    }
}

/// Cycles of up to a million children are always found; only how many are told is limited.
const STEPS_MAX: usize = 10_000_000;
