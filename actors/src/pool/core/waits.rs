//! How long those have waited who were served.

/// How many have waited for how long, in steps of twice the time: less than 1 ms, less than 2 ms, less than 4 ms, and so on; the last
/// one has no end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits([u64; STEPS]);

/// Up to 8.192 s, and beyond: a checkout takes 5 s by default.
pub(crate) const STEPS: usize = 15;

/// The end of the first step, in nanoseconds.
const FIRST: u64 = 1_000_000;

impl Waits {
    /// One who has waited for so many nanoseconds.
    #[inline]
    pub(super) fn add(&mut self, waited: u64) {
        let digits = u64::BITS - (waited / FIRST).leading_zeros();
        self.0[(digits as usize).min(STEPS - 1)] += 1;
    }

    /// Those of another one as well.
    pub(super) fn join(&mut self, other: &Self) {
        let steps = self.0.iter_mut().zip(other.0);
        steps.for_each(|(step, more)| *step += more);
    }

    /// The end of each step in nanoseconds, which the last one has not, and how many there were.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let end = |nth: usize| (nth + 1 < STEPS).then_some(FIRST << nth);
        self.0
            .iter()
            .enumerate()
            .map(move |(nth, &count)| (end(nth), count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_in_the_step_that_ends_after_it() {
        let ms = FIRST;
        for (waited, end) in [
            (0, Some(ms)),
            (ms - 1, Some(ms)),
            (ms, Some(2 * ms)),
            (2 * ms - 1, Some(2 * ms)),
            (2 * ms, Some(4 * ms)),
            (5000 * ms, Some(8192 * ms)),
            (8192 * ms - 1, Some(8192 * ms)),
            (8192 * ms, None),
            (u64::MAX, None),
        ] {
            let mut waits = Waits::default();
            waits.add(waited);
            let steps: Vec<_> = waits.steps().filter(|&(_, count)| count > 0).collect();
            assert_eq!(steps, [(end, 1)], "{waited}");
        }
    }
}
