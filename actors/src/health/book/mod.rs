//! All checks of a namespace: who is there, who is to be run, and what was found. It reads no clock and waits for nobody.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Book`]: who is there |
//! | `entry.rs` | [`Entry`]: one check |
//! | `terms.rs` | by which spec, and how each is run by it |
//! | `found.rs` | [`Found`]: those that nobody had to register |
//! | `pretence.rs` | [`Pretence`]: what is only made believe |
//! | `runs.rs` | beginning and ending runs |
//! | `picture.rs` | how all look together |
//! | `tests.rs` | tests |

mod entry;
mod found;
mod picture;
mod pretence;
mod runs;
mod terms;
#[cfg(test)]
mod tests;

pub(crate) use entry::{Entry, Origin};
pub(crate) use found::Found;
pub(crate) use picture::{Frame, assemble, part};
pub(crate) use pretence::Pretence;
pub(crate) use runs::{Outcome, Work};

use terms::config;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{HealthAggregatorSpec, HealthCheckConfig, ServiceName, dependency_cycle};

use super::checkable::AnyCheck;
use super::error::HealthError;
use super::machine::Step;
use super::moment::Moment;
use super::status::HealthStatus;

/// A step of the status of a check.
#[derive(Clone, Debug)]
pub(crate) struct Stepped {
    pub(crate) service: ServiceName,
    pub(crate) step: Step,
    pub(crate) message: String,
    pub(crate) at: Moment,
}

/// What is no longer needed.
#[derive(Debug)]
pub(crate) struct Waste {
    _entry: Option<Entry>,
    _check: Option<Hidden>,
}

/// A check, which cannot be shown.
struct Hidden(#[allow(dead_code)] AnyCheck);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(a check)")
    }
}

#[derive(Debug)]
pub(crate) struct Book {
    spec: Arc<HealthAggregatorSpec>,
    entries: BTreeMap<ServiceName, Entry>,
    /// Runs are counted over the life of the book, so that no result is taken for another's.
    runs: u64,
    pretences: u64,
    /// How many runs the sweep that is under way waits for.
    awaited: usize,
    /// Steps that nobody was told of yet; bounded by `history_max`, the oldest go first.
    steps: VecDeque<Stepped>,
    /// How many went.
    pub(crate) steps_lost: u64,
    /// Those that were found and have no room.
    left_out: BTreeSet<ServiceName>,
    /// What was taken out: others' code may run when it is dropped, and so it is dropped elsewhere.
    waste: Vec<Waste>,
    /// Something looks otherwise than it did.
    pub(crate) is_dirty: bool,
}

impl Book {
    pub(crate) fn new(spec: Arc<HealthAggregatorSpec>) -> Self {
        Self {
            spec,
            entries: BTreeMap::new(),
            runs: 0,
            pretences: 0,
            awaited: 0,
            steps: VecDeque::new(),
            steps_lost: 0,
            left_out: BTreeSet::new(),
            waste: Vec::new(),
            is_dirty: true,
        }
    }

