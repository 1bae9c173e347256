//! A breaker as slow and as obvious as can be: it keeps everything that ever happened, and looks at all of it each time.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Model`] |
//! | `window.rs` | which calls rates are taken of, also under another configuration |
//! | `compare.rs` | what a machine has to have in common with it |

mod compare;
mod window;

use mainstay_specs::{HalfOpen, ProbeExpiry};

pub(crate) use compare::{Counted, compare, is_probe};

use super::{Order, Refused};
use crate::breaker::event::{Cause, CircuitState};
use crate::breaker::outcome::Outcome;
use crate::breaker::rules::Rules;

/// A call that was admitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    generation: u64,
    pub(crate) since: u64,
    probe: bool,
    /// There was a rule about calls that are out when it began, and there was one ever since.
    tracked: bool,
    pub(crate) over: bool,
    /// It has been told already that it would have opened over this one.
    aside: bool,
}

/// What counts, of a call that has come back in this generation.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: u64,
    failed: bool,
    slow: bool,
    /// Under which time it is in the window; none if it was forgotten there.
    window: Option<u64>,
    /// The rule about failures knows of it.
    recent: bool,
    /// Of a probe: it tells against closing.
    tells_against: bool,
}

/// From what, to what, why and when.
pub(crate) type Told = (CircuitState, CircuitState, Cause, u64);

#[derive(Debug)]
pub(crate) struct Model {
    rules: Rules,
    pub(crate) state: CircuitState,
    until: Option<u64>,
    generation: u64,
    pub(crate) now: u64,
    again: u32,
    entries: Vec<Entry>,
    neutral: u64,
    /// By what a half-open generation goes.
    probation: HalfOpen,
    /// Failures and successes of this generation, but for probes that lost their permit.
    since: (u64, u64),
    last_bad: Option<u64>,
    pub(crate) counted: Counted,
    pub(crate) calls: Vec<Call>,
    pub(crate) transitions: Vec<Told>,
    pub(crate) late: u64,
    pub(crate) would_open: u64,
    pub(crate) inconclusive: Vec<u64>,
}

