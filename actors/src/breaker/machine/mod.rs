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
//! | `mod.rs` | [`Machine`]: admitting, settling, what falls due |
//! | `watch.rs` | what is counted while it is closed |
//! | `probation.rs` | the probes of a half-open one |
//! | `manual.rs` | forcing, resetting, reconfiguring |
//! | `face.rs` | what callers need to see of it |

mod face;
mod manual;
#[cfg(test)]
pub(crate) mod model;
mod probation;
#[cfg(test)]
pub(crate) mod tests;
mod watch;

use std::collections::VecDeque;
use std::time::Duration;

pub(crate) use face::{Face, Part, Refused};
pub(crate) use manual::Order;
pub(crate) use probation::Probe;
use probation::{Probation, Verdict};
use watch::Watch;

use super::chance::Chance;
use super::event::{Cause, CircuitEventKind, CircuitState, Transition};
use super::flights::Flight;
use super::outcome::Outcome;
use super::rules::Rules;
use super::stats::Totals;
use super::window::{Counts, Mark};

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
            State::Closed if self.rules.in_flight.is_some() => {
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

    fn watch_closed(&mut self, mark: Mark) {
        if !matches!(self.state, State::Closed | State::MetricsOnly) {
            return;
        }
        let cause = self.watch.record(mark, self.now, &self.rules);
        self.act_on(cause);
    }

    fn act_on(&mut self, cause: Option<Cause>) {
        match (cause, &self.state) {
            (Some(cause), State::Closed) => self.open(cause, self.now),
            (Some(_), State::MetricsOnly) => self.totals.would_open += 1,
            _ => {}
        }
    }

    fn settle_probe(&mut self, number: u64, outcome: Outcome, mark: Mark) {
        let State::HalfOpen(probation) = &mut self.state else {
            return; // Only a half-open generation has probes, and this is the one it was admitted in.
        };
        if !probation.give_back(number) {
            self.totals.late += 1; // Its permit was taken from it.
            return;
        }
        let good = !(mark.failed || mark.slow && self.rules.minds_slow());
        let verdict = probation.settle((!outcome.is_neutral()).then_some(good));
        self.count(outcome, mark);
        self.judge(verdict, self.now);
    }

    fn judge(&mut self, verdict: Verdict, at: u64) {
        match verdict {
            Verdict::Undecided => {}
            Verdict::Inconclusive(probes) => {
                let sequence = self.next_sequence();
                let kind = CircuitEventKind::ProbesInconclusive { sequence, probes };
                self.told.push(kind);
            }
            Verdict::Close => {
                self.again = 0;
                self.to(State::Closed, Cause::ProbesSucceeded, at);
            }
            Verdict::Reopen => {
                self.again = self.again.saturating_add(1);
                self.open(Cause::ProbesFailed, at);
            }
        }
    }

    /// So many calls succeeded, none of them slow, since the last time anything else happened. They decide nothing.
    pub(crate) fn absorb(&mut self, successes: u64) {
        match self.state {
            State::Closed | State::MetricsOnly => self.watch.succeeded(successes),
            State::ForcedClosed => {}
            _ => return,
        }
        self.totals.successes += successes;
        self.since.1 += successes;
    }

    /// So many calls succeeded in a generation that is over by now.
    pub(crate) fn absorb_late(&mut self, successes: u64) {
        self.totals.late += successes;
    }

    /// Forgets what is too old by now. What is absorbed after that belongs to now.
    pub(crate) fn roll(&mut self, now: u64) {
        self.now = now.max(self.now);
        self.watch.roll(self.now);
    }

    /// Looks at the rates once more, after what came when nobody was to come any more.
    pub(crate) fn evaluate(&mut self, now: u64) {
        self.advance(now);
        if let State::Closed | State::MetricsOnly = self.state {
            self.watch.roll(self.now);
            let cause = self.watch.evaluate(&self.rules);
            self.act_on(cause);
        }
    }

    /// Lets everything happen that has fallen due by now.
    pub(crate) fn advance(&mut self, now: u64) {
        let before = self.now;
        self.now = now.max(before);
        while let Some(due) = self.due().filter(|&due| due <= self.now) {
            // Changed rules can make due what was due in the past.
            self.fall_due(due.max(before));
        }
    }

    /// When something happens by itself.
    pub(crate) fn due(&self) -> Option<u64> {
        match &self.state {
            State::Closed => {
                let (calls, longer_than) = self.rules.in_flight?;
                self.watch.flights.due(calls, longer_than)
            }
            State::Open { until } if self.rules.eager => Some(*until),
            State::ForcedOpen { until } => *until,
            State::HalfOpen(probation) => probation.due(),
            _ => None,
        }
    }

    /// When somebody should look, as something happens by itself or calls are let through again.
    pub(crate) fn wake(&self) -> Option<u64> {
        match &self.state {
            State::Open { until } if *until > self.now => Some(*until),
            _ => self.due(),
        }
    }

    fn fall_due(&mut self, at: u64) {
        match &mut self.state {
            State::HalfOpen(probation) => {
                let verdict = probation.expire(at);
                self.totals.expired += 1;
                self.judge(verdict, at);
            }
            State::Open { .. } | State::ForcedOpen { .. } => self.half_open(Cause::TimeUp, at),
            _ => {
                let calls = self.rules.in_flight.map_or(0, |rule| rule.0);
                let calls = u32::try_from(calls).unwrap_or(u32::MAX);
                self.open(Cause::InFlight { calls }, at);
            }
        }
    }

    fn open(&mut self, cause: Cause, at: u64) {
        let time = self.rules.open_time(self.again, self.chance.next());
        let until = at.saturating_add(time);
        self.to(State::Open { until }, cause, at);
    }

    fn half_open(&mut self, cause: Cause, at: u64) {
        let probation = Probation::new(self.rules.half_open);
        self.to(State::HalfOpen(probation), cause, at);
    }

    fn to(&mut self, state: State<H>, cause: Cause, at: u64) {
        let transition = Transition {
            sequence: self.next_sequence(),
            from: self.state.name(),
            to: state.name(),
            cause,
            at: Duration::from_nanos(at),
            failure_count: self.since.0,
            success_count: self.since.1,
        };
        self.state = state;
        self.begin(at);
        self.totals.state_changes += 1;
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(transition);
        self.told.push(CircuitEventKind::Transition(transition));
    }

    /// Begins a generation: nothing that was admitted before counts any more.
    fn begin(&mut self, at: u64) {
        self.generation += 1;
        self.since = (0, 0);
        self.watch = Watch::new(&self.rules, at);
    }

    const fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    fn count(&mut self, outcome: Outcome, mark: Mark) {
        self.totals.count(outcome, mark.slow);
        if !mark.is_good() {
            self.last_bad = Some(self.now);
        }
        if mark.failed {
            self.since.0 += 1;
            self.last_failure = Some(self.now);
        } else if !outcome.is_neutral() {
            self.since.1 += 1;
        }
    }

    /// What has happened since this was last asked.
    pub(crate) fn take_told(&mut self) -> Vec<CircuitEventKind> {
        std::mem::take(&mut self.told)
    }

    pub(crate) const fn state(&self) -> CircuitState {
        self.state.name()
    }

    pub(crate) const fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    pub(crate) const fn totals(&self) -> &Totals {
        &self.totals
    }

    pub(crate) const fn since(&self) -> (u64, u64) {
        self.since
    }

    pub(crate) const fn last_failure(&self) -> Option<u64> {
        self.last_failure
    }

    pub(crate) const fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn history(&self) -> Vec<Transition> {
        self.history.iter().copied().collect()
    }

    /// The calls in the window, as of the latest time.
    pub(crate) fn window(&mut self) -> Counts {
        self.watch.roll(self.now);
        self.watch.window.counts()
    }

    /// Who holds the permits of probes.
    pub(crate) fn probes(&self) -> &[Probe<H>] {
        match &self.state {
            State::HalfOpen(probation) => probation.probes(),
            _ => &[],
        }
    }

    /// Whether nothing would be lost if it were forgotten: it is closed, and so long ago was the last call that could be held
    /// against it that no rule about time would look at it any more.
    pub(crate) fn is_idle(&self, now: u64) -> bool {
        let forgotten = |at: u64| now.saturating_sub(at) >= self.rules.memory();
        let closed = matches!(self.state, State::Closed) && self.watch.flights.len() == 0;
        closed && self.last_bad.is_none_or(forgotten)
    }
}
