//! One threshold: on after enough samples at it, off after it was undercut for long enough.

use std::time::Duration;

use mainstay_specs::Sustained;

use super::rules::{Rules, Rung};

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trigger {
    on: bool,
    /// The samples at the threshold, since one was not.
    above: Option<Above>,
    /// Since when the share has been so low that it ends.
    below_since: Option<Duration>,
    /// The time of the last sample.
    last: Duration,
}

/// Samples in a row.
#[derive(Clone, Copy, Debug)]
struct Above {
    since: Duration,
    samples: u32,
    sum: f64,
}

impl Trigger {
    pub(crate) const fn is_on(&self) -> bool {
        self.on
    }

    pub(crate) fn step(&mut self, rung: &Rung, rules: &Rules, ratio: f64, now: Duration) {
        let now = now.max(self.last);
        self.last = now;
        if ratio >= rung.up {
            self.count(ratio, now);
        } else {
            self.above = None;
        }
        if self.on {
            self.end(ratio < rung.up - rules.hysteresis, rules.dwell, now);
        } else {
            self.on = self.is_reached(rung, rules.sustained.as_ref(), ratio, now);
            self.below_since = None;
        }
    }

    fn count(&mut self, ratio: f64, now: Duration) {
        let above = self.above.get_or_insert(Above {
            since: now,
            samples: 0,
            sum: 0.0,
        });
        above.samples = above.samples.saturating_add(1);
        above.sum += ratio;
    }

    fn is_reached(
        &self,
        rung: &Rung,
        sustained: Option<&Sustained>,
        ratio: f64,
        now: Duration,
    ) -> bool {
        let Some(above) = &self.above else {
            return false;
        };
        let lasts = sustained.is_none_or(|rule| {
            let mean = above.sum / f64::from(above.samples);
            now - above.since >= rule.above_for && ratio >= mean * rule.falling
        });
        above.samples >= rung.samples && lasts
    }

    fn end(&mut self, is_below: bool, dwell: Duration, now: Duration) {
        if !is_below {
            self.below_since = None;
            return;
        }
        let since = *self.below_since.get_or_insert(now);
        if now - since >= dwell {
            self.on = false;
            self.below_since = None;
        }
    }
}
