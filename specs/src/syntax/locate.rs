//! From a place in the text, or a path, to a value; and from a value to its path.

use super::node::{Role, Shape, Tree};
use crate::SpecPath;
use crate::path::PathStep;

impl Tree<'_> {
    /// The path of a value, counted as the text is written. A value in a tuple or a variant has the path of that one.
    pub(crate) fn path_of(&self, target: usize) -> SpecPath {
        let mut path = SpecPath::root();
        for pair in self.way_to(target).windows(2) {
            let (outer, inner) = (pair[0], pair[1]);
            match self.node(inner).role {
                Role::Field => path.push(PathStep::Field(self.key(inner).to_owned())),
                Role::Element => {
                    let before = self.children(outer).take_while(|&child| child < inner);
                    path.push(PathStep::Index(before.count()));
                }
                Role::Root | Role::Place => {}
            }
        }
        path
    }

    /// The values around `target`, from the whole inwards, and itself.
    pub(crate) fn way_to(&self, target: usize) -> Vec<usize> {
        let mut way = Vec::new();
        let mut next = (!self.nodes.is_empty()).then_some(0);
        while let Some(at) = next {
            way.push(at);
            next = (at != target)
                .then(|| {
                    self.children(at)
                        .take_while(|&child| child <= target)
                        .last()
                })
                .flatten();
        }
        way
    }

    /// The innermost value that has this byte in it, or in its key or comma, or ends just before it.
    pub(crate) fn innermost(&self, offset: usize) -> usize {
        let mut at = 0;
        while let Some(inner) = self.child_with(at, offset) {
            at = inner;
        }
        at
    }

    /// The innermost struct whose brackets have this byte between them, the closing one counted.
    pub(crate) fn innermost_struct(&self, offset: usize) -> usize {
        let mut at = 0;
        let mut found = 0;
        while let Some(inner) = self.child_with(at, offset) {
            at = inner;
            let node = self.node(at);
            if node.shape == Shape::Struct && offset < node.end as usize {
                found = at;
            }
        }
        found
    }

    fn child_with(&self, of: usize, offset: usize) -> Option<usize> {
        self.children(of).find(|&child| {
            let node = self.node(child);
            let begins = node.whole_start() as usize <= offset;
            let ends = offset > node.end as usize && offset >= node.whole_end as usize;
            !node.removed && begins && !ends
        })
    }

    /// The innermost value around `target`, or itself, that can be taken out of the text.
    pub(crate) fn removable(&self, target: usize) -> Option<usize> {
        let way = self.way_to(target);
        way.into_iter()
            .rev()
            .find(|&at| self.node(at).can_be_removed())
    }

    /// The value at a path into what is left of the text, or the innermost one on the way there that exists.
    ///
    /// Also whether that is the value itself.
    pub(crate) fn find_left(&self, path: &SpecPath) -> (usize, bool) {
        let mut at = 0;
        for step in path.steps() {
            match self.step(at, step) {
                Some(inner) => at = inner,
                None => return (at, false),
            }
        }
        (at, true)
    }

    /// A path into what is left of the text, as a path into the text: elements that were taken out count there.
    pub(crate) fn original(&self, path: &SpecPath) -> SpecPath {
        let mut original = SpecPath::root();
        let mut at = Some(0);
        for step in path.steps() {
            let inner = at.and_then(|at| self.step(at, step));
            let counted = match (step, at, inner) {
                (PathStep::Index(_), Some(outer), Some(inner)) => {
                    PathStep::Index(self.place_in(outer, inner))
                }
                _ => step.clone(),
            };
            original.push(counted);
            at = inner;
        }
        original
    }

    fn place_in(&self, outer: usize, inner: usize) -> usize {
        let inside = self.children(self.unwrapped(outer));
        inside.take_while(|&child| child < inner).count()
    }

    /// The value at a path into the source, taken out or not.
    pub(crate) fn find_in_source(&self, path: &SpecPath) -> Option<usize> {
        path.steps().iter().try_fold(0, |at, step| {
            let mut inside = self.children(self.unwrapped(at));
            match step {
                PathStep::Index(index) => inside.nth(*index),
                PathStep::Field(name) => inside.find(|&child| self.key(child) == name),
            }
        })
    }

    /// One step inwards, past brackets that have no step of their own: `Some(…)`, `(…)`.
    fn step(&self, from: usize, step: &PathStep) -> Option<usize> {
        let at = self.unwrapped(from);
        let mut left = self.children(at).filter(|&child| !self.node(child).removed);
        match step {
            PathStep::Index(index) => left.nth(*index),
            PathStep::Field(name) => left.find(|&child| self.key(child) == name),
        }
    }

    fn unwrapped(&self, mut at: usize) -> usize {
        while self.node(at).shape == Shape::Tuple {
            let mut inside = self.children(at);
            match (inside.next(), inside.next()) {
                (Some(only), None) => at = only,
                _ => break,
            }
        }
        at
    }

    /// What is left of the elements of the list, or fields of the struct, that a value is.
    pub(crate) fn left_in(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let inside = self.children(self.unwrapped(of));
        inside.filter(|&child| !self.node(child).removed)
    }

    /// The field of this name in a struct, if it is left.
    pub(crate) fn field_left(&self, of: usize, name: &str) -> Option<usize> {
        self.left_in(of).find(|&child| self.key(child) == name)
    }
}
