//! One breaker that is tried.

use std::fmt::Display;
use std::time::Duration;

use mainstay_actors::breaker::Outcome;

use super::{Breaker, BreakerSetup};
use crate::testkit::conformance::Violation;

/// The shortest time that timers tell apart.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// How often others, such as a task that minds the time, are let go on after time was put on.
const YIELDS: usize = 32;

pub(super) struct Trial<'a, B> {
    pub(super) setup: &'a BreakerSetup,
    pub(super) breaker: B,
}

/// Puts time on.
pub(super) async fn pass(time: Duration) {
    tokio::time::advance(time).await;
    for _ in 0..YIELDS {
        tokio::task::yield_now().await;
    }
}

impl<'a, B: Breaker> Trial<'a, B> {
    pub(super) const fn new(setup: &'a BreakerSetup, breaker: B) -> Self {
        Self { setup, breaker }
    }

    /// A call that has to be let through.
    pub(super) fn admitted(
        &self,
        rule: &'static str,
        when: impl Display,
    ) -> Result<B::Permit, Violation> {
        self.breaker.try_acquire().map_err(|wait| Violation {
            rule,
            expected: format!("a permit {when}"),
            found: wait.map_or_else(
                || "a refusal".to_owned(),
                |wait| format!("a refusal for {wait:?}"),
            ),
        })
    }

    /// A call that has to be refused; gives for how long.
    pub(super) fn refused(
        &self,
        rule: &'static str,
        when: impl Display,
    ) -> Result<Option<Duration>, Violation> {
        match self.breaker.try_acquire() {
            Err(wait) => Ok(wait),
            Ok(_) => Err(Violation {
                rule,
                expected: format!("a refusal {when}"),
                found: "a permit".to_owned(),
            }),
        }
    }

    /// So many calls at once, all of which have to be let through.
    pub(super) fn admitted_all(
        &self,
        rule: &'static str,
        count: u32,
        when: &str,
    ) -> Result<Vec<B::Permit>, Violation> {
        let admitted = |nth| self.admitted(rule, format!("{when}, number {nth} of {count}"));
        (1..=count).map(admitted).collect()
    }

    pub(super) fn settle(&self, permit: B::Permit, outcome: Outcome) {
        self.breaker.settle(permit, outcome);
    }

    pub(super) fn settle_all(&self, permits: Vec<B::Permit>, outcome: Outcome) {
        for permit in permits {
            self.settle(permit, outcome);
        }
    }

    /// So many calls that fail, one after the other, each of which has to be let through.
    pub(super) fn fail(&self, rule: &'static str, times: u32) -> Result<(), Violation> {
        for nth in 1..=times {
            let permit = self.admitted(rule, format!("for call {nth} of {times} that fail"))?;
            self.settle(permit, Outcome::Failure);
        }
        Ok(())
    }

    /// Opens it, by as many failures as it takes.
    pub(super) fn open(&self, rule: &'static str) -> Result<(), Violation> {
        self.fail(rule, self.setup.failures)
    }

    /// Opens it, and waits until its time is up.
    pub(super) async fn half_open(&self, rule: &'static str) -> Result<(), Violation> {
        self.open(rule)?;
        pass(self.setup.open_for).await;
        Ok(())
    }

    /// Lets all probes succeed.
    pub(super) fn close(&self, rule: &'static str) -> Result<(), Violation> {
        let probes = self.admitted_all(rule, self.setup.probes, "for a probe")?;
        self.settle_all(probes, Outcome::Success);
        Ok(())
    }

    /// It has to be half open, with all its probes at hand, which are given.
    pub(super) fn is_half_open(
        &self,
        rule: &'static str,
        when: &str,
    ) -> Result<Vec<B::Permit>, Violation> {
        let probes = self.admitted_all(rule, self.setup.probes, when)?;
        self.refused(rule, format!("{when}, beside all probes"))?;
        Ok(probes)
    }

    /// It has to be closed: it lets more through at once than probes.
    pub(super) fn is_closed(&self, rule: &'static str, when: &str) -> Result<(), Violation> {
        let calls = self.admitted_all(rule, self.setup.probes + 2, when)?;
        self.settle_all(calls, Outcome::Success);
        Ok(())
    }
}
