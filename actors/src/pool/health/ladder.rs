//! What is done against a sick pool, by and by: pure.

/// What a look at a pool has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// At least one connection works.
    Well,
    /// None of those that could be tried works, or none can be had.
    Sick,
    /// There was nothing to try.
    Unknown,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Close what is idle.
    EvictIdle,
    /// Close all, each when it comes back.
    EvictAll,
    /// Close all, and take leases away that do not end in time.
    Recycle,
    /// Start the processes of the pool anew, by the same spec.
    Restart,
}

impl Step {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::EvictIdle => "evict_idle",
            Self::EvictAll => "evict_all",
            Self::Recycle => "recycle",
            Self::Restart => "restart",
        }
    }
}

/// The least that has not been done yet. It outlives whoever looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ladder {
    /// How many looks in a row found it sick.
    sick: u32,
    /// How many steps were taken for that.
    taken: u32,
    /// The next step is taken when it was found sick so often.
    next: u32,
}

/// What comes of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Nothing,
    /// So many looks in a row, and what is to be done.
    Sick {
        looks: u32,
        step: Step,
    },
    /// It is well again; it was found sick so often before.
    Recovered {
        looks: u32,
    },
}

/// A restart is followed by the next one after at most so many times as many looks as a step by the next one.
const RESTARTS_APART_MAX: u32 = 16;

impl Ladder {
    /// Takes a look into account. There is a step after every `failures_max` sick ones, from the mildest on. Once the last one has been
    /// taken it is taken again, each time after twice as many looks as before: a server that is down is not helped by more.
    pub(crate) const fn look(&mut self, look: Look, failures_max: u32) -> Verdict {
        match look {
            Look::Unknown => Verdict::Nothing,
            Look::Well => {
                let (looks, taken) = (self.sick, self.taken);
                *self = Self {
                    sick: 0,
                    taken: 0,
                    next: 0,
                };
                if taken == 0 {
                    return Verdict::Nothing;
                }
                Verdict::Recovered { looks }
            }
            Look::Sick => self.sick(failures_max),
        }
    }

    const fn sick(&mut self, failures_max: u32) -> Verdict {
        let apart = if failures_max == 0 { 1 } else { failures_max };
        if self.next == 0 {
            self.next = apart;
        }
        self.sick = self.sick.saturating_add(1);
        if self.sick < self.next {
            return Verdict::Nothing;
        }
        let step = match self.taken {
            0 => Step::EvictIdle,
            1 => Step::EvictAll,
            2 => Step::Recycle,
            _ => Step::Restart,
        };
        self.taken = self.taken.saturating_add(1);
        self.next = self.sick.saturating_add(apart.saturating_mul(self.apart()));
        Verdict::Sick {
            looks: self.sick,
            step,
        }
    }

    /// How many times as many looks as usual there are before the next step.
    const fn apart(self) -> u32 {
        let restarts = self.taken.saturating_sub(3);
        if restarts > 4 {
            return RESTARTS_APART_MAX;
        }
        1 << restarts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which look, counted from 1, which step is taken.
    fn steps(looks: u32, failures_max: u32) -> Vec<(u32, Step)> {
        let mut ladder = Ladder::default();
        let verdicts = (1..=looks).map(|_| ladder.look(Look::Sick, failures_max));
        let steps = verdicts.filter_map(|verdict| match verdict {
            Verdict::Sick { looks, step } => Some((looks, step)),
            Verdict::Nothing | Verdict::Recovered { .. } => None,
        });
        steps.collect()
    }

    #[test]
    fn steps_get_sharper_and_restarts_rarer() {
        use Step::{EvictAll, EvictIdle, Recycle, Restart};
        assert_eq!(
            steps(40, 1),
            [
                (1, EvictIdle),
                (2, EvictAll),
                (3, Recycle),
                (4, Restart),
                (6, Restart),
                (10, Restart),
                (18, Restart),
                (34, Restart),
            ]
        );
        assert_eq!(
            steps(18, 3),
            [
                (3, EvictIdle),
                (6, EvictAll),
                (9, Recycle),
                (12, Restart),
                (18, Restart)
            ]
        );
        let many = steps(200, 1);
        let last: Vec<_> = many[many.len() - 3..].iter().map(|step| step.0).collect();
        assert_eq!(last, [162, 178, 194]);
    }

    #[test]
    fn a_look_that_shows_nothing_changes_nothing_and_a_good_one_begins_anew() {
        let mut ladder = Ladder::default();
        let sick = |ladder: &mut Ladder| ladder.look(Look::Sick, 2);
        assert_eq!(sick(&mut ladder), Verdict::Nothing);
        assert_eq!(ladder.look(Look::Unknown, 2), Verdict::Nothing);
        let step = Step::EvictIdle;
        assert_eq!(sick(&mut ladder), Verdict::Sick { looks: 2, step });
        assert_eq!(sick(&mut ladder), Verdict::Nothing);
        assert_eq!(ladder.look(Look::Well, 2), Verdict::Recovered { looks: 3 });
        assert_eq!(ladder, Ladder::default());
        assert_eq!(sick(&mut ladder), Verdict::Nothing);
        // Nothing was done, so there is nothing to recover from.
        assert_eq!(ladder.look(Look::Well, 2), Verdict::Nothing);
    }
}
