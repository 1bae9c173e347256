//! What is done when and to whom: plain data, made by a pure function from a seed.

use std::time::Duration;

use super::dice::Dice;

/// What is done to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ChaosKind {
    /// It is killed.
    Kill,
    /// It panics.
    Crash,
    /// It ends with an error.
    Fail,
    /// It hangs for a second, and is killed then.
    Hang,
    /// It is killed, and its restart fails once.
    FailNextStart,
}

impl ChaosKind {
    /// All there are.
    pub const ALL: &'static [Self] = &[
        Self::Kill,
        Self::Crash,
        Self::Fail,
        Self::Hang,
        Self::FailNextStart,
    ];

    /// As it stands in a schedule.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Crash => "crash",
            Self::Fail => "fail",
            Self::Hang => "hang",
            Self::FailNextStart => "fail_next_start",
        }
    }
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Strike {
    /// When, since the chaos began; in whole microseconds.
    pub at: Duration,
    /// What.
    pub kind: ChaosKind,
    /// To whom: a name, id or path, as [`TestContext::process`](crate::testkit::TestContext::process) takes it.
    pub target: String,
}

/// How often somebody is struck, unless told otherwise.
const INTERVAL: Duration = Duration::from_millis(100);

/// From what a [`Schedule`] is made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Decides everything that is left open.
    pub seed: u64,
    /// Who may be struck.
    pub targets: Vec<String>,
    /// The shortest and the longest time between two strikes, and before the first.
    pub interval: (Duration, Duration),
    /// What may be done, and how likely compared with the others.
    pub kinds: Vec<(ChaosKind, u32)>,
    /// How often somebody is struck, at most.
    pub strikes_max: usize,
    /// When it is over.
    pub lasting: Duration,
}

/// What is done when and to whom.
///
/// It is shown as text that can be read back, so that what was printed when a test failed can be repeated:
///
/// ```
/// use mainstay::testkit::Schedule;
///
/// let text = "chaos, seed 7\n  0.100000s kill worker\n  0.250000s hang pool/a\n";
/// let schedule: Schedule = text.parse()?;
/// assert_eq!(schedule.strikes.len(), 2);
/// assert_eq!(schedule.to_string(), text);
/// # Ok::<(), mainstay::testkit::ScheduleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// What it was made from.
    pub seed: u64,
    /// What is done, in order.
    pub strikes: Vec<Strike>,
}

/// How many strikes a schedule may have.
pub const STRIKES_MAX: usize = 100_000;

/// A plan has more than [`STRIKES_MAX`] strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a schedule has at most {STRIKES_MAX} strikes: strike less often, or for a shorter time")]
#[non_exhaustive]
pub struct TooManyStrikes;

impl Plan {
    /// Nobody is struck, in no way, at any time: all that is to be done has to be set.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            targets: Vec::new(),
            interval: (INTERVAL, INTERVAL),
            kinds: Vec::new(),
            strikes_max: usize::MAX,
            lasting: Duration::MAX,
        }
    }
}

impl Schedule {
    /// Decides what a plan leaves open: the same each time.
    ///
    /// ```
    /// use mainstay::testkit::{ChaosKind, Plan, Schedule};
    ///
    /// let mut plan = Plan::new(7);
    /// plan.targets = vec!["worker".to_owned()];
    /// plan.kinds = vec![(ChaosKind::Kill, 1)];
    /// plan.strikes_max = 3;
    /// assert_eq!(Schedule::of(&plan)?.strikes.len(), 3);
    /// # Ok::<(), mainstay::testkit::TooManyStrikes>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooManyStrikes`], such as for a plan without an end.
    pub fn of(plan: &Plan) -> Result<Self, TooManyStrikes> {
        let mut schedule = Self {
            seed: plan.seed,
            strikes: Vec::new(),
        };
        let total: u64 = plan
            .kinds
            .iter()
            .map(|(_, weight)| u64::from(*weight))
            .sum();
        if plan.targets.is_empty() || total == 0 {
            return Ok(schedule);
        }
        let mut dice = Dice::new(plan.seed);
        let mut at = Duration::ZERO;
        while schedule.strikes.len() < plan.strikes_max {
            at = at.saturating_add(interval(plan.interval, &mut dice));
            if at > plan.lasting {
                break;
            }
            if schedule.strikes.len() == STRIKES_MAX {
                return Err(TooManyStrikes);
            }
            let target = dice.below(plan.targets.len() as u64);
            schedule.strikes.push(Strike {
                at,
                kind: kind(&plan.kinds, dice.below(total)),
                target: plan.targets[usize::try_from(target).unwrap_or_default()].clone(),
            });
        }
        Ok(schedule)
    }
}

