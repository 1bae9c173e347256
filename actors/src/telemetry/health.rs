//! When a handler that panics is left out, and when it is tried again: decisions only.

use std::time::Duration;

use mainstay_specs::Backoff;
use tokio::time::Instant;

/// No handler is left out for longer, whatever its backoff says.
const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How a handler fares. It is never given up: after each panic it is left out, longer each time, and tried again.
#[derive(Debug, Default)]
pub(crate) struct Health {
    state: State,
    /// Panics with less than the backoff's `reset_after` of good work between them.
    in_a_row: u32,
    panics: u64,
    resumed: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// It is called.
    #[default]
    Working,
    /// It has panicked, and nobody has decided yet for how long it is left out.
    Failed,
    /// It is left out until then.
    Suspended(Instant),
}

impl Health {
    /// The handler has panicked. A call that was under way when another one panicked counts, and changes nothing else.
    pub(crate) fn on_panic(&mut self) {
        self.panics = self.panics.saturating_add(1);
        if self.state == State::Working {
            self.state = State::Failed;
        }
    }

    /// Decides at `now` what is to be decided: for how long it is left out, and whether that is over. `chance` is a random number
    /// from 0 to 1.
    pub(crate) fn tend(&mut self, now: Instant, backoff: &Backoff, chance: f64) {
        match self.state {
            State::Failed => self.suspend(now, backoff, chance),
            State::Suspended(until) if until <= now => {
                self.state = State::Working;
                self.resumed = Some(now);
            }
            State::Suspended(_) | State::Working => {}
        }
    }

    fn suspend(&mut self, now: Instant, backoff: &Backoff, chance: f64) {
        let worked = self.resumed.map(|since| now.duration_since(since));
        if worked.is_none_or(|time| time >= backoff.reset_after) {
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        let wait = backoff.delay(self.in_a_row, chance).min(WAIT_MAX);
        self.state = State::Suspended(now + wait);
    }

    /// Until when it is left out, if that is decided.
    pub(crate) const fn until(&self) -> Option<Instant> {
        match self.state {
            State::Suspended(until) => Some(until),
            State::Working | State::Failed => None,
        }
    }

    pub(crate) fn is_working(&self) -> bool {
        self.state == State::Working
    }

    pub(crate) const fn panics(&self) -> u64 {
        self.panics
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn backoff() -> Backoff {
        Backoff::new(ms(100), ms(1000))
            .jitter(0.0)
            .reset_after(ms(5000))
    }

    fn suspended(health: &mut Health, now: Instant) -> Instant {
        health.on_panic();
        health.tend(now, &backoff(), 0.5);
        health.until().expect("it is suspended")
    }

    fn works(health: &mut Health, now: Instant) -> bool {
        health.tend(now, &backoff(), 0.5);
        health.is_working()
    }

    #[test]
    fn each_panic_in_a_row_makes_the_wait_longer_up_to_the_maximum() {
        let mut now = Instant::now();
        let mut health = Health::default();
        let mut waits = Vec::new();
        for _ in 0..6 {
            let until = suspended(&mut health, now);
            waits.push((until - now).as_millis());
            assert!(!works(&mut health, until - ms(1)));
            assert!(works(&mut health, until));
            now = until + ms(4999);
        }
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(health.panics(), 6);
    }

    #[test]
    fn good_work_for_long_enough_makes_what_was_before_forgotten() {
        let start = Instant::now();
        let mut health = Health::default();
        let until = suspended(&mut health, start);
        assert!(works(&mut health, until));
        let later = until + ms(5000);
        assert_eq!(suspended(&mut health, later), later + ms(100));
    }

    #[test]
    fn a_panic_of_a_call_that_was_under_way_counts_and_changes_nothing_else() {
        let start = Instant::now();
        let mut health = Health::default();
        let until = suspended(&mut health, start);
        health.on_panic();
        health.tend(start + ms(50), &backoff(), 0.5);
        assert_eq!((health.panics(), health.until()), (2, Some(until)));
    }

    #[test]
    fn the_longest_wait_there_can_be_is_no_trouble_for_the_clock() {
        let endless = Backoff::new(Duration::MAX, Duration::MAX).jitter(0.0);
        let (now, mut health) = (Instant::now(), Health::default());
        health.on_panic();
        health.tend(now, &endless, 0.5);
        assert_eq!(health.until(), Some(now + WAIT_MAX));
    }

    proptest! {
        #[test]
        fn it_is_never_given_up(steps in prop::collection::vec((any::<bool>(), 0_u64..3000), 0..40)) {
            let mut now = Instant::now();
            let mut health = Health::default();
            for (panics, pause) in steps {
                if panics {
                    health.on_panic();
                }
                health.tend(now, &backoff(), 0.5);
                prop_assert!(health.until().is_none_or(|until| now < until && until <= now + ms(1000)));
                prop_assert_eq!(health.is_working(), health.until().is_none());
                now += ms(pause);
            }
            prop_assert!(works(&mut health, now + ms(1000)) || health.until().is_some_and(|until| until > now));
        }
    }
}
