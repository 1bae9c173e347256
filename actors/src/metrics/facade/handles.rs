//! What the facade is given to record with.

use std::sync::{Arc, Mutex, PoisonError};

use ::metrics::{CounterFn, GaugeFn, HistogramFn};

use crate::metrics::recorder::{Counter, Gauge, Histogram};

pub(super) struct Counts {
    pub(super) counter: Counter,
    pub(super) raising: Arc<Mutex<()>>,
}

impl CounterFn for Counts {
    fn increment(&self, by: u64) {
        self.counter.increment(by);
    }

    fn absolute(&self, value: u64) {
        let _alone = self.raising.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = value.saturating_sub(self.counter.total());
        if missing > 0 {
            self.counter.increment(missing);
        }
    }
}

pub(super) struct Sets(pub(super) Gauge);

impl GaugeFn for Sets {
    fn increment(&self, by: f64) {
        self.0.add(by);
    }

    fn decrement(&self, by: f64) {
        self.0.add(-by);
    }

    fn set(&self, value: f64) {
        self.0.set(value);
    }
}

pub(super) struct Samples {
    pub(super) histogram: Histogram,
    /// What a value is multiplied with to be in the unit of the family.
    pub(super) factor: f64,
}

impl HistogramFn for Samples {
    /// What is not a number is left out; less than nothing is nothing.
    fn record(&self, value: f64) {
        if !value.is_nan() {
            // Saturates at both ends.
            self.histogram.record((value * self.factor).round() as u64);
        }
    }
}
