//! Breakers that are held against the conformance suite: ours, a plain one, and ones that do something wrong.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mainstay::testkit::TestContext;
use mainstay::testkit::conformance::{self, Breaker, BreakerSetup};
use mainstay_actors::breaker::{CircuitBreaker, CircuitBreakerRegistry, Outcome};
use mainstay_supervisors::specs::CircuitBreakersSpec;
use tokio::time::Instant;

use super::support::{alone, name};

#[mainstay::test(start_paused = true)]
async fn a_breaker_that_stands_alone_conforms() {
    let make = |setup: &BreakerSetup| alone(setup.config());
    assert_eq!(conformance::circuit_breaker(make).await, Ok(()));
}

#[mainstay::test(start_paused = true)]
async fn breakers_of_a_namespace_with_a_keeper_conform_by_name_and_by_key(cx: TestContext) {
    let child = CircuitBreakerRegistry::child(CircuitBreakersSpec::default());
    cx.start_supervised(child).await.expect("it starts");
    let breakers = CircuitBreakerRegistry::of(cx.namespace());
    let by_name = |setup: &BreakerSetup| -> CircuitBreaker {
        drop(breakers.unregister("db"));
        let made = breakers.register_circuit(name("db"), setup.config());
        made.expect("there is none")
    };
    assert_eq!(conformance::circuit_breaker(by_name).await, Ok(()));
    let count = Mutex::new(0);
    let by_key = |setup: &BreakerSetup| -> CircuitBreaker {
        let family = format!("shards-{}", setup.failures);
        let family = breakers.keyed(name(&family), setup.config());
        let mut count = count.lock().expect("no panic");
        *count += 1;
        let made = family.expect("it is valid").breaker(&count.to_string());
        made.expect("there is room")
    };
    assert_eq!(conformance::circuit_breaker(by_key).await, Ok(()));
}

/// What a breaker does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
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

/// A breaker as plain as can be.
struct Plain {
    setup: BreakerSetup,
    wrong: Wrong,
    state: Mutex<State>,
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

struct Slip {
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
    fn new(setup: &BreakerSetup, wrong: Wrong) -> Arc<Self> {
        Arc::new(Self {
            setup: *setup,
            wrong,
            state: Mutex::default(),
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
                    std::thread::sleep(Duration::from_millis(1));
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

struct Mutant(Arc<Plain>);

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

async fn held_against_the_suite(wrong: Wrong) -> Result<(), conformance::Violation> {
    conformance::circuit_breaker(|setup| Mutant(Plain::new(setup, wrong))).await
}

#[mainstay::test(start_paused = true)]
async fn a_plain_breaker_conforms() {
    assert_eq!(held_against_the_suite(Wrong::Nothing).await, Ok(()));
}

#[mainstay::test(start_paused = true)]
async fn each_rule_is_broken_by_a_breaker_that_does_that_wrong() {
    let nth = "it opens on exactly the n-th failure within the window";
    let late = "a call counts in the state it was let through in, and in none after it";
    let rules = [
        (
            Wrong::LimitsCalls,
            "while it is closed, calls are let through, any number at once",
        ),
        (Wrong::OpensTooLate, nth),
        (Wrong::OpensTooEarly, nth),
        (
            Wrong::NeverForgets,
            "a failure that is older than the window does not count",
        ),
        (
            Wrong::CountsIgnored,
            "calls that were ignored or cancelled tell nothing",
        ),
        (
            Wrong::ForgetsPanics,
            "a permit that is dropped by a panic is a failure",
        ),
        (
            Wrong::LetsSomeThrough,
            "while it is open, calls are refused",
        ),
        (
            Wrong::SaysToComeAtOnce,
            "a refusal says how long it is open yet, if it says anything",
        ),
        (
            Wrong::StaysOpen,
            "when the time is up, a call is let through",
        ),
        (
            Wrong::LetsAllThrough,
            "while it is half open, as many calls as there are probes are let through",
        ),
        (
            Wrong::SaysToComeAtOnceToProbes,
            "a refusal never says to come back at once",
        ),
        (
            Wrong::KeepsPermits,
            "the permit of a probe that tells nothing goes to another",
        ),
        (
            Wrong::ClosesTooEarly,
            "it closes when all probes have succeeded, and not before",
        ),
        (
            Wrong::RemembersFailures,
            "when it has closed, it begins to count anew",
        ),
        (
            Wrong::StaysOpenLonger,
            "it opens again when a probe fails, for as long as before",
        ),
        (
            Wrong::WaitsForEver,
            "a probe that never comes back does not keep others out for ever",
        ),
        (Wrong::OldSuccessCloses, late),
        (Wrong::OldFailureOpens, late),
        (Wrong::OldCancelFreesPermits, late),
        (
            Wrong::MixesTrials,
            "a probe counts in the trial it is of, and in none after it",
        ),
        (
            Wrong::ExpiredProbesCount,
            "a probe that has lost its permit decides nothing",
        ),
        (
            Wrong::LooksBeforeItTakes,
            "of threads that call when the time is up, as many as there are probes are let through",
        ),
    ];
    for (wrong, rule) in rules {
        let broken = held_against_the_suite(wrong).await.unwrap_err();
        assert_eq!(broken.rule, rule, "{wrong:?}: {broken}");
    }
}

#[mainstay::test(start_paused = true)]
async fn a_violation_says_what_should_have_come_and_what_came() {
    let broken = held_against_the_suite(Wrong::OpensTooLate).await;
    assert_eq!(
        broken.unwrap_err().to_string(),
        "broken: it opens on exactly the n-th failure within the window; expected a refusal after failure 1, found a permit"
    );
}
