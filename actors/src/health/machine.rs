//! From results to a status: rise, fall and hold. Decisions only.

use std::time::Duration;

use super::status::HealthStatus;

/// How slowly a status follows what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// After how many better results in a row it becomes better; at least 1.
    pub(crate) rise: u32,
    /// After how many worse results in a row it becomes worse; at least 1.
    pub(crate) fall: u32,
    /// How long it stays as it is after a change.
    pub(crate) hold: Duration,
}

/// A status, and what there is to know to decide about the next. Times are since any one moment.
///
/// The first result counts at once: before it nothing is known, and so nothing can flap. From then on a change takes `rise` better or
/// `fall` worse results in a row, and there is one within `hold` at most. What has come together meanwhile counts when that is over:
/// [`tend`](Self::tend) is to be called then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    status: HealthStatus,
    /// The last result; none before the first.
    last: Option<HealthStatus>,
    /// How many results in a row were better than the status, or worse.
    better: u32,
    worse: u32,
    /// When it was last changed; the first result is no change.
    changed: Option<Duration>,
    failures: u64,
}

/// From one status to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) from: HealthStatus,
    pub(crate) to: HealthStatus,
}

impl Machine {
    pub(crate) const fn status(&self) -> HealthStatus {
        self.status
    }

    /// What the last result says, if the status does not say so.
    pub(crate) fn pending(&self) -> Option<HealthStatus> {
        self.last.filter(|last| *last != self.status)
    }

    /// Whether there was a result.
    #[cfg(test)]
    const fn has_result(&self) -> bool {
        self.last.is_some()
    }

    /// How many results in a row were not healthy, up to the last.
    pub(crate) const fn failures(&self) -> u64 {
        self.failures
    }

    /// Something was found at `now`.
    pub(crate) fn on_result(
        &mut self,
        now: Duration,
        found: HealthStatus,
        pace: &Pace,
    ) -> Option<Step> {
        self.failures = match found {
            HealthStatus::Healthy => 0,
            _ => self.failures.saturating_add(1),
        };
        if self.last.replace(found).is_none() {
            return self.become_(found);
        }
        let next = |count: u32, is: bool| if is { count.saturating_add(1) } else { 0 };
        self.better = next(self.better, found < self.status);
        self.worse = next(self.worse, found > self.status);
        self.tend(now, pace)
    }

    /// Changes what is to be changed at `now`.
    pub(crate) fn tend(&mut self, now: Duration, pace: &Pace) -> Option<Step> {
        if self.held_until(pace)? > now {
            return None;
        }
        self.changed = Some(now);
        self.become_(self.last?)
    }

    /// When [`tend`](Self::tend) will change something, if no other result comes; maybe in the past.
    pub(crate) fn held_until(&self, pace: &Pace) -> Option<Duration> {
        let decided = self.better >= pace.rise || self.worse >= pace.fall;
        let changes = decided && self.pending().is_some();
        let free = self.changed.map_or(Duration::ZERO, |at| at + pace.hold);
        changes.then_some(free)
    }

