//! What a breaker decides: a state machine without a clock, threads or randomness of its own.
//!
//! ```text
//!            a rule holds                      time is up, or what it follows was restarted
//!  closed ───────────────► open ──────────────────────────────► half open
//!    ▲                      ▲   enough probes failed               │
//!    │                      └──────────────────────────────────────┤
//!    └─────────────────────────────────────────────────────────────┘
//!                           enough probes succeeded
//! ```
//!
//! Every transition begins a generation. What was admitted in one generation counts in that one only: a call that comes back in a
//! later one changes nothing. Times are in nanoseconds since the breaker was made, and never go backwards: an earlier one is taken
//! for the latest there was. What falls due at a time happens at that time, also if nobody asks until later.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Machine`]: admitting and settling |
//! | `course.rs` | from one state to another, and what falls due |
//! | `counting.rs`, `watch.rs` | what outcomes count for, and what is counted while it is closed |
//! | `trial.rs`, `probation.rs` | what probes come to, and those of a half-open one |
//! | `manual.rs` | forcing, resetting, reconfiguring |
//! | `face.rs`, `report.rs` | what callers need to see of it, and what else is known of it |

mod counting;
mod course;
mod face;
mod manual;
#[cfg(test)]
pub(crate) mod model;
mod probation;
#[cfg(test)]
pub(crate) mod properties;
mod report;
#[cfg(test)]
mod tests;
mod trial;
mod watch;

use std::collections::VecDeque;

pub(crate) use face::{Face, Part, Refused};
pub(crate) use manual::Order;
use probation::Probation;
pub(crate) use probation::Probe;
use watch::Watch;

use super::chance::Chance;
use super::event::{Cause, CircuitEventKind, CircuitState, Transition};
use super::flights::Flight;
use super::outcome::Outcome;
use super::rules::Rules;
use super::stats::Totals;
use super::window::Mark;

/// How many transitions are remembered for observers.
pub(crate) const HISTORY: usize = 16;

/// The state of a breaker. `H` is what is known of the holder of a probe's permit.
#[derive(Debug)]
pub(crate) struct Machine<H> {
    rules: Rules,
    /// Of the rules, from 1.
    version: u64,
    state: State<H>,
    generation: u64,
    /// The latest time there was.
    now: u64,
    /// How often it has opened again since it was last closed.
    again: u32,
    chance: Chance,
    watch: Watch,
    totals: Totals,
    /// Failures and successes since the last transition.
    since: (u64, u64),
    last_failure: Option<u64>,
    /// When a call last failed or was slow.
    last_bad: Option<u64>,
    sequence: u64,
    /// What has happened and was not taken out yet.
    told: Vec<CircuitEventKind>,
    history: VecDeque<Transition>,
}

#[derive(Debug)]
enum State<H> {
    Closed,
    Open { until: u64 },
    HalfOpen(Probation<H>),
    ForcedOpen { until: Option<u64> },
    ForcedClosed,
    Disabled,
    MetricsOnly,
}

impl<H> State<H> {
    const fn name(&self) -> CircuitState {
        match self {
            Self::Closed => CircuitState::Closed,
            Self::Open { .. } => CircuitState::Open,
            Self::HalfOpen(_) => CircuitState::HalfOpen,
            Self::ForcedOpen { .. } => CircuitState::ForcedOpen,
            Self::ForcedClosed => CircuitState::ForcedClosed,
            Self::Disabled => CircuitState::Disabled,
            Self::MetricsOnly => CircuitState::MetricsOnly,
        }
    }
}

/// What a call holds while it is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lease {
    /// Nothing but its generation.
    None,
    Flight(Flight),
    /// The permit of a probe, by number.
    Probe(u64),
}

/// Under which generation a call was admitted, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) generation: u64,
    pub(crate) lease: Lease,
}

impl<H> Machine<H> {
    pub(crate) fn new(rules: Rules, seed: u64) -> Self {
        Self {
            watch: Watch::new(&rules, 0),
            rules,
            version: 1,
            state: State::Closed,
            generation: 0,
            now: 0,
            again: 0,
            chance: Chance::new(seed),
            totals: Totals::default(),
            since: (0, 0),
            last_failure: None,
            last_bad: None,
            sequence: 0,
            told: Vec::new(),
            history: VecDeque::new(),
        }
    }

    /// Admits a call, or refuses it.
    pub(crate) fn acquire(
        &mut self,
        now: u64,
        holder: impl FnOnce() -> H,
    ) -> Result<Ticket, Refused> {
        self.advance(now);
        if let State::Open { until } = self.state
            && until <= self.now
        {
            // The first call after that is the first probe.
            self.half_open(Cause::TimeUp, self.now);
        }
        self.check()?;
        let lease = match &mut self.state {
            State::HalfOpen(probation) => Lease::Probe(probation.admit(self.now, holder())),
            State::Closed | State::MetricsOnly if self.rules.in_flight.is_some() => {
                Lease::Flight(self.watch.flights.start(self.now))
            }
            _ => Lease::None,
        };
        Ok(Ticket {
            generation: self.generation,
            lease,
        })
    }

    /// Whether a call would be admitted, as of the latest time.
    pub(crate) fn check(&self) -> Result<(), Refused> {
        let until = match &self.state {
            State::Open { until } if *until > self.now => Some(*until),
            State::ForcedOpen { until } => *until,
            State::HalfOpen(probation) if !probation.has_room() => probation.due(),
            _ => return Ok(()),
        };
        Err(Refused {
            state: self.state.name(),
            until,
        })
    }

    /// Takes what a call came to, unless it is of an earlier generation. `slow` is what the clock says.
    pub(crate) fn settle(&mut self, ticket: Ticket, outcome: Outcome, slow: bool, now: u64) {
        self.advance(now);
        if ticket.generation != self.generation {
            self.totals.late += 1;
            return;
        }
        if let State::Disabled = self.state {
            return;
        }
        let mark = Mark {
            failed: outcome.is_failure(),
            slow: !outcome.is_neutral() && (slow || outcome == Outcome::Slow),
        };
        match ticket.lease {
            Lease::Probe(number) => return self.settle_probe(number, outcome, mark),
            Lease::Flight(flight) => self.watch.flights.end(flight),
            Lease::None => {}
        }
        self.count(outcome, mark);
        if !outcome.is_neutral() {
            self.watch_closed(mark);
        }
    }
}
