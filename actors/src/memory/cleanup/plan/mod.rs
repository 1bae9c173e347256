//! What is cleaned next: pure. Whoever asks gives the time, as long as it has run, and how pressure is.
//!
//! Memory is freed in rounds, one at a time: because of pressure, which begins one of all services at high and critical, or because
//! somebody has asked, for one service or all. A round runs strategies one by one, the mildest class first, and goes on to the next class
//! only if all of the one before have not freed enough: as much as its target says, by what the allocator counts, or until pressure is
//! relieved. What rests is left out, and has its turn as soon as it is ready: before further ones of a higher class. What was freed is given
//! back to the system at its end.
//!
//! Nothing is done over and over: requests of a service become one, and one with a round of all services that is at it; a strategy rests after a run, for longer if it has failed; after a
//! round nothing begins for twenty times as long as it has lasted, so that cleaning takes less than a twentieth of the time, but for one
//! emergency; and while pressure stays that a round did not relieve, the wait for the next doubles. Where a round has freed what it was to
//! free, and pressure stays as the allocator keeps the pages, the next waits until memory in use has grown again.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Planner`]: what to do next |
//! | `strategies.rs` | which strategies there are, and when each may run |
//! | `requests.rs` | what was asked for, one of each service |
//! | `round.rs` | one round |
//! | `pace.rs` | when a round may begin |

mod pace;
mod requests;
mod round;
mod strategies;
#[cfg(test)]
mod tests;

use std::time::Duration;

use mainstay_specs::{CleanupClass, PressureLevel, ServiceName};

use super::request::{CleanupPriority, CleanupRequest, Requested};
use pace::Pace;
use requests::Requests;
pub(crate) use round::{Began, Cause, Ended};
use round::{Next, Round};
use strategies::Strategies;
pub(crate) use strategies::{Key, Known, RunEnd};

/// How pressure is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Look {
    pub(crate) level: PressureLevel,
    /// The share that is taken, of what the level goes by.
    pub(crate) ratio: f64,
    /// The same in bytes, and of how many, if it is bytes.
    pub(crate) used: Option<u64>,
    pub(crate) limit: Option<u64>,
    /// How many bytes of the heap are in use, if that is measured.
    pub(crate) live: Option<u64>,
}

impl Look {
    /// How many bytes have to go until the share is so much.
    fn over(&self, goal: f64) -> Option<u64> {
        let (used, limit) = (self.used?, self.limit?);
        Some(used.saturating_sub((limit as f64 * goal) as u64))
    }

    /// How many bytes are taken and not in use: what trimming may give back.
    fn retained(&self) -> Option<u64> {
        Some(self.used?.saturating_sub(self.live?))
    }
}

/// What a planner goes by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rules {
    pub(crate) is_enabled: bool,
    pub(crate) class_max: CleanupClass,
    pub(crate) min_interval: Duration,
    pub(crate) pause_max: Duration,
    /// How long a run may take of a strategy that does not say so.
    pub(crate) time_limit: Duration,
    /// The share at which nothing has to be given up yet.
    pub(crate) warning: f64,
    /// The share at which a round because of pressure has done enough.
    pub(crate) goal: f64,
}

/// A run of a strategy that is to begin.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    pub(crate) key: Key,
    /// Of which round.
    pub(crate) round: u64,
    pub(crate) service: ServiceName,
    pub(crate) class: CleanupClass,
    pub(crate) priority: CleanupPriority,
    pub(crate) target: Option<u64>,
    pub(crate) aggressiveness: f64,
    pub(crate) retention: Option<Duration>,
    pub(crate) time_limit: Duration,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// A round has begun: tell, and ask again.
    Begin(Began),
    /// Run this, and say what came of it.
    Run(Order),
    /// A round is over: tell, and ask again.
    End(Ended),
    /// Nothing until then, if there is a time, or until something has changed.
    Wait(Option<Duration>),
}

/// Decides what is cleaned next.
#[derive(Debug)]
pub(crate) struct Planner {
    rules: Rules,
    strategies: Strategies,
    requests: Requests,
    round: Option<Round>,
    pace: Pace,
    rounds: u64,
}

