//! What is the case now.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that is set to what is the case. Not a number while it has not been set.
#[derive(Debug)]
pub(crate) struct LiveGauge(AtomicU64);

impl Default for LiveGauge {
    fn default() -> Self {
        Self(AtomicU64::new(f64::NAN.to_bits()))
    }
}

impl LiveGauge {
    #[inline]
    pub(crate) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Adds to the value, or to 0 if there is none.
    #[inline]
    pub(crate) fn add(&self, by: f64) {
        self.change(|value| value.unwrap_or(0.0) + by);
    }

    fn change(&self, change: impl Fn(Option<f64>) -> f64) {
        let changed = |bits| Some(change(number(bits)).to_bits());
        // The closure always gives a value, so this cannot fail.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed);
    }

    pub(crate) fn value(&self) -> Option<f64> {
        number(self.0.load(Ordering::Relaxed))
    }
}

fn number(bits: u64) -> Option<f64> {
    let value = f64::from_bits(bits);
    (!value.is_nan()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_value_until_one_is_set_and_none_after_not_a_number() {
        let gauge = LiveGauge::default();
        assert_eq!(gauge.value(), None);
        gauge.set(0.5);
        assert_eq!(gauge.value(), Some(0.5));
        gauge.set(f64::NAN);
        assert_eq!(gauge.value(), None);
        gauge.add(-2.0);
        assert_eq!(gauge.value(), Some(-2.0));
    }

    #[test]
    fn additions_of_many_threads_are_all_there() {
        let gauge = LiveGauge::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| gauge.add(1.0)));
            }
        });
        assert_eq!(gauge.value(), Some(40_000.0));
    }
}
