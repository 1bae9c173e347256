//! Going through the fields of two structs, and through the members of two lists.

use std::collections::HashMap;
use std::hash::Hash;

use super::change::{ChangeEffect, ChangeKind, SpecChange, SpecPart};
use crate::path::At;

/// What a change of some field takes.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) part: SpecPart,
    pub(super) effect: ChangeEffect,
}

impl Course {
    pub(super) const fn new(part: SpecPart, effect: ChangeEffect) -> Self {
        Self { part, effect }
    }

    pub(super) const fn in_place(part: SpecPart) -> Self {
        Self::new(part, ChangeEffect::InPlace)
    }

    pub(super) const fn refused(part: SpecPart, why: &'static str) -> Self {
        Self::new(part, ChangeEffect::Refused { why })
    }

    pub(super) const fn restart(part: SpecPart, process: String, why: &'static str) -> Self {
        Self::new(part, ChangeEffect::Restart { process, why })
    }
}

/// What was found different so far.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) changes: Vec<SpecChange>,
}

impl Walk {
    fn add(&mut self, at: &At<'_>, kind: ChangeKind, part: SpecPart, effect: ChangeEffect) {
        self.changes.push(SpecChange {
            path: at.path(),
            kind,
            part,
            effect,
        });
    }

    pub(super) fn changed(&mut self, at: &At<'_>, course: &Course) {
        let Course { part, effect } = course.clone();
        self.add(at, ChangeKind::Changed, part, effect);
    }

    pub(super) fn added(&mut self, at: &At<'_>, part: SpecPart, effect: ChangeEffect) {
        self.add(at, ChangeKind::Added, part, effect);
    }

    pub(super) fn removed(&mut self, at: &At<'_>, part: SpecPart, effect: ChangeEffect) {
        self.add(at, ChangeKind::Removed, part, effect);
    }

    pub(super) fn differ<T: PartialEq>(&mut self, old: &T, new: &T, at: &At<'_>, course: &Course) {
        if old != new {
            self.changed(at, course);
        }
    }
}

/// Goes through all fields of two structs of a type: those of `fields` are compared whole, and what a change of each takes stands
/// beside it; those of `apart` are handed to a function. A field that is in neither does not compile.
macro_rules! compare {
    ($type:ident { $old:expr, $new:expr, $at:expr, $walk:expr } fields { $($field:ident => $course:expr),* $(,)? }
        apart { $($inner:ident => $function:expr),* $(,)? }) => {{
        let (before, after): (&$type, &$type) = ($old, $new);
        // Names every field there is.
        let $type { $($field: _,)* $($inner: _,)* } = before;
        $($walk.differ(&before.$field, &after.$field, &At::Field($at, stringify!($field)), &$course);)*
        $($function(&before.$inner, &after.$inner, &At::Field($at, stringify!($inner)), $walk);)*
    }};
}

pub(super) use compare;

/// The members of two lists, by their names.
pub(super) struct Pairs<'a, T> {
    /// With their places in the old list.
    pub(super) gone: Vec<(usize, &'a T)>,
    /// With their places in the new list.
    pub(super) kept: Vec<(usize, &'a T, &'a T)>,
    pub(super) come: Vec<(usize, &'a T)>,
    /// Those that are in both are not in the same order.
    pub(super) moved: bool,
}

/// Pairs the members of two lists by their names, which are unique in each.
pub(super) fn sequence<'a, T, N: Eq + Hash>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&T) -> N,
) -> Pairs<'a, T> {
    let places = |list: &[T]| -> HashMap<N, usize> {
        let named = list.iter().enumerate();
        named.map(|(nth, one)| (name(one), nth)).collect()
    };
    let (before, after) = (places(old), places(new));
    let gone = old.iter().enumerate();
    let gone = gone.filter(|(_, one)| !after.contains_key(&name(one)));
    let mut pairs = Pairs {
        gone: gone.collect(),
        kept: Vec::new(),
        come: Vec::new(),
        moved: false,
    };
    let mut last = None;
    for (nth, one) in new.iter().enumerate() {
        let Some(&place) = before.get(&name(one)) else {
            pairs.come.push((nth, one));
            continue;
        };
        pairs.moved |= last.is_some_and(|last| place < last);
        last = last.max(Some(place));
        pairs.kept.push((nth, &old[place], one));
    }
    pairs
}
