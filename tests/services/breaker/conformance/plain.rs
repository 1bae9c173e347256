//! A breaker as plain as can be, and what it can do wrong.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mainstay::testkit::conformance::{Breaker, BreakerSetup};
use mainstay_actors::breaker::Outcome;
use tokio::time::Instant;

use crate::gate::Gate;

/// What a breaker does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Nothing,
    LimitsCalls,
    OpensTooLate,
    OpensTooEarly,
    NeverForgets,
    CountsIgnored,
    ForgetsPanics,
    LetsSomeThrough,
    SaysToComeAtOnce,
    StaysOpen,
    LetsAllThrough,
    SaysToComeAtOnceToProbes,
    KeepsPermits,
    ClosesTooEarly,
    RemembersFailures,
    StaysOpenLonger,
    WaitsForEver,
    OldSuccessCloses,
    OldFailureOpens,
    OldCancelFreesPermits,
    MixesTrials,
    ExpiredProbesCount,
    LooksBeforeItTakes,
}

/// The breaker.
pub(super) struct Plain {
    setup: BreakerSetup,
    wrong: Wrong,
    state: Mutex<State>,
    /// Opens when more have seen a permit than there are.
    gate: Gate,
}

#[derive(Default)]
struct State {
    phase: Phase,
    generation: u64,
    failures: Vec<Instant>,
    /// Probes that are out, by number, and when they lose their permits.
    out: Vec<(u64, Instant)>,
    /// How many permits there are, of closed ones, and how many refusals there were.
    permits: u64,
    refusals: u64,
    probes: u64,
    succeeded: u32,
    opened: u32,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Phase {
    #[default]
    Closed,
    Open(Instant),
    HalfOpen,
}

pub(super) struct Slip {
    breaker: Arc<Plain>,
    generation: u64,
    probe: Option<u64>,
    settled: bool,
}

impl Drop for Slip {
    fn drop(&mut self) {
        if !self.settled {
            let panicked = std::thread::panicking() && self.breaker.wrong != Wrong::ForgetsPanics;
            let outcome = if panicked {
                Outcome::Panicked
            } else {
                Outcome::Cancelled
            };
            self.breaker.settle(self, outcome);
        }
    }
}

impl Plain {
    pub(super) fn new(setup: &BreakerSetup, wrong: Wrong) -> Arc<Self> {
        Arc::new(Self {
            setup: *setup,
            wrong,
            state: Mutex::default(),
            gate: Gate::of(setup.probes as usize + 1),
        })
    }

    fn is(&self, wrong: Wrong) -> bool {
        self.wrong == wrong
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().expect("no panic");
        let now = Instant::now();
        if let Phase::Open(until) = state.phase
            && until <= now
            && !self.is(Wrong::StaysOpen)
        {
            state.turn(Phase::HalfOpen);
        }
        if !self.is(Wrong::WaitsForEver) {
            state.out.retain(|(_, deadline)| *deadline > now);
        }
        state
    }

    fn open(&self, state: &mut State) {
        state.opened += 1;
        let longer = self.is(Wrong::StaysOpenLonger) && state.opened > 1;
        let time = self.setup.open_for * if longer { 2 } else { 1 };
        state.turn(Phase::Open(Instant::now() + time));
    }

    fn acquire(self: &Arc<Self>) -> Result<Slip, Option<Duration>> {
        let mut state = self.lock();
        let probe = match state.phase {
            Phase::Closed if self.is(Wrong::LimitsCalls) && state.permits >= 50 => {
                return Err(None);
            }
            Phase::Closed => None,
            Phase::Open(until) => {
                state.refusals += 1;
                if self.is(Wrong::SaysToComeAtOnce) {
                    return Err(Some(Duration::ZERO));
                }
                if !self.is(Wrong::LetsSomeThrough) || !state.refusals.is_multiple_of(5) {
                    return Err(Some(until.saturating_duration_since(Instant::now())));
                }
                None
            }
            Phase::HalfOpen => {
                if !self.has_probe(&state) {
                    let now = self.is(Wrong::SaysToComeAtOnceToProbes);
                    return Err(now.then_some(Duration::ZERO));
                }
                if self.is(Wrong::LooksBeforeItTakes) {
                    drop(state);
                    self.gate.pass();
                    state = self.lock();
                }
                state.probes += 1;
                let (probe, deadline) = (state.probes, self.setup.probe_deadline);
                state.out.push((probe, Instant::now() + deadline));
                Some(probe)
            }
        };
        state.permits += 1;
        Ok(Slip {
            breaker: Arc::clone(self),
            generation: state.generation,
            probe,
            settled: false,
        })
    }

