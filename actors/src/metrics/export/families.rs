//! Which families one text can hold.

use std::collections::{BTreeMap, HashSet};

use super::name::{exported_name, exported_names, exported_unit};
use super::snapshot::{SeriesTotal, Snapshot};
use crate::metrics::key::SeriesKey;
use crate::metrics::unit::{MetricKind, Unit};

/// The series of one family, of all snapshots.
pub(super) struct Family<'a> {
    pub(super) key: &'a SeriesKey,
    pub(super) kind: MetricKind,
    pub(super) unit: Unit,
    /// What people are told of it, by the first snapshot that tells anything.
    pub(super) help: Option<&'a str>,
    pub(super) series: Vec<Labelled<'a>>,
}

pub(super) struct Labelled<'a> {
    pub(super) labels: &'a [(&'a str, &'a str)],
    pub(super) series: &'a SeriesTotal,
}

/// The families that one text can hold, by their exported names, and what it cannot.
#[derive(Default)]
pub(super) struct Families<'a> {
    pub(super) by_name: BTreeMap<String, Family<'a>>,
    /// The names of all their samples.
    taken: HashSet<String>,
    pub(super) left_out: Vec<&'a SeriesKey>,
}

impl<'a> Families<'a> {
    pub(super) fn of(snapshots: &'a [(&'a [(&'a str, &'a str)], &'a Snapshot)]) -> Self {
        let mut families = Self::default();
        for (labels, snapshot) in snapshots {
            for series in &snapshot.series {
                let help = snapshot.help.get(&series.key.name).map(|help| &**help);
                families.add(Labelled { labels, series }, help);
            }
        }
        families
    }

    fn add(&mut self, labelled: Labelled<'a>, help: Option<&'a str>) {
        let key = &labelled.series.key;
        let (kind, unit) = (key.kind, key.unit);
        let name = exported_name(&key.name, kind, unit);
        if let Some(family) = self.by_name.get_mut(&name) {
            if (family.kind, exported_unit(family.unit)) == (kind, exported_unit(unit)) {
                family.series.push(labelled);
                family.help = family.help.or(help);
            } else {
                self.left_out.push(key);
            }
            return;
        }
        let names = exported_names(&key.name, kind, unit);
        if names.iter().any(|name| self.taken.contains(name)) {
            self.left_out.push(key);
            return;
        }
        self.taken.extend(names);
        let family = Family {
            key,
            kind,
            unit,
            help,
            series: vec![labelled],
        };
        self.by_name.insert(name, family);
    }
}
