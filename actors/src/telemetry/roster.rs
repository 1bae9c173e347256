//! Who listens, and which emitters there are: the books, without any locks.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

use mainstay_specs::{EventPath, EventsSpec, PathPattern};

use super::error::TelemetryError;
use super::seat::Seat;
use super::site::{Seats, Site};

/// Dead sites are looked for when there are this many, and then again when there are twice as many as were left.
const SWEEP_MIN: usize = 64;

#[derive(Debug)]
pub(crate) struct Roster {
    /// By number, which is the order in which they came.
    seats: BTreeMap<u64, Arc<Seat>>,
    next: u64,
    sites: HashMap<EventPath, Weak<Site>>,
    /// How many sites there may be before dead ones are looked for.
    sweep_at: usize,
    closed: bool,
}

impl Default for Roster {
    fn default() -> Self {
        Self {
            seats: BTreeMap::new(),
            next: 0,
            sites: HashMap::new(),
            sweep_at: SWEEP_MIN,
            closed: false,
        }
    }
}

impl Roster {
    /// Whether another handler of this name may come.
    pub(crate) fn admit_handler(
        &self,
        name: &str,
        spec: &EventsSpec,
    ) -> Result<(), TelemetryError> {
        let max = spec.handlers_max;
        let handlers = || self.seats.values().filter_map(|seat| seat.handler());
        if self.closed {
            Err(TelemetryError::Stopped)
        } else if handlers().any(|handler| handler.name() == name) {
            Err(TelemetryError::NameTaken {
                name: name.to_owned(),
            })
        } else if is_full(handlers().count(), max) {
            Err(TelemetryError::TooManyHandlers { max })
        } else {
            Ok(())
        }
    }

    /// Whether another subscriber may come.
    pub(crate) fn admit_subscriber(&self, spec: &EventsSpec) -> Result<(), TelemetryError> {
        let max = spec.subscribers_max;
        if self.closed {
            Err(TelemetryError::Stopped)
        } else if is_full(self.subscribers(), max) {
            Err(TelemetryError::TooManySubscribers { max })
        } else {
            Ok(())
        }
    }

    pub(crate) fn subscribers(&self) -> usize {
        let seats = self.seats.values();
        seats.filter(|seat| seat.handler().is_none()).count()
    }

    /// Takes one more. Gives its number.
    pub(crate) fn join(&mut self, seat: Arc<Seat>) -> u64 {
        let number = self.next;
        self.next += 1;
        let pattern = seat.pattern.clone();
        self.seats.insert(number, seat);
        self.tell_sites(&pattern);
        number
    }

    /// Takes one out, if it is there.
    pub(crate) fn leave(&mut self, number: u64) -> Option<Arc<Seat>> {
        let seat = self.seats.remove(&number)?;
        self.tell_sites(&seat.pattern);
        Some(seat)
    }

    pub(crate) fn number_of(&self, handler: &str) -> Option<u64> {
        let is_it = |seat: &Seat| seat.handler().is_some_and(|known| known.name() == handler);
        let mut seats = self.seats.iter();
        seats
            .find(|(_, seat)| is_it(seat))
            .map(|(number, _)| *number)
    }

    /// Takes all out, and takes nobody any more.
    pub(crate) fn close(&mut self) -> BTreeMap<u64, Arc<Seat>> {
        self.closed = true;
        let all = std::mem::take(&mut self.seats);
        self.tell_sites(&PathPattern::all());
        all
    }

    /// All who listen, in the order in which they came.
    pub(crate) fn seats(&self) -> Seats {
        Arc::new(self.seats.values().cloned().collect())
    }

    /// The site of a path; one that is not known here if there are `max` already.
    pub(crate) fn site(&mut self, path: &EventPath, max: u32) -> Arc<Site> {
        if let Some(site) = self.sites.get(path).and_then(Weak::upgrade) {
            return site;
        }
        self.sweep(max);
        if is_full(self.sites.len(), max) {
            return Arc::new(Site::unknown(path.clone()));
        }
        let site = Arc::new(Site::known(path.clone(), self.listening_to(path)));
        self.sites.insert(path.clone(), Arc::downgrade(&site));
        site
    }

    /// Forgets sites that nobody emits from any more, if it is time to.
    fn sweep(&mut self, max: u32) {
        if self.sites.len() >= self.sweep_at || is_full(self.sites.len(), max) {
            self.sites.retain(|_, site| site.strong_count() > 0);
            self.sweep_at = SWEEP_MIN.max(self.sites.len() * 2);
        }
    }

    /// How many paths there are emitters of.
    pub(crate) fn sites(&self) -> usize {
        self.sites
            .values()
            .filter(|site| site.strong_count() > 0)
            .count()
    }

    fn tell_sites(&self, pattern: &PathPattern) {
        let sites = self.sites.values().filter_map(Weak::upgrade);
        for site in sites.filter(|site| pattern.matches(site.path.as_str())) {
            site.set(self.listening_to(&site.path));
        }
    }

    fn listening_to(&self, path: &EventPath) -> Seats {
        let seats = self.seats.values();
        let listening = seats.filter(|seat| seat.pattern.matches(path.as_str()));
        Arc::new(listening.cloned().collect())
    }
}

fn is_full(count: usize, max: u32) -> bool {
    u32::try_from(count).unwrap_or(u32::MAX) >= max
}
