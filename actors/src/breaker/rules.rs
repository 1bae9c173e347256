//! A configuration as the machine takes it: checked, and in nanoseconds.

use std::time::Duration;

use mainstay_specs::{CallRate, CircuitConfig, CircuitWindow, HalfOpen};

use super::window::{Counts, Shape};

/// What a breaker goes by.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// So many failures within so long.
    pub(crate) failures: Option<(u32, u64)>,
    pub(crate) consecutive: Option<u32>,
    pub(crate) failure_rate: Option<CallRate>,
    pub(crate) slow_rate: Option<CallRate>,
    pub(crate) combined_rate: Option<CallRate>,
    /// So many calls that have been out for so long.
    pub(crate) in_flight: Option<(usize, u64)>,
    pub(crate) window: Shape,
    pub(crate) slow_after: Option<u64>,
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) half_open: HalfOpen,
    pub(crate) eager: bool,
    base: f64,
    multiplier: f64,
    longest: f64,
    jitter: f64,
}

/// How long the time between two openings may become, unless the configuration says otherwise.
const LONGEST: Duration = Duration::from_secs(600);

impl Rules {
    /// The rules of a configuration that was found valid.
    pub(crate) fn new(config: &CircuitConfig) -> Self {
        let trip = config.trip.clone().unwrap_or_default();
        let failures = match &config.trip {
            Some(trip) => trip.failures.map(|rule| (rule.count, rule.within)),
            None => Some((config.failure_threshold, config.monitor_window)),
        };
        let in_flight = trip.in_flight.map(|rule| {
            let calls = usize::try_from(rule.calls).unwrap_or(usize::MAX);
            (calls, nanos(rule.longer_than))
        });
        let longest = config.open.max.unwrap_or(LONGEST).max(config.reset_timeout);
        Self {
            failures: failures.map(|(count, within)| (count, nanos(within))),
            consecutive: trip.consecutive_failures,
            failure_rate: trip.failure_rate,
            slow_rate: trip.slow_rate,
            combined_rate: trip.combined_rate,
            in_flight,
            window: shape(
                trip.rates().iter().any(|rate| rate.1.is_some()),
                trip.window,
            ),
            slow_after: config.slow_after.map(nanos),
            call_timeout: config.call_timeout,
            half_open: config.half_open,
            eager: config.open.eager,
            base: nanos(config.reset_timeout) as f64,
            multiplier: config.open.multiplier,
            longest: nanos(longest) as f64,
            jitter: config.open.jitter,
        }
    }

    /// How long it refuses when it has opened `again` times since it was last closed, the first time not counted; `chance` is
    /// from 0 to 1. Never nothing.
    pub(crate) fn open_time(&self, again: u32, chance: f64) -> u64 {
        let exponent = i32::try_from(again).unwrap_or(i32::MAX);
        let grown = (self.base * self.multiplier.powi(exponent)).min(self.longest);
        let kept = grown * (1.0 - self.jitter * chance);
        // A float is cut to what an integer holds.
        (kept.round() as u64).max(1)
    }

    /// For how long anything is held against what is protected: for as long as rules about time look back, and no shorter than it
    /// would be refused for it.
    pub(crate) fn memory(&self) -> u64 {
        let failures = self.failures.map_or(0, |rule| rule.1);
        let window = match self.window {
            Shape::Span { bucket, buckets } => bucket.saturating_mul(buckets as u64),
            Shape::None | Shape::Calls(_) => 0,
        };
        failures.max(window).max(self.base as u64)
    }

    /// How many calls the rule about those that are out is about; 0 without one.
    pub(crate) const fn tracked(&self) -> usize {
        match self.in_flight {
            Some((calls, _)) => calls,
            None => 0,
        }
    }

    /// The longest that it refuses at a time.
    pub(crate) const fn longest(&self) -> u64 {
        self.longest as u64
    }

    /// Whether a slow call of a half-open breaker tells against closing it: only if slow calls may open it.
    pub(crate) const fn minds_slow(&self) -> bool {
        self.slow_rate.is_some() || self.combined_rate.is_some()
    }

    /// Each rate with what it counts of these.
    pub(crate) fn rates(&self, counts: Counts) -> [(Option<CallRate>, u64); 3] {
        [
            (self.failure_rate, counts.failed),
            (self.slow_rate, counts.slow),
            (self.combined_rate, counts.either),
        ]
    }
}

/// Whether a share of calls is such that the breaker opens; if so, the share.
pub(crate) fn reached(rate: CallRate, bad: u64, total: u64) -> Option<f64> {
    // Divided, not multiplied: a share that is written as a decimal is then equal to the quotient it stands for.
    let share = bad as f64 / total as f64;
    (total >= u64::from(rate.minimum_calls) && share >= rate.threshold).then_some(share)
}

fn shape(rates: bool, window: CircuitWindow) -> Shape {
    match window {
        CircuitWindow::Calls(calls) if rates => {
            Shape::Calls(usize::try_from(calls).unwrap_or(usize::MAX))
        }
        CircuitWindow::Time { length, buckets } if rates => Shape::Span {
            bucket: (nanos(length) / u64::from(buckets.max(1))).max(1),
            buckets: usize::try_from(buckets).unwrap_or(usize::MAX),
        },
        _ => Shape::None,
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
