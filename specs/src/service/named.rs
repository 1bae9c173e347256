//! Lists of things that each have a name of their own, and may be no more than so many.

use std::collections::HashMap;

use crate::ServiceName;
use crate::finding::{Finding, Report};
use crate::path::At;

/// The bound of a list: the field that has it, and what it says.
pub(super) type Bound<'a> = (&'a str, u32);

/// Tells of a list that is too long, and of names that are given twice: by the field of the list, and what one of them is called.
pub(super) fn check_names<'a>(
    report: &mut Report,
    at: &At<'_>,
    (field, one): (&'static str, &str),
    (bound, max): Bound<'_>,
    names: impl ExactSizeIterator<Item = &'a ServiceName>,
) {
    let list = At::Field(at, field);
    let found = names.len();
    if found > max as usize {
        let message = format!("expected at most {bound}, which is {max}, found {found}");
        report.add(Finding::new(list.path(), message).and_on(at.field(bound)));
    }
    let mut places = HashMap::with_capacity(found);
    for (nth, name) in names.enumerate() {
        let first = *places.entry(name).or_insert(nth);
        if first != nth {
            let message = format!("duplicate {one} name {name:?}");
            let finding = Finding::new(At::Index(&list, nth).field("name"), message);
            report.add(finding.first_at(At::Index(&list, first).field("name")));
        }
    }
}