    pub(crate) fn spec(&self) -> &Arc<HealthAggregatorSpec> {
        &self.spec
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn left_out(&self) -> usize {
        self.left_out.len()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Adds a check of the program.
    ///
    /// # Errors
    ///
    /// The name is taken, unless by one that was found or that the spec alone names; there is no room; it would depend on itself.
    pub(crate) fn register(
        &mut self,
        name: ServiceName,
        check: AnyCheck,
        given: Option<HealthCheckConfig>,
        now: Moment,
    ) -> Result<(), HealthError> {
        let there = self.entries.get(&name);
        if there.is_some_and(|entry| entry.origin == Origin::Program) {
            return Err(HealthError::AlreadyRegistered(name));
        }
        self.replace(name, check, given, now)
    }

    /// Adds a check of the program, in place of one of its name if there is one. That one's status stays until there is a result.
    ///
    /// # Errors
    ///
    /// There is no room; it would depend on itself.
    pub(crate) fn replace(
        &mut self,
        name: ServiceName,
        check: AnyCheck,
        given: Option<HealthCheckConfig>,
        now: Moment,
    ) -> Result<(), HealthError> {
        let config = config(&self.spec, &name, given.as_ref());
        self.check_room(&name)?;
        self.check_way(&name, &config)?;
        if self
            .entries
            .get(&name)
            .is_none_or(|entry| entry.check.is_none())
        {
            self.put(name, Some(check), Origin::Program, given, config, now);
            return Ok(());
        }
        self.end_run(&name);
        if let Some(entry) = self.entries.get_mut(&name) {
            let old = entry.check.replace(check);
            self.waste.push(Waste {
                _entry: None,
                _check: old.map(Hidden),
            });
            entry.origin = Origin::Program;
            entry.given = given;
            entry.due = now.at;
            entry.reconfigure(config);
            self.is_dirty = true;
        }
        Ok(())
    }

    /// Forgets a check; one that the spec names is unknown from then on. Whether there was one.
    pub(crate) fn unregister(&mut self, name: &str, now: Moment) -> bool {
        let there = self.entries.get(name);
        let Some(name) = there
            .filter(|it| it.check.is_some())
            .map(|it| it.name.clone())
        else {
            return false;
        };
        self.take_out(&name);
        if self.spec.config_of(name.as_str()).is_some() {
            let config = config(&self.spec, &name, None);
            self.put(name, None, Origin::Spec, None, config, now);
        }
        true
    }

    fn put(
        &mut self,
        name: ServiceName,
        check: Option<AnyCheck>,
        origin: Origin,
        given: Option<HealthCheckConfig>,
        config: HealthCheckConfig,
        now: Moment,
    ) {
        let entry = Entry::new(name.clone(), check, origin, given, config, now);
        let old = self.entries.insert(name, entry);
        self.throw(old);
    }

    fn take_out(&mut self, name: &ServiceName) {
        self.end_run(name);
        let old = self.entries.remove(name);
        self.throw(old);
    }

    fn throw(&mut self, entry: Option<Entry>) {
        self.is_dirty = true;
        self.waste.extend(entry.map(|entry| Waste {
            _entry: Some(entry),
            _check: None,
        }));
    }

    /// What was taken out since this was asked last, to be dropped where nobody waits for the book.
    pub(crate) fn take_waste(&mut self) -> Vec<Waste> {
        std::mem::take(&mut self.waste)
    }

    /// Takes out all, and ends their runs.
    pub(crate) fn clear(&mut self) {
        let names: Vec<ServiceName> = self.entries.keys().cloned().collect();
        names.iter().for_each(|name| self.take_out(name));
    }

    fn check_room(&self, name: &ServiceName) -> Result<(), HealthError> {
        let max = self.spec.checks_max;
        if !self.entries.contains_key(name) && self.entries.len() >= max as usize {
            return Err(HealthError::TooMany { max });
        }
        Ok(())
    }

    /// Whether it would depend on itself. The rest is known to be without a circle.
    fn check_way(&self, name: &ServiceName, config: &HealthCheckConfig) -> Result<(), HealthError> {
        if config.depends_on.is_empty() {
            return Ok(());
        }
        let others = self.entries.values().filter(|entry| entry.name != *name);
        let edges = others.map(|entry| (&entry.name, &entry.config.depends_on[..]));
        let edges = edges.chain([(name, &config.depends_on[..])]);
        dependency_cycle(edges).map_or(Ok(()), |way| Err(HealthError::Cycle(way)))
    }

    /// Makes a check look worse than it is, and gives the number of that.
    ///
    /// # Errors
    ///
    /// There is no such check; or as much is made believe about it as may be.
    pub(crate) fn pretend(
        &mut self,
        name: &str,
        make: impl FnOnce(u64) -> Pretence,
        now: Moment,
    ) -> Result<u64, HealthError> {
        let max = self.spec.parts_max;
        let entry = self
            .entries
            .get_mut(name)
            .filter(|entry| entry.check.is_some());
        let entry = entry.ok_or_else(|| HealthError::NoCheck(name.to_owned()))?;
        if entry.pretences.len() >= max as usize {
            return Err(HealthError::TooManySimulations { max });
        }
        self.pretences += 1;
        entry.pretences.add(make(self.pretences));
        // It is seen soon.
        entry.due = now.at;
        Ok(self.pretences)
    }

    pub(crate) fn pretend_no_more(&mut self, name: &ServiceName, number: u64, now: Moment) {
        if let Some(entry) = self.entries.get_mut(name)
            && entry.pretences.remove(number)
        {
            entry.due = now.at;
        }
    }

    fn note(&mut self, stepped: Stepped) {
        if self.steps.len() >= self.spec.history_max as usize {
            self.steps.pop_front();
            self.steps_lost += 1;
        }
        self.steps.push_back(stepped);
    }

    /// The steps that nobody was told of yet, the first first.
    pub(crate) fn take_steps(&mut self) -> Vec<Stepped> {
        self.steps.drain(..).collect()
    }

    /// When there is something to do, if nothing else happens.
    pub(crate) fn next(&self, now: Duration) -> Option<Duration> {
        self.entries
            .values()
            .filter_map(|entry| entry.next(now))
            .min()
    }

    /// How many fare like this.
    pub(crate) fn count(&self, status: HealthStatus) -> usize {
        let all = self.entries.values();
        all.filter(|entry| entry.machine.status() == status).count()
    }
}
