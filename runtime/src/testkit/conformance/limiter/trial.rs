//! One limiter that is tried.

use std::fmt::Display;
use std::time::Duration;

use super::ledger::Ledger;
use super::{LimiterSetup, Limits};
use crate::testkit::conformance::{Violation, same};

/// The key that is tried.
pub(super) const KEY: &str = "tried";

pub(super) struct Trial<'a, L> {
    pub(super) setup: &'a LimiterSetup,
    pub(super) limits: L,
    ledger: Ledger,
    /// The latest that it was.
    now: u64,
}

impl<'a, L: Limits> Trial<'a, L> {
    pub(super) fn new(setup: &'a LimiterSetup, limits: L) -> Self {
        let mut trial = Self {
            setup,
            limits,
            ledger: Ledger::default(),
            now: 0,
        };
        // Within a window, and not where one begins.
        trial.pass(trial.window() / 3);
        trial
    }

    pub(super) const fn window(&self) -> u64 {
        // A setup of the suite, which is short.
        self.setup.window.as_nanos() as u64
    }

    /// Puts the clock on.
    pub(super) fn pass(&mut self, nanoseconds: u64) {
        self.now += nanoseconds;
        self.limits.set_time(Duration::from_nanos(self.now));
    }

    /// Puts the clock back for a while.
    pub(super) fn put_back(&self, nanoseconds: u64) {
        let time = self.now.saturating_sub(nanoseconds);
        self.limits.set_time(Duration::from_nanos(time));
    }

    /// How much can be had.
    pub(super) fn left(&self) -> u32 {
        self.ledger.left(self.setup, self.now)
    }

    /// When so much can be had that cannot be had now.
    pub(super) fn wait(&self, cost: u32) -> u64 {
        self.ledger.wait(self.setup, self.now, cost)
    }

    /// Takes so much, which has to come to what it should; gives what was taken, or how long to wait.
    pub(super) fn take(
        &mut self,
        rule: &'static str,
        cost: u32,
    ) -> Result<Result<L::Taken, Option<Duration>>, Violation> {
        let left = self.left();
        let taken = self.limits.take(KEY, cost);
        self.ledger.ask(self.setup, self.now, cost);
        let told = |may| match may {
            true => format!("{cost} to be let through while {left} are left"),
            false => format!("{cost} to be refused while {left} are left"),
        };
        let may = cost <= left;
        if taken.is_ok() != may {
            return Err(Violation {
                rule,
                expected: told(may),
                found: match taken {
                    Ok(_) => "it let through".to_owned(),
                    Err(_) => "it refused".to_owned(),
                },
            });
        }
        if may {
            self.ledger.take(self.now, cost);
        }
        Ok(taken)
    }

    /// Takes one after the other until there should be no more, and some beyond.
    pub(super) fn take_all(&mut self, rule: &'static str) -> Result<(), Violation> {
        for _ in 0..self.left() + 3 {
            self.take(rule, 1)?.ok();
        }
        Ok(())
    }

    /// Gives back what was taken last.
    pub(super) fn give_back(&mut self, taken: L::Taken) {
        self.limits.give_back(taken);
        self.ledger.undo();
    }

    /// Lets the key begin anew.
    pub(super) fn reset(&mut self) {
        self.limits.reset(KEY);
        self.ledger = Ledger::default();
    }

    /// What it shows has to be what is left.
    pub(super) fn look(&self, rule: &'static str, when: impl Display) -> Result<(), Violation> {
        let shows = |left| format!("{left} left {when}");
        same(
            rule,
            &shows(self.limits.remaining(KEY)),
            &shows(self.left()),
        )
    }
}
