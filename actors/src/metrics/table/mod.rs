//! Which series there are.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Table`]: the series and families, and how many there may be |
//! | `family.rs` | [`Family`]: what all series of a name have in common |
//! | `description.rs` | what people are told of families |

mod description;
mod family;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

pub use description::HELP_BYTES_MAX;

use description::Descriptions;
use family::Family;

use super::error::MetricsError;
use super::export::exported_names;
use super::key::SeriesKey;
use super::name::MetricName;
use super::outcome::{Outcome, STATUS};
use super::series::AnySeries;
use super::tags::Tags;
use super::unit::Unit;

/// The most families of a store: series have names that the program gives, not its data.
pub const FAMILIES_MAX: usize = 1_000;

/// The tag, of the value `true`, of the series that take what is recorded to all that there was no room for.
///
/// A family has one of them without further tags, and one for each [`Outcome`] that what there was no room for is tagged with as its
/// [`STATUS`]: what failed counts as failed in a store that is full too. These few come on top of what a store may hold.
pub const OVERFLOW: &str = "overflow";

/// The series of a store.
#[derive(Debug, Default)]
pub(crate) struct Table {
    series: HashMap<MetricName, HashMap<Tags, AnySeries>>,
    families: HashMap<MetricName, Family>,
    /// Under which names families are exported.
    exported: HashMap<String, MetricName>,
    descriptions: Descriptions,
    len: usize,
}

/// What came of asking for a series.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) series: AnySeries,
    /// Whether it is that of all for which there is no room.
    pub(crate) overflowed: bool,
}

impl Table {
    /// How many series there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The series, if it is there and recorded in this way.
    pub(crate) fn get(&self, key: &SeriesKey) -> Result<Option<AnySeries>, MetricsError> {
        let Some(family) = self.families.get(&key.name) else {
            return Ok(None);
        };
        family.check(key)?;
        Ok(self.series[&key.name].get(&key.tags).cloned())
    }

    /// The series that stands for this one when there is no room, if it is there.
    pub(crate) fn get_overflow(&self, key: &SeriesKey) -> Option<AnySeries> {
        self.series(&key.name, &overflow(&key.tags)).cloned()
    }

    /// The series; made if it is not there and `has_room` says that there may be as many more, or else the one of its family that
    /// stands for all of its status there is no room for.
    pub(crate) fn get_or_make(
        &mut self,
        mut key: SeriesKey,
        has_room: bool,
        make: impl FnOnce(SeriesKey) -> AnySeries,
    ) -> Result<Found, MetricsError> {
        if let Some(series) = self.get(&key)? {
            return Ok(Found {
                series,
                overflowed: false,
            });
        }
        self.add_family(&key)?;
        let overflowed = !has_room;
        if overflowed {
            key.tags = overflow(&key.tags);
        }
        let family = self.series.entry(key.name.clone()).or_default();
        let len = &mut self.len;
        let series = family.entry(key.tags.clone()).or_insert_with(|| {
            *len += 1;
            make(key)
        });
        let series = series.clone();
        Ok(Found { series, overflowed })
    }

    fn add_family(&mut self, key: &SeriesKey) -> Result<(), MetricsError> {
        if self.families.contains_key(&key.name) {
            return Ok(());
        }
        self.descriptions.check(&key.name, Some(key.unit))?;
        if self.families.len() >= FAMILIES_MAX {
            let (max, name) = (FAMILIES_MAX, key.name.clone());
            return Err(MetricsError::TooManyFamilies { max, name });
        }
        let names = exported_names(&key.name, key.kind, key.unit);
        for exported in &names {
            if let Some(other) = self.exported.get(exported) {
                return Err(MetricsError::ExportClash {
                    name: key.name.clone(),
                    other: other.clone(),
                    exported: exported.clone(),
                });
            }
        }
        let names = names
            .into_iter()
            .map(|exported| (exported, key.name.clone()));
        self.exported.extend(names);
        self.families.insert(key.name.clone(), Family::of(key));
        Ok(())
    }

    /// Takes in what people are told of a family.
    pub(crate) fn describe(
        &mut self,
        name: MetricName,
        unit: Option<Unit>,
        help: &str,
    ) -> Result<(), MetricsError> {
        let recorded = self.families.get(&name).map(|family| family.unit);
        self.descriptions.add(name, unit, recorded, help)
    }

    /// What people are told of the families that there are any series of.
    pub(crate) fn help(&self) -> BTreeMap<MetricName, Arc<str>> {
        let described = self.families.keys().filter_map(|name| {
            let help = self.descriptions.help(name)?;
            Some((name.clone(), Arc::clone(help)))
        });
        described.collect()
    }

    /// All series, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &AnySeries> {
        self.series.values().flat_map(HashMap::values)
    }

    /// All series of a family, in no order.
    pub(crate) fn family(&self, name: &MetricName) -> impl Iterator<Item = &AnySeries> {
        self.series.get(name).into_iter().flat_map(HashMap::values)
    }

    /// Until when something may have been recorded to series of a family that have expired.
    pub(crate) fn lost_until(&self, name: &MetricName) -> Option<Duration> {
        self.families.get(name)?.lost_until
    }

    /// All series of the families whose names are asked for, in no order. Each name is asked for once.
    pub(crate) fn of_families(&self, select: impl Fn(&MetricName) -> bool) -> Vec<AnySeries> {
        let families = self.series.iter().filter(|(name, _)| select(name));
        families
            .flat_map(|(_, series)| series.values().cloned())
            .collect()
    }

    /// The families whose names are asked for, and what their numbers are in, in no order.
    pub(crate) fn families(&self, select: impl Fn(&MetricName) -> bool) -> Vec<(MetricName, Unit)> {
        let families = self.families.iter().filter(|(name, _)| select(name));
        families
            .map(|(name, family)| (name.clone(), family.unit))
            .collect()
    }

    pub(crate) fn series(&self, name: &MetricName, tags: &Tags) -> Option<&AnySeries> {
        self.series.get(name)?.get(tags)
    }

    /// Takes out the series that nobody holds and that nothing was recorded to since then, and the families left without any. Gives
    /// how many series that are.
    pub(crate) fn expire(&mut self, since: Duration) -> usize {
        let before = self.len;
        let (families, len) = (&mut self.families, &mut self.len);
        self.series.retain(|name, series| {
            let mut lost_until = None;
            series.retain(|_, series| {
                let expires = series.is_forgotten_since(since);
                if expires {
                    lost_until = lost_until.max(Some(series.active_at()));
                }
                !expires
            });
            if series.is_empty() {
                families.remove(name);
            } else if let Some(family) = families.get_mut(name) {
                family.lost_until = family.lost_until.max(lost_until);
            }
            !series.is_empty()
        });
        *len = self.series.values().map(HashMap::len).sum();
        self.exported.retain(|_, name| families.contains_key(name));
        before - self.len
    }
}

/// The tags of the series that stands for those of these tags when there is no room. Of the status only what an outcome can be is kept,
/// so that there are few of them.
fn overflow(tags: &Tags) -> Tags {
    let all = Tags::new().with(OVERFLOW, "true");
    let outcome = tags.get(STATUS).and_then(|status| status.parse().ok());
    match outcome.map(Outcome::as_str) {
        Some(status) => all.with(STATUS, status),
        None => all,
    }
}
