//! What time it is, to tell what is too old: a clock on the wall that leaps ahead is not believed at once.

use std::time::{Duration, SystemTime};

/// By how much the clock may be ahead of what it should show.
const TOLERANCE: Duration = Duration::from_secs(60);

/// What the clock has shown at the last look. What is deleted does not come back: so a leap of a day, as of a clock that is set wrong for
/// a moment, has to be there at two looks, one after the other, before anything is deleted for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calendar(Option<Look>);

#[derive(Clone, Copy, Debug)]
struct Look {
    believed: SystemTime,
    /// By a clock that runs evenly.
    at: Duration,
    doubted: bool,
}

impl Calendar {
    /// What time to go by, where the clock shows `shown`, and whether that is doubted.
    pub(crate) fn look(&mut self, shown: SystemTime, at: Duration) -> (SystemTime, bool) {
        let look = match self.0 {
            Some(last) if !last.doubted => {
                let due = last.believed + at.saturating_sub(last.at);
                let ahead = shown.duration_since(due).unwrap_or_default();
                let doubted = ahead > TOLERANCE;
                let believed = if doubted { due } else { shown };
                Look {
                    believed,
                    at,
                    doubted,
                }
            }
            _ => Look {
                believed: shown,
                at,
                doubted: false,
            },
        };
        self.0 = Some(look);
        (look.believed, look.doubted)
    }
}

impl Calendar {
    /// What time to go by between two looks: a clock that is ahead of what it should show since the last one is not believed. Nothing of
    /// this is remembered, so that looks as often as one likes do not make a leap look true.
    pub(crate) fn glance(&self, shown: SystemTime, at: Duration) -> SystemTime {
        let Some(last) = self.0 else {
            return shown;
        };
        let due = last.believed + at.saturating_sub(last.at);
        if shown > due + TOLERANCE { due } else { shown }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const DAY: u64 = 24 * 3600;

    /// What is believed at looks a minute apart, in seconds, of what is shown.
    fn believed(shown: &[u64]) -> Vec<u64> {
        let mut calendar = Calendar::default();
        let looks = shown.iter().zip(0_u64..).map(|(shown, minute)| {
            let (shown, at) = (
                Duration::from_secs(*shown),
                Duration::from_secs(60 * minute),
            );
            let (believed, _) = calendar.look(UNIX_EPOCH + shown, at);
            believed
                .duration_since(UNIX_EPOCH)
                .expect("later")
                .as_secs()
        });
        looks.collect()
    }

    #[test]
    fn a_clock_that_runs_is_believed() {
        assert_eq!(
            believed(&[DAY, DAY + 60, DAY + 180, DAY + 200]),
            [DAY, DAY + 60, DAY + 180, DAY + 200]
        );
    }

    #[test]
    fn a_clock_that_leaps_ahead_for_a_moment_is_not_believed() {
        let shown = [DAY, 2 * DAY, DAY + 120, DAY + 180];
        assert_eq!(believed(&shown), [DAY, DAY + 60, DAY + 120, DAY + 180]);
    }

    #[test]
    fn a_clock_that_stays_ahead_is_believed_at_the_second_look() {
        let shown = [DAY, 9 * DAY, 9 * DAY + 60, 9 * DAY + 120];
        assert_eq!(
            believed(&shown),
            [DAY, DAY + 60, 9 * DAY + 60, 9 * DAY + 120]
        );
    }

    #[test]
    fn a_leap_is_not_believed_however_often_it_is_glanced_at() {
        let (day, minute) = (Duration::from_secs(DAY), Duration::from_secs(60));
        let mut calendar = Calendar::default();
        calendar.look(UNIX_EPOCH + day, Duration::ZERO);
        for _ in 0..3 {
            let leapt = calendar.glance(UNIX_EPOCH + 9 * day, minute);
            assert_eq!(leapt, UNIX_EPOCH + day + minute);
            let back = calendar.glance(UNIX_EPOCH + day / 2, minute);
            assert_eq!(back, UNIX_EPOCH + day / 2);
        }
        assert!(calendar.look(UNIX_EPOCH + 9 * day, minute).1);
    }

    #[test]
    fn a_clock_that_is_put_back_is_believed() {
        assert_eq!(
            believed(&[2 * DAY, DAY, DAY + 60]),
            [2 * DAY, DAY, DAY + 60]
        );
    }
}