impl Model {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            probation: rules.half_open,
            since: (0, 0),
            last_bad: None,
            counted: Counted::default(),
            rules,
            state: CircuitState::Closed,
            until: None,
            generation: 0,
            now: 0,
            again: 0,
            entries: Vec::new(),
            neutral: 0,
            calls: Vec::new(),
            transitions: Vec::new(),
            late: 0,
            would_open: 0,
            inconclusive: Vec::new(),
        }
    }

    /// Admits a call, with its number, or refuses it.
    pub(crate) fn acquire(&mut self, now: u64) -> Result<usize, Refused> {
        self.advance(now);
        if self.state == CircuitState::Open && self.until <= Some(self.now) {
            self.to(CircuitState::HalfOpen, Cause::TimeUp, self.now);
        }
        self.check()?;
        self.calls.push(Call {
            generation: self.generation,
            since: self.now,
            probe: self.state == CircuitState::HalfOpen,
            tracked: self.rules.in_flight.is_some(),
            over: false,
            aside: false,
        });
        Ok(self.calls.len() - 1)
    }

    pub(crate) fn check(&self) -> Result<(), Refused> {
        let decided = self.entries.len();
        let permits = self.probation.permits as usize;
        let until = match self.state {
            CircuitState::Open if self.until > Some(self.now) => self.until,
            CircuitState::ForcedOpen => self.until,
            CircuitState::HalfOpen if self.out().len() + decided >= permits => self.due(),
            _ => return Ok(()),
        };
        let state = self.state;
        Err(Refused { state, until })
    }

    /// The calls of this generation that are out, by number.
    fn out(&self) -> Vec<usize> {
        let mine = |call: &Call| call.generation == self.generation && !call.over && !call.aside;
        (0..self.calls.len())
            .filter(|&nth| mine(&self.calls[nth]))
            .collect()
    }

    pub(crate) fn settle(&mut self, nth: usize, outcome: Outcome, slow: bool, now: u64) {
        self.advance(now);
        let call = self.calls[nth];
        self.calls[nth].over = true;
        if call.generation != self.generation || call.over {
            self.late += 1;
            return;
        }
        if self.state == CircuitState::Disabled {
            return;
        }
        let entry = self.entry(outcome.is_failure(), slow || outcome == Outcome::Slow);
        self.count(outcome, entry.slow);
        match (call.probe, outcome.is_neutral()) {
            (true, true) => self.tell_nothing(),
            (true, false) => self.judge(entry),
            (false, true) => {}
            (false, false) => self.record(entry),
        }
    }

    fn entry(&self, failed: bool, slow: bool) -> Entry {
        Entry {
            at: self.now,
            failed,
            slow,
            window: Some(self.now),
            recent: failed && self.rules.failures.is_some(),
            tells_against: false,
        }
    }

    fn count(&mut self, outcome: Outcome, slow: bool) {
        let counted = &mut self.counted;
        counted.slow += u64::from(slow && !outcome.is_neutral());
        let (failures, successes) = &mut self.since;
        match outcome {
            Outcome::Success | Outcome::Slow => {
                (counted.successes, *successes) = (counted.successes + 1, *successes + 1)
            }
            Outcome::Failure | Outcome::TimedOut | Outcome::Panicked => {
                (counted.failures, *failures) = (counted.failures + 1, *failures + 1)
            }
            Outcome::Ignored | Outcome::Refused => counted.ignored += 1,
            Outcome::Cancelled => counted.cancelled += 1,
        }
        counted.timed_out += u64::from(outcome == Outcome::TimedOut);
        counted.panicked += u64::from(outcome == Outcome::Panicked);
        if outcome.is_failure() || slow && !outcome.is_neutral() {
            self.last_bad = Some(self.now);
        }
    }

    fn tell_nothing(&mut self) {
        self.neutral += 1;
        if self
            .neutral
            .is_multiple_of(u64::from(self.probation.inconclusive_max))
        {
            self.inconclusive.push(self.neutral);
        }
    }

    fn judge(&mut self, entry: Entry) {
        // By the rules of when it came back.
        let minds_slow = self.rules.slow_rate.is_some() || self.rules.combined_rate.is_some();
        let tells_against = entry.failed || entry.slow && minds_slow;
        self.entries.push(Entry {
            tells_against,
            ..entry
        });
        let failed = self
            .entries
            .iter()
            .filter(|entry| entry.tells_against)
            .count();
        let good = self.entries.len() - failed;
        let half_open = self.probation;
        if good >= half_open.successes as usize {
            self.again = 0;
            self.to(CircuitState::Closed, Cause::ProbesSucceeded, entry.at);
        } else if failed + half_open.successes as usize > half_open.permits as usize {
            self.again += 1;
            self.to(CircuitState::Open, Cause::ProbesFailed, entry.at);
        }
    }

    fn record(&mut self, entry: Entry) {
        self.entries.push(entry);
        let cause = self.cause(entry);
        match (self.state, cause) {
            (CircuitState::Closed, Some(cause)) => self.to(CircuitState::Open, cause, self.now),
            (CircuitState::MetricsOnly, Some(_)) => self.would_open += 1,
            _ => {}
        }
    }

    fn cause(&mut self, last: Entry) -> Option<Cause> {
        let now = self.now;
        if let Some((count, within)) = self.rules.failures
            && last.failed
        {
            // What is too old by now, or more than the rule asks for, is out of its mind for good.
            let mut left = count;
            for entry in self.entries.iter_mut().rev().filter(|entry| entry.recent) {
                entry.recent = left > 0 && now - entry.at < within;
                left = left.saturating_sub(1);
            }
            if self.entries.iter().filter(|entry| entry.recent).count() >= count as usize {
                return Some(Cause::Failures { count });
            }
        }
        let row = self.entries.iter().rev().take_while(|entry| entry.failed);
        if let Some(count) = self.rules.consecutive
            && last.failed
            && row.count() >= count as usize
        {
            return Some(Cause::ConsecutiveFailures { count });
        }
        let rate = |rule, bad: fn(&Entry) -> bool| self.rate(rule, bad);
        let failed = rate(self.rules.failure_rate, |entry| entry.failed);
        let slow = rate(self.rules.slow_rate, |entry| entry.slow);
        let either = rate(self.rules.combined_rate, |entry| entry.failed || entry.slow);
        let failed = failed.map(|rate| Cause::FailureRate { rate });
        let slow = slow.map(|rate| Cause::SlowRate { rate });
        failed
            .or(slow)
            .or_else(|| either.map(|rate| Cause::CombinedRate { rate }))
    }

    pub(crate) fn advance(&mut self, now: u64) {
        let before = self.now;
        self.now = now.max(before);
        while let Some(due) = self.due().filter(|&due| due <= self.now) {
            let at = due.max(before);
            match self.state {
                CircuitState::HalfOpen => {
                    let oldest = self.out()[0];
                    self.calls[oldest].over = true;
                    self.counted.expired += 1;
                    match self.probation.expiry {
                        ProbeExpiry::Failure => {
                            let entry = self.entry(true, false);
                            self.judge(Entry { at, ..entry });
                        }
                        _ => self.tell_nothing(),
                    }
                }
                CircuitState::Closed => {
                    let calls = self.rules.in_flight.map_or(0, |rule| rule.0 as u32);
                    self.to(CircuitState::Open, Cause::InFlight { calls }, at);
                }
                CircuitState::MetricsOnly => {
                    self.would_open += 1;
                    let calls = self.rules.in_flight.map_or(0, |rule| rule.0);
                    let tracked = self
                        .out()
                        .into_iter()
                        .filter(|&nth| self.calls[nth].tracked);
                    for nth in tracked.take(calls).collect::<Vec<_>>() {
                        self.calls[nth].aside = true;
                    }
                }
                _ => self.to(CircuitState::HalfOpen, Cause::TimeUp, at),
            }
        }
    }

    fn due(&self) -> Option<u64> {
        let out: Vec<Call> = self.out().iter().map(|&nth| self.calls[nth]).collect();
        match self.state {
            CircuitState::Closed | CircuitState::MetricsOnly => {
                let (calls, longer_than) = self.rules.in_flight?;
                let tracked: Vec<_> = out.iter().filter(|call| call.tracked).collect();
                Some(tracked.get(calls - 1)?.since + longer_than)
            }
            CircuitState::Open if self.rules.eager => self.until,
            CircuitState::ForcedOpen => self.until,
            CircuitState::HalfOpen => {
                let deadline = self.probation.probe_deadline.as_nanos() as u64;
                Some(out.first()?.since + deadline)
            }
            _ => None,
        }
    }

    pub(crate) fn obey(&mut self, order: Order, now: u64) {
        self.advance(now);
        self.again = 0;
        let (state, cause) = match order {
            Order::ForceOpen { .. } => (CircuitState::ForcedOpen, Cause::Forced),
            Order::ForceClosed => (CircuitState::ForcedClosed, Cause::Forced),
            Order::Disable => (CircuitState::Disabled, Cause::Forced),
            Order::MetricsOnly => (CircuitState::MetricsOnly, Cause::Forced),
            Order::Reset => (CircuitState::Closed, Cause::Reset),
        };
        if self.state != state {
            self.to(state, cause, self.now);
        } else {
            self.begin();
        }
        if let Order::ForceOpen { until } = order {
            self.until = until;
        }
    }

    pub(crate) fn restarted(&mut self, now: u64) {
        self.advance(now);
        match self.state {
            CircuitState::Open => self.to(CircuitState::HalfOpen, Cause::Restarted, self.now),
            CircuitState::HalfOpen => self.begin(),
            _ => {}
        }
    }

    fn begin(&mut self) {
        self.generation += 1;
        self.entries.clear();
        self.neutral = 0;
        self.since = (0, 0);
        self.probation = self.rules.half_open;
    }

    fn to(&mut self, state: CircuitState, cause: Cause, at: u64) {
        self.transitions.push((self.state, state, cause, at));
        self.state = state;
        self.begin();
        if state == CircuitState::Open {
            self.until = Some(at + self.rules.open_time(self.again, 0.0));
        }
    }
}
