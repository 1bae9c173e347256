//! Reads a RON text past its faults, so that all of them are told at once.
//!
//! `ron` and serde stop at the first error. So: read; on an error find the field or element it is in, note the fault, make
//! white space of the field, read again. What a cut field leaves open ("missing field", a combination that is only wrong
//! with the default) is not told, since correcting the first fault corrects it.

use ron::error::SpannedError;
use serde::de::DeserializeOwned;

use crate::document::{Document, options};
use crate::draft::Draft;
use crate::fault::FAULTS_MAX;
use crate::position::Lines;
use crate::suggest::nearest;
use crate::syntax::Role;
use crate::wording::{found, wording};
use crate::{Fault, Position, SpecPath};

impl Document<'_> {
    /// Reads the text as a `T`, noting what is at fault; none if too little is left for one.
    pub(crate) fn read<T: DeserializeOwned>(&mut self) -> Option<T> {
        let options = options();
        let mut bytes_read = 0;
        while bytes_read < READ_BYTES_MAX && self.faults.len() < FAULTS_MAX {
            let error = match options.from_str::<T>(self.draft.text()) {
                Ok(value) => return Some(value),
                Err(error) => error,
            };
            let probe = |text: &str| options.from_str::<T>(text).err();
            let place = self.place_of(&error);
            if !self.get_past(place, &error.code, &probe) {
                return None;
            }
            // Beside the reading, a round finds places, and does something even for the shortest text.
            bytes_read += place + self.draft.text().len() / 16 + ROUND_BYTES;
        }
        self.cut_short = true;
        None
    }

    /// Where in the draft the cursor of `ron` stopped.
    fn place_of(&self, error: &SpannedError) -> usize {
        let cursor = Position {
            line: error.span.end.line,
            column: error.span.end.col,
        };
        Lines::of(self.draft.text()).offset(cursor)
    }

    /// Notes what `error` tells, and takes it out of the draft; says whether it could.
    fn get_past(
        &mut self,
        place: usize,
        error: &ron::Error,
        probe: &dyn Fn(&str) -> Option<SpannedError>,
    ) -> bool {
        let offset = self.draft.source_of(place);
        match error {
            ron::Error::MissingStructField { field, .. } => self.get_past_missing(offset, field),
            error => self.get_past_wrong(offset, error, probe),
        }
    }

    fn get_past_missing(&mut self, offset: usize, field: &'static str) -> bool {
        let container = self.tree.innermost_struct(offset);
        let path = self.tree.path_of(container);
        let missing = path.clone().field(field);
        if !self.lost.contains(&missing) {
            let start = self.tree.node(container).start as usize;
            let fault = Fault::new(format!("missing field `{field}`")).at(path.clone());
            self.faults.push(self.placed(fault, start, start + 1));
            self.lost.push(missing);
        }
        let filling = (container, field);
        if self.fillable.contains(&field) && !self.filled.contains(&filling) {
            self.filled.push(filling);
            self.fill(container, field);
            return true;
        }
        self.lose(container, path)
    }

    /// Puts a text into the struct that is missing it, as different from all others as it needs to be.
    fn fill(&mut self, container: usize, field: &str) {
        let text = format!("{field}: \"{FILLED}{}\",", self.filled.len());
        let first = self.tree.left_in(container).next();
        let at = match first {
            Some(first) => self.tree.node(first).whole_start(),
            None => self.tree.node(container).end.saturating_sub(1),
        };
        self.draft.insert(at as usize, &text);
    }

    fn get_past_wrong(
        &mut self,
        offset: usize,
        error: &ron::Error,
        probe: &dyn Fn(&str) -> Option<SpannedError>,
    ) -> bool {
        let node = self.wrong_node(offset, error);
        let removable = self.tree.removable(node);
        let path = self.tree.path_of(node);
        let message = self
            .expected_names(node, error, probe)
            .unwrap_or_else(|| wording(error, &self.tree, node));
        let fault = Fault::new(message).at(path.clone());
        let (start, end) = self.span(node, error);
        self.faults.push(self.placed(fault, start, end));
        if let Some(meant) = meant_field(error) {
            let around = removable.map_or(node, |at| self.around(at));
            let meant = self.tree.path_of(around).field(meant);
            // Unless it is there too: then nothing is missing for want of it.
            if self.tree.find_in_source(&meant).is_none() {
                self.lost.push(meant);
            }
        }
        self.lose(node, path)
    }

    /// The value that an error with its cursor at `offset` is about.
    fn wrong_node(&self, offset: usize, error: &ron::Error) -> usize {
        let node = self.tree.innermost(offset);
        if let ron::Error::NoSuchStructField { found, .. } = error {
            // Of a struct that was read as a whole before its fields were looked at, the cursor is at the end.
            let field = self.tree.field_left(node, found);
            return field
                .filter(|_| self.tree.key(node) != found)
                .unwrap_or(node);
        }
        let told_by_type = matches!(
            error,
            ron::Error::Message(_)
                | ron::Error::InvalidValueForType { .. }
                | ron::Error::ExpectedDifferentLength { .. }
        );
        let crowded = matches!(
            error,
            ron::Error::ExpectedStructLikeEnd | ron::Error::ExpectedOptionEnd
        );
        if crowded && self.tree.node(node).role == Role::Place {
            return self.around(node); // a value too many in its brackets
        }
        let at_end = offset + 1 == self.tree.node(node).end as usize;
        // The cursor has moved on from the last entry to the closing bracket.
        let last = self.tree.left_in(node).last();
        last.filter(|_| at_end && !told_by_type).unwrap_or(node)
    }

    /// For a value that should have been one of some names: which. `ron` tells them only to another name.
    fn expected_names(
        &self,
        node: usize,
        error: &ron::Error,
        probe: &dyn Fn(&str) -> Option<SpannedError>,
    ) -> Option<String> {
        if !matches!(
            error,
            ron::Error::ExpectedIdentifier | ron::Error::SuggestRawIdentifier(_)
        ) {
            return None;
        }
        let (start, end) = self.value_span(node);
        let mut draft = Draft::of(self.draft.text());
        let place = self.draft.place_of(start);
        draft.replace(place, place + (end - start), "_");
        let ron::Error::NoSuchEnumVariant {
            expected,
            found: tried,
            ..
        } = probe(draft.text())?.code
        else {
            return None;
        };
        let names: Vec<String> = expected.iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(", ");
        let there = found(&self.tree, node);
        (tried == "_").then(|| format!("expected one of {names}, found {there}"))
    }

    /// Cuts out the entry that `node` is in; says whether there is one.
    fn lose(&mut self, node: usize, path: SpecPath) -> bool {
        self.lost.push(path);
        let removable = self.tree.removable(node);
        if let Some(entry) = removable {
            self.cut(entry);
        }
        removable.is_some()
    }

    fn around(&self, node: usize) -> usize {
        let way = self.tree.way_to(node);
        way.iter().rev().nth(1).copied().unwrap_or(0)
    }

    /// The bytes that are at fault.
    fn span(&self, node: usize, error: &ron::Error) -> (usize, usize) {
        let key = self.tree.node(node).key;
        match error {
            ron::Error::NoSuchStructField { found, .. } if self.tree.key(node) == found => {
                (key.0 as usize, key.1 as usize)
            }
            _ => self.value_span(node),
        }
    }
}

/// The field that an unknown one was probably meant to be.
fn meant_field(error: &ron::Error) -> Option<&'static str> {
    match error {
        ron::Error::NoSuchStructField {
            expected, found, ..
        } => nearest(found, expected.iter().copied()),
        _ => None,
    }
}

/// Begins every text that stands for a missing one: a character of no script, which nobody has in a name.
const FILLED: char = '\u{E000}';

/// What a round costs, in bytes read, whatever the text.
const ROUND_BYTES: usize = 4096;

/// How many bytes are read in all before giving up on a text with many faults.
const READ_BYTES_MAX: usize = 512 << 20;