    fn has_probe(&self, state: &State) -> bool {
        let taken = state.out.len() + state.succeeded as usize;
        taken < self.setup.probes as usize || self.is(Wrong::LetsAllThrough)
    }

    fn settle(&self, slip: &Slip, outcome: Outcome) {
        let mut state = self.lock();
        state.permits -= 1;
        let good = outcome == Outcome::Success;
        if slip.generation != state.generation && !self.takes_late(&mut state, slip, outcome) {
            return;
        }
        match state.phase {
            Phase::Closed => self.count(&mut state, outcome),
            Phase::Open(_) => {}
            Phase::HalfOpen => {
                let nth = state
                    .out
                    .iter()
                    .position(|(out, _)| Some(*out) == slip.probe);
                let keeps = self.is(Wrong::KeepsPermits) && outcome.is_neutral();
                match nth {
                    Some(_) if keeps => return,
                    Some(nth) => drop(state.out.remove(nth)),
                    None if self.is(Wrong::ExpiredProbesCount) => {}
                    None => return,
                }
                if outcome.is_failure() {
                    self.open(&mut state);
                } else if good {
                    self.succeeded(&mut state);
                }
            }
        }
    }

    /// Whether a call of an earlier generation is taken as one of this.
    fn takes_late(&self, state: &mut State, slip: &Slip, outcome: Outcome) -> bool {
        if state.phase != Phase::HalfOpen {
            return false;
        }
        match (self.wrong, outcome) {
            (Wrong::OldSuccessCloses, Outcome::Success) => self.succeeded(state),
            (Wrong::OldFailureOpens, Outcome::Failure) => self.open(state),
            (Wrong::OldCancelFreesPermits, Outcome::Cancelled) => drop(state.out.pop()),
            (Wrong::MixesTrials, _) => return slip.probe.is_some(),
            _ => {}
        }
        false
    }

    fn succeeded(&self, state: &mut State) {
        state.succeeded += 1;
        if state.succeeded >= self.setup.probes || self.is(Wrong::ClosesTooEarly) {
            let failures = std::mem::take(&mut state.failures);
            state.turn(Phase::Closed);
            if self.is(Wrong::RemembersFailures) {
                state.failures = failures;
            }
        }
    }

    fn count(&self, state: &mut State, outcome: Outcome) {
        let ignored = self.is(Wrong::CountsIgnored) && outcome == Outcome::Ignored;
        if !outcome.is_failure() && !ignored {
            return;
        }
        let (now, window) = (Instant::now(), self.setup.window);
        state.failures.push(now);
        if !self.is(Wrong::NeverForgets) {
            state.failures.retain(|at| now - *at <= window);
        }
        let threshold = match self.wrong {
            Wrong::OpensTooLate => self.setup.failures + 1,
            Wrong::OpensTooEarly => (self.setup.failures - 1).max(1),
            _ => self.setup.failures,
        };
        if state.failures.len() >= threshold as usize {
            self.open(state);
        }
    }
}

impl State {
    fn turn(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
        if phase == Phase::Closed {
            self.failures.clear();
        }
        self.out.clear();
        self.probes = 0;
        self.succeeded = 0;
    }
}

/// A breaker that is held against the suite.
pub(super) struct Mutant(pub(super) Arc<Plain>);

impl Breaker for Mutant {
    type Permit = Slip;

    fn try_acquire(&self) -> Result<Slip, Option<Duration>> {
        self.0.acquire()
    }

    fn settle(&self, mut permit: Slip, outcome: Outcome) {
        permit.settled = true;
        self.0.settle(&permit, outcome);
    }
}
