//! From shares to levels: pure, and no clock of its own.
//!
//! Each threshold is minded by a [`Trigger`] of its own; the level is the highest whose trigger is on. As a share at a threshold is at
//! all lower ones too, a level that ends leaves the one below it, unless that has ended as well.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Ladder`] |
//! | `rules.rs` | [`Rules`]: what a spec asks for |
//! | `trigger.rs` | [`Trigger`]: one threshold |

mod rules;
mod trigger;

pub(crate) use rules::Rules;

use std::time::Duration;

use mainstay_specs::PressureLevel;

use trigger::Trigger;

/// Which level it is, from samples one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    rules: Rules,
    /// Of medium, high and critical.
    triggers: [Trigger; 3],
}

impl Ladder {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            triggers: [Trigger::default(); 3],
        }
    }

    /// Goes by other rules from the next sample on. The level stays until then.
    pub(crate) fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    pub(crate) fn level(&self) -> PressureLevel {
        let on = self.triggers.iter().rposition(Trigger::is_on);
        on.map_or(PressureLevel::Low, |nth| PressureLevel::ALL[nth + 1])
    }

    /// Takes in a sample. Times do not go backwards: an earlier one is taken for the last.
    pub(crate) fn step(&mut self, ratio: f64, now: Duration) -> PressureLevel {
        for (trigger, rule) in self.triggers.iter_mut().zip(&self.rules.rungs) {
            trigger.step(rule, &self.rules, ratio, now);
        }
        self.level()
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests;
