//! When a round may begin.

use std::time::Duration;

use mainstay_specs::PressureLevel;

use super::super::event::RoundOutcome;
use super::super::request::CleanupPriority;
use super::round::{Cause, Ended};
use super::{Look, Rules};

/// For how many times as long as it has taken something rests: so it takes less than a twentieth of the time.
pub(super) const REST: u32 = 20;

/// How much more is given up for each round before that was in vain.
const MORE: f64 = 0.25;

/// When a round may begin, and how much it is to give up.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The level at the last look.
    seen: PressureLevel,
    /// How many rounds because of pressure have been in vain, one after the other.
    in_vain: u32,
    /// When the next because of pressure may begin.
    next_at: Duration,
    /// Nothing begins before.
    quiet_until: Duration,
    /// How urgent the last round was.
    last: CleanupPriority,
    satisfied: Option<Satisfied>,
}

/// A round has freed what it was to free, and pressure has stayed.
#[derive(Debug)]
struct Satisfied {
    level: PressureLevel,
    /// From how many bytes in use on there is something to be freed again.
    live: u64,
    /// Until when that is believed.
    until: Duration,
}

impl Pace {
    /// Pressure is at this level now.
    pub(super) fn see(&mut self, now: Duration, level: PressureLevel) {
        if level < PressureLevel::High {
            self.in_vain = 0;
            self.satisfied = None;
            self.next_at = Duration::ZERO;
        } else if level > self.seen {
            self.in_vain = 0;
            self.satisfied = None;
            self.next_at = now;
        }
        self.seen = level;
    }

    pub(super) const fn quiet_until(&self) -> Duration {
        self.quiet_until
    }

    /// When a round because of pressure is due, if one is.
    pub(super) fn due(&self, now: Duration, look: &Look, rules: &Rules) -> Option<Duration> {
        if look.level < PressureLevel::High {
            return None;
        }
        match (&self.satisfied, look.live) {
            (Some(satisfied), Some(live))
                if look.level <= satisfied.level
                    && live < satisfied.live
                    && now < satisfied.until =>
            {
                // Looked at again before, as it may have grown.
                Some(
                    satisfied
                        .until
                        .min(now + rules.min_interval)
                        .max(self.next_at),
                )
            }
            _ => Some(self.next_at),
        }
    }

    /// Not before it is quiet no more; but an emergency is not held up by what was done before it came to that.
    pub(super) fn unless_quiet(&self, due: Duration, look: &Look) -> Duration {
        let is_emergency =
            look.level == PressureLevel::Critical && self.last < CleanupPriority::Emergency;
        if is_emergency {
            due
        } else {
            due.max(self.quiet_until)
        }
    }

    /// How much is to be given up: nothing at the warning threshold, all at 1, and more if rounds were in vain.
    pub(super) fn urge(&self, look: &Look, rules: &Rules) -> f64 {
        let room = 1.0 - rules.warning;
        let share = if room > 0.0 {
            (look.ratio - rules.warning) / room
        } else {
            0.0
        };
        (share.max(0.0) + MORE * f64::from(self.in_vain)).min(1.0)
    }

    /// A round is over.
    pub(super) fn ended(&mut self, ended: &Ended, now: Duration, look: &Look, rules: &Rules) {
        self.quiet_until = self.quiet_until.max(now) + ended.took * REST;
        self.last = ended.priority;
        if !matches!(ended.cause, Cause::Pressure(_)) {
            return;
        }
        self.in_vain = match ended.outcome {
            RoundOutcome::Missed => self.in_vain.saturating_add(1),
            _ => 0,
        };
        self.satisfied = match (ended.outcome, look.live) {
            (RoundOutcome::TargetMet, Some(live)) => Some(Satisfied {
                level: look.level,
                live: live
                    .saturating_add(ended.freed.unwrap_or(0) / 2)
                    .saturating_add(1),
                until: now + rules.pause_max,
            }),
            _ => None,
        };
        self.next_at = now + doubled(rules.min_interval, self.in_vain, rules.pause_max);
    }
}

/// So many times twice as long, up to the longest.
pub(super) fn doubled(time: Duration, times: u32, most: Duration) -> Duration {
    let factor = 1_u32.checked_shl(times.min(31)).unwrap_or(u32::MAX);
    time.saturating_mul(factor).min(most)
}
