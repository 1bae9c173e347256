//! What is left of the restarts that a supervisor may make.

use std::time::Duration;

/// How many restarts a supervisor may still make before it gives up, and how fast it uses them: at one moment, of
/// [`SupervisorRef::budget`](super::SupervisorRef::budget).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestartBudget {
    /// So many restarts are allowed within a [`period`](Self::period); one more, and it gives up.
    pub intensity: u32,
    /// See [`intensity`](Self::intensity).
    pub period: Duration,
    /// So many it has made within the last period, put-off ones included.
    pub used: u32,
    /// The mean time between those, if there was more than one.
    pub pace: Option<Duration>,
    /// How long ago the last of them was.
    pub last_ago: Option<Duration>,
}

impl RestartBudget {
    /// How many more it may make now. At 0 it has not given up: it does with the next one.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.intensity.saturating_sub(self.used)
    }

    /// Whether anything of it is used. A supervisor that allows no restart has none to use.
    #[must_use]
    pub const fn is_burning(&self) -> bool {
        self.used > 0
    }

    /// In what time it gives up if restarts go on at this pace; `None` if it does not, as those of before are forgotten soon enough, or
    /// if there were too few to tell.
    ///
    /// A pause since the last restart that is longer than the pace before is taken for the pace from then on, so that what has calmed down
    /// is not held to be on the way to its end.
    #[must_use]
    pub fn gives_up_in(&self) -> Option<Duration> {
        let (pace, last_ago) = (self.pace?, self.last_ago?);
        let pace = pace.max(last_ago);
        // It gives up once `intensity + 1` restarts lie within a period, of which the first and the last are `intensity` steps apart.
        let fits = pace
            .checked_mul(self.intensity)
            .is_some_and(|span| span <= self.period);
        let rest = pace.checked_mul(self.left().saturating_add(1))?;
        fits.then(|| rest.saturating_sub(last_ago))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn budget(used: u32, pace_secs: u64, ago_secs: u64) -> RestartBudget {
        RestartBudget {
            intensity: 5,
            period: Duration::from_secs(60),
            used,
            pace: if used > 1 {
                Some(Duration::from_secs(pace_secs))
            } else {
                None
            },
            last_ago: if used > 0 {
                Some(Duration::from_secs(ago_secs))
            } else {
                None
            },
        }
    }

    #[test]
    fn it_gives_up_with_the_restart_that_is_one_too_many() {
        let used = budget(3, 10, 4);
        assert_eq!(used.left(), 2);
        // Two more are allowed, in 6 and 16 seconds; the third, in 26, is one too many.
        assert_eq!(used.gives_up_in(), Some(Duration::from_secs(26)));
    }

    #[test]
    fn a_pace_at_which_old_restarts_are_forgotten_in_time_does_not_lead_to_the_end() {
        assert_eq!(budget(4, 13, 0).gives_up_in(), None);
        assert_eq!(
            budget(5, 12, 0).gives_up_in(),
            Some(Duration::from_secs(12))
        );
    }

    #[test]
    fn what_has_calmed_down_is_not_on_the_way_to_its_end() {
        assert_eq!(budget(4, 1, 0).gives_up_in(), Some(Duration::from_secs(2)));
        assert_eq!(budget(4, 1, 13).gives_up_in(), None);
    }

    #[test]
    fn one_restart_has_no_pace() {
        assert_eq!(budget(1, 0, 3).gives_up_in(), None);
        assert!(budget(1, 0, 3).is_burning());
        assert!(!budget(0, 0, 0).is_burning());
    }
}