impl Planner {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            strategies: Strategies::default(),
            requests: Requests::default(),
            round: None,
            pace: Pace::default(),
            rounds: 0,
        }
    }

    /// Goes by other rules from now on.
    pub(crate) fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Knows one more strategy, which rests for `min_interval` at least, and for as long as the rules say.
    pub(crate) fn add(&mut self, known: Known) -> Key {
        self.strategies.add(known)
    }

    /// Forgets a strategy. A run of it that goes on counts no more.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Known> {
        self.strategies.remove(key)
    }

    pub(crate) fn strategies(&self) -> impl Iterator<Item = (Key, &Known)> {
        self.strategies.all()
    }

    /// How many requests wait.
    pub(crate) fn waiting(&self) -> usize {
        self.requests.len()
    }

    pub(crate) fn is_in_round(&self) -> bool {
        self.round.is_some()
    }

    /// Takes a request.
    pub(crate) fn request(&mut self, request: CleanupRequest, now: Duration) -> Requested {
        if !self.rules.is_enabled {
            return Requested::Off;
        }
        // First, as those who ask again and again are many.
        if self.requests.merge(&request) {
            return Requested::Coalesced;
        }
        let service = request.service.as_ref();
        let class_max = self.rules.class_max;
        match self.strategies.lowest(service) {
            None => return Requested::NoStrategy,
            Some(class) if class > class_max => return Requested::NotAllowed { class, class_max },
            Some(_) => {}
        }
        if self
            .round
            .as_ref()
            .is_some_and(|round| round.serves(&request, &self.strategies, &self.rules))
        {
            return Requested::Coalesced;
        }
        let rests = self.strategies.ready(service, class_max, now).is_none();
        self.requests.push(request, rests);
        Requested::Queued
    }

    /// What to do next. Pressure is looked at each time, so it is to be asked again whenever that has changed.
    pub(crate) fn step(&mut self, now: Duration, look: &Look) -> Step {
        self.pace.see(now, look.level);
        match self.round.take() {
            Some(round) => self.go_on(round, now, look),
            None => self.begin(now, look),
        }
    }

    /// The task of a run is gone, whatever came of it.
    pub(crate) fn gone(&mut self, key: Key) {
        self.strategies.set_running(key, false);
    }

    /// A run has come to this; nobody waits for it any more.
    pub(crate) fn finished(&mut self, key: Key, now: Duration, end: &RunEnd) {
        self.strategies.finished(key, now, end, &self.rules);
        if let Some(round) = &mut self.round {
            round.finished(key, end);
        }
    }

    fn go_on(&mut self, mut round: Round, now: Duration, look: &Look) -> Step {
        if let Some((key, until)) = round.current() {
            // Its executor has gone: the run may not have.
            if self.strategies.is_running(key) && now < until {
                self.round = Some(round);
                return Step::Wait(Some(until));
            }
            let lost = RunEnd::lost();
            self.strategies.finished(key, now, &lost, &self.rules);
            round.finished(key, &lost);
        }
        round.see(look, &self.rules);
        match round.next(&self.strategies, look, &self.rules, now) {
            Next::Run(key) => match self.order(&mut round, key, now) {
                Some(order) => {
                    self.round = Some(round);
                    Step::Run(order)
                }
                // It was there a moment ago; the next is looked for.
                None => self.go_on(round, now, look),
            },
            Next::End(outcome) => {
                let ended = round.end(outcome, now);
                self.pace.ended(&ended, now, look, &self.rules);
                Step::End(ended)
            }
        }
    }

    /// It is taken to run from now on. Requests that are met by it wait no more.
    fn order(&mut self, round: &mut Round, key: Key, now: Duration) -> Option<Order> {
        let order = round.order(key, self.strategies.get(key)?, &self.rules, now);
        self.strategies.set_running(key, true);
        let (strategies, rules) = (&self.strategies, &self.rules);
        self.requests
            .settle(|request| round.serves(request, strategies, rules));
        Some(order)
    }

    fn begin(&mut self, now: Duration, look: &Look) -> Step {
        if !self.rules.is_enabled {
            self.requests.clear();
            return Step::Wait(None);
        }
        let class_max = self.rules.class_max;
        let quiet = self.pace.quiet_until();
        let due = self.pace.due(now, look, &self.rules);
        let due = due.map(|due| self.pace.unless_quiet(due, look));
        let level = due.and_then(|due| self.strategies.ready_at(None, class_max, due));
        if level.is_some_and(|at| at <= now) {
            let urge = self.pace.urge(look, &self.rules);
            let round = Round::of_level(self.number(), look, urge, &self.rules, now);
            return self.start(round);
        }
        let strategies = &self.strategies;
        let can_be_met =
            |service: Option<&ServiceName>| strategies.allowed(service, class_max).next().is_some();
        self.requests.keep(can_be_met);
        let ready_at =
            |service: Option<&ServiceName>| strategies.ready_at(service, class_max, quiet);
        self.requests.drop_stale(look.level, |service| {
            ready_at(service).is_some_and(|at| at <= now)
        });
        if let Some(request) = self
            .requests
            .pop(|service| ready_at(service).is_some_and(|at| at <= now))
        {
            let urge = self.pace.urge(look, &self.rules);
            let round = Round::of_request(self.number(), request, look.level, urge, now);
            return self.start(round);
        }
        let requests = self.requests.services().filter_map(ready_at);
        Step::Wait(requests.chain(level).min())
    }

    fn start(&mut self, round: Round) -> Step {
        let began = round.began();
        self.round = Some(round);
        Step::Begin(began)
    }

    fn number(&mut self) -> u64 {
        self.rounds += 1;
        self.rounds
    }
}
