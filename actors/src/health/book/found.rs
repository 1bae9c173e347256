//! Checks that nobody had to register.

use std::collections::BTreeSet;

use mainstay_specs::{HealthCheckConfig, ServiceName};

use super::super::checkable::AnyCheck;
use super::super::moment::Moment;
use super::terms::config;
use super::{Book, Entry, Origin};

/// A check that nobody had to register.
pub(crate) struct Found {
    pub(crate) name: ServiceName,
    pub(crate) check: AnyCheck,
    pub(crate) config: HealthCheckConfig,
}

impl Book {
    /// Brings those that were found up to date: new ones are added, where there is room, and those that are no more are forgotten. A name
    /// that the program has taken is its own. Those that would make a circle depend on nothing.
    pub(crate) fn discover(&mut self, found: Vec<Found>, now: Moment) {
        let names: BTreeSet<ServiceName> = found.iter().map(|found| found.name.clone()).collect();
        let was_found = |entry: &&Entry| entry.origin == Origin::Found;
        let gone = self.entries.values().filter(was_found);
        let gone = gone.filter(|entry| !names.contains(&entry.name));
        let gone: Vec<ServiceName> = gone.map(|entry| entry.name.clone()).collect();
        for name in gone {
            self.unregister(name.as_str(), now);
        }
        self.left_out.retain(|name| names.contains(name));
        for found in found {
            let there = self.entries.get(&found.name);
            if there.is_some_and(|entry| entry.check.is_some()) {
                continue;
            }
            if self.check_room(&found.name).is_err() {
                self.left_out.insert(found.name);
                continue;
            }
            self.left_out.remove(&found.name);
            self.add_found(found, now);
        }
    }

    fn add_found(&mut self, found: Found, now: Moment) {
        let Found {
            name,
            check,
            config: mut given,
        } = found;
        let mut whole = config(&self.spec, &name, Some(&given));
        if self.check_way(&name, &whole).is_err() {
            given.depends_on.clear();
            whole.depends_on.clear();
        }
        self.put(name, Some(check), Origin::Found, Some(given), whole, now);
    }
}
