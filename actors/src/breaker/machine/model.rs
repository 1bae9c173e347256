//! A breaker as slow and as obvious as can be: it keeps everything that ever happened, and looks at all of it each time.

use mainstay_specs::{CallRate, ProbeExpiry};

use super::{Lease, Machine, Order, Refused};
use crate::breaker::event::{Cause, CircuitState};
use crate::breaker::outcome::Outcome;
use crate::breaker::rules::Rules;
use crate::breaker::window::Shape;

/// A call that was admitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    generation: u64,
    pub(crate) since: u64,
    probe: bool,
    pub(crate) over: bool,
}

/// What counts, of a call that has come back in this generation.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: u64,
    failed: bool,
    slow: bool,
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
    pub(crate) calls: Vec<Call>,
    pub(crate) transitions: Vec<Told>,
    pub(crate) late: u64,
    pub(crate) would_open: u64,
    pub(crate) inconclusive: Vec<u64>,
}

impl Model {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
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
            over: false,
        });
        Ok(self.calls.len() - 1)
    }

    pub(crate) fn check(&self) -> Result<(), Refused> {
        let decided = self.entries.len();
        let permits = self.rules.half_open.permits as usize;
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
        let mine = |call: &Call| call.generation == self.generation && !call.over;
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
        let entry = Entry {
            at: self.now,
            failed: outcome.is_failure(),
            slow: slow || outcome == Outcome::Slow,
        };
        match (call.probe, outcome.is_neutral()) {
            (true, true) => self.tell_nothing(),
            (true, false) => self.judge(entry),
            (false, true) => {}
            (false, false) => self.record(entry),
        }
    }

    fn tell_nothing(&mut self) {
        self.neutral += 1;
        if self
            .neutral
            .is_multiple_of(u64::from(self.rules.half_open.inconclusive_max))
        {
            self.inconclusive.push(self.neutral);
        }
    }

    fn judge(&mut self, entry: Entry) {
        self.entries.push(entry);
        let minds_slow = self.rules.slow_rate.is_some() || self.rules.combined_rate.is_some();
        let bad = |entry: &&Entry| entry.failed || entry.slow && minds_slow;
        let failed = self.entries.iter().filter(bad).count();
        let good = self.entries.len() - failed;
        let half_open = self.rules.half_open;
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

    fn cause(&self, last: Entry) -> Option<Cause> {
        let now = self.now;
        let failures = |within: u64| {
            let counts = |entry: &&Entry| entry.failed && now - entry.at < within;
            self.entries.iter().filter(counts).count()
        };
        if let Some((count, within)) = self.rules.failures
            && last.failed
            && failures(within) >= count as usize
        {
            return Some(Cause::Failures { count });
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

    fn rate(&self, rule: Option<CallRate>, bad: fn(&Entry) -> bool) -> Option<f64> {
        let rule = rule?;
        let len = self.entries.len();
        let inside: Vec<&Entry> = match self.rules.window {
            Shape::Calls(calls) => self.entries[len.saturating_sub(calls)..].iter().collect(),
            Shape::Span { bucket, buckets } => {
                let recent =
                    |entry: &&Entry| entry.at / bucket + buckets as u64 > self.now / bucket;
                self.entries.iter().filter(recent).collect()
            }
            Shape::None => return None,
        };
        let share = inside.iter().filter(|entry| bad(entry)).count() as f64 / inside.len() as f64;
        let enough = inside.len() >= rule.minimum_calls as usize;
        (enough && share >= rule.threshold).then_some(share)
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
                    match self.rules.half_open.expiry {
                        ProbeExpiry::Failure => self.judge(Entry {
                            at,
                            failed: true,
                            slow: false,
                        }),
                        _ => self.tell_nothing(),
                    }
                }
                CircuitState::Closed => {
                    let calls = self.rules.in_flight.map_or(0, |rule| rule.0 as u32);
                    self.to(CircuitState::Open, Cause::InFlight { calls }, at);
                }
                _ => self.to(CircuitState::HalfOpen, Cause::TimeUp, at),
            }
        }
    }

    fn due(&self) -> Option<u64> {
        let out: Vec<u64> = self
            .out()
            .iter()
            .map(|&nth| self.calls[nth].since)
            .collect();
        match self.state {
            CircuitState::Closed => {
                let (calls, longer_than) = self.rules.in_flight?;
                Some(out.get(calls - 1)? + longer_than)
            }
            CircuitState::Open if self.rules.eager => self.until,
            CircuitState::ForcedOpen => self.until,
            CircuitState::HalfOpen => {
                let deadline = self.rules.half_open.probe_deadline.as_nanos() as u64;
                Some(out.first()? + deadline)
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
        } else if order == Order::Reset {
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

/// What the machine has to have in common with the model at every moment.
pub(crate) fn compare<H>(machine: &mut Machine<H>, model: &Model) {
    assert_eq!(machine.state(), model.state);
    assert_eq!(machine.check(), model.check());
    assert_eq!(machine.totals().late, model.late);
    assert_eq!(machine.totals().would_open, model.would_open);
    assert_eq!(machine.due(), model.due());
    let _ = machine.window();
}

pub(crate) const fn is_probe(lease: Lease) -> bool {
    matches!(lease, Lease::Probe(_))
}