/// Whole microseconds, at least one, so that a schedule comes to an end and is the same when it is read back.
fn interval((min, max): (Duration, Duration), dice: &mut Dice) -> Duration {
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let (min, max) = (micros(min), micros(max));
    let more = dice.below(max.saturating_sub(min).saturating_add(1));
    Duration::from_micros(min.saturating_add(more).max(1))
}

fn kind(kinds: &[(ChaosKind, u32)], roll: u64) -> ChaosKind {
    let mut left = roll;
    for (kind, weight) in kinds {
        match left.checked_sub(u64::from(*weight)) {
            Some(rest) => left = rest,
            None => return *kind,
        }
    }
    // Not reached: the roll is below the sum of the weights.
    ChaosKind::Kill
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: u64) -> Plan {
        Plan {
            seed,
            targets: vec!["a".to_owned(), "pool/b".to_owned(), "c d".to_owned()],
            interval: (Duration::from_millis(10), Duration::from_millis(20)),
            kinds: vec![
                (ChaosKind::Kill, 3),
                (ChaosKind::Crash, 0),
                (ChaosKind::Hang, 1),
            ],
            strikes_max: 1000,
            lasting: Duration::MAX,
        }
    }

    fn of(plan: &Plan) -> Schedule {
        Schedule::of(plan).expect("it has an end")
    }

    #[test]
    fn a_plan_without_an_end_is_refused() {
        let endless = Plan {
            strikes_max: usize::MAX,
            ..plan(1)
        };
        assert_eq!(Schedule::of(&endless), Err(TooManyStrikes));
        let most = Plan {
            strikes_max: STRIKES_MAX,
            ..plan(1)
        };
        assert_eq!(of(&most).strikes.len(), STRIKES_MAX);
    }

    #[test]
    fn a_seed_gives_the_same_schedule_each_time_and_another_one_another() {
        assert_eq!(of(&plan(1)), of(&plan(1)));
        assert_ne!(of(&plan(1)).strikes, of(&plan(2)).strikes);
    }

    #[test]
    fn a_schedule_keeps_to_its_plan() {
        let schedule = of(&plan(42));
        assert_eq!(schedule.strikes.len(), 1000);
        let mut before = Duration::ZERO;
        let mut hangs = 0;
        for strike in &schedule.strikes {
            let (least, most) = plan(42).interval;
            assert!((least..=most).contains(&(strike.at - before)), "{strike:?}");
            before = strike.at;
            assert_ne!(strike.kind, ChaosKind::Crash);
            hangs += u32::from(strike.kind == ChaosKind::Hang);
        }
        assert!((200..300).contains(&hangs), "{hangs}");
        for target in plan(42).targets {
            let count = schedule
                .strikes
                .iter()
                .filter(|it| it.target == target)
                .count();
            assert!((280..390).contains(&count), "{target}: {count}");
        }
    }

    #[test]
    fn it_is_over_when_its_time_is() {
        let plan = Plan {
            lasting: Duration::from_secs(1),
            interval: (Duration::from_millis(100), Duration::from_millis(100)),
            ..plan(1)
        };
        let schedule = of(&plan);
        assert_eq!(schedule.strikes.len(), 10);
        assert_eq!(schedule.strikes[9].at, plan.lasting);
    }

    #[test]
    fn with_nobody_to_strike_or_nothing_to_do_nothing_is_done() {
        let nobody = Plan {
            targets: Vec::new(),
            ..plan(1)
        };
        let nothing = Plan {
            kinds: vec![(ChaosKind::Kill, 0)],
            ..plan(1)
        };
        for plan in [nobody, nothing] {
            assert_eq!(of(&plan).strikes, []);
        }
    }

    #[test]
    fn no_time_between_strikes_is_a_little_time() {
        let plan = Plan {
            interval: (Duration::ZERO, Duration::ZERO),
            ..plan(1)
        };
        let last = of(&plan).strikes.pop().map(|strike| strike.at);
        assert_eq!(last, Some(Duration::from_micros(1000)));
    }
}