    fn become_(&mut self, to: HealthStatus) -> Option<Step> {
        let from = std::mem::replace(&mut self.status, to);
        (self.better, self.worse) = (0, 0);
        (from != to).then_some(Step { from, to })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::HealthStatus::{Degraded, Healthy, Unhealthy, Unknown};
    use super::*;

    const fn s(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    const fn pace(rise: u32, fall: u32, hold: u64) -> Pace {
        Pace {
            rise,
            fall,
            hold: s(hold),
        }
    }

    /// The status after each of these results, one a second.
    fn run(results: &[HealthStatus], pace: &Pace) -> Vec<HealthStatus> {
        let mut machine = Machine::default();
        let results = results.iter().zip(0..);
        results
            .map(|(found, at)| {
                machine.on_result(s(at), *found, pace);
                machine.status()
            })
            .collect()
    }

    #[test]
    fn it_is_unknown_until_the_first_result_which_counts_at_once() {
        assert_eq!(Machine::default().status(), Unknown);
        let slow = pace(5, 5, 60);
        for first in [Healthy, Degraded, Unknown, Unhealthy] {
            assert_eq!(run(&[first], &slow), [first]);
        }
    }

    #[test]
    fn it_falls_with_the_third_bad_result_and_rises_with_the_second_good_one() {
        let found = [
            Healthy, Unhealthy, Unhealthy, Healthy, Unhealthy, Unhealthy, Unhealthy, Healthy,
            Unhealthy, Healthy, Healthy,
        ];
        let status = [
            Healthy, Healthy, Healthy, Healthy, Healthy, Healthy, Unhealthy, Unhealthy, Unhealthy,
            Unhealthy, Healthy,
        ];
        assert_eq!(run(&found, &pace(2, 3, 0)), status);
    }

    #[test]
    fn what_flaps_every_second_changes_once_in_the_hold_time() {
        let found: Vec<_> = (0..60)
            .map(|nth| if nth % 2 == 0 { Healthy } else { Unhealthy })
            .collect();
        let statuses = run(&found, &pace(1, 1, 10));
        let changes: Vec<usize> = (1..60)
            .filter(|nth| statuses[nth - 1] != statuses[*nth])
            .collect();
        assert_eq!(changes, [1, 12, 23, 34, 45, 56]);
    }

    #[test]
    fn a_change_that_was_held_comes_when_the_hold_is_over_if_nothing_speaks_against_it() {
        let pace = pace(1, 1, 10);
        let mut machine = Machine::default();
        machine.on_result(s(0), Healthy, &pace);
        machine.on_result(s(5), Degraded, &pace);
        assert_eq!(machine.on_result(s(6), Healthy, &pace), None);
        assert_eq!(machine.pending(), Some(Healthy));
        assert_eq!(machine.held_until(&pace), Some(s(15)));
        assert_eq!(machine.tend(s(14), &pace), None);
        let step = Step {
            from: Degraded,
            to: Healthy,
        };
        assert_eq!(machine.tend(s(15), &pace), Some(step));
        assert_eq!((machine.pending(), machine.held_until(&pace)), (None, None));
    }

    #[test]
    fn results_that_are_all_worse_but_not_the_same_come_to_the_last_of_them() {
        let found = [Healthy, Degraded, Unhealthy, Unknown];
        assert_eq!(
            run(&found, &pace(1, 3, 0)),
            [Healthy, Healthy, Healthy, Unknown]
        );
    }

    #[test]
    fn failures_are_counted_until_something_is_healthy() {
        let mut machine = Machine::default();
        let mut failures = Vec::new();
        for found in [Unhealthy, Degraded, Unknown, Healthy, Degraded] {
            machine.on_result(s(0), found, &pace(9, 9, 9));
            failures.push(machine.failures());
        }
        assert_eq!(failures, [1, 2, 3, 0, 1]);
    }

    /// The same rules, told by all that was found since the last change.
    struct Model {
        status: HealthStatus,
        found: Vec<HealthStatus>,
        any: bool,
        changed: Option<Duration>,
    }

    impl Model {
        fn look(&mut self, now: Duration, pace: &Pace) {
            let last = |count: u32, is: &dyn Fn(HealthStatus) -> bool| {
                let count = count as usize;
                self.found.len() >= count
                    && self.found.iter().rev().take(count).all(|found| is(*found))
            };
            let risen = last(pace.rise, &|found| found < self.status);
            let fallen = last(pace.fall, &|found| found > self.status);
            let free = self.changed.is_none_or(|at| now >= at + pace.hold);
            if (risen || fallen) && free {
                self.status = *self.found.last().expect("some were found");
                self.found.clear();
                self.changed = Some(now);
            }
        }

        fn on_result(&mut self, now: Duration, found: HealthStatus, pace: &Pace) {
            if !std::mem::replace(&mut self.any, true) {
                self.status = found;
                return;
            }
            self.found.push(found);
            self.look(now, pace);
        }
    }

    fn statuses() -> impl Strategy<Value = HealthStatus> {
        prop::sample::select(vec![Healthy, Degraded, Unknown, Unhealthy])
    }

    proptest! {
        #[test]
        fn it_does_as_the_model_does(
            steps in prop::collection::vec((prop::option::of(statuses()), 0_u64..5), 0..80),
            rise in 1_u32..4,
            fall in 1_u32..4,
            hold in 0_u64..12,
        ) {
            let pace = pace(rise, fall, hold);
            let mut machine = Machine::default();
            let mut model = Model { status: Unknown, found: Vec::new(), any: false, changed: None };
            let (mut now, mut changes) = (Duration::ZERO, Vec::new());
            for (found, pause) in steps {
                now += s(pause);
                let first = !machine.has_result();
                let step = match found {
                    Some(found) => {
                        model.on_result(now, found, &pace);
                        machine.on_result(now, found, &pace)
                    }
                    None => {
                        model.look(now, &pace);
                        machine.tend(now, &pace)
                    }
                };
                prop_assert_eq!(machine.status(), model.status);
                prop_assert!(machine.held_until(&pace).is_none_or(|at| at > now));
                if step.is_some() && !first {
                    changes.push(now);
                }
            }
            for pair in changes.windows(2) {
                prop_assert!(pair[1] - pair[0] >= pace.hold);
            }
        }
    }
}
