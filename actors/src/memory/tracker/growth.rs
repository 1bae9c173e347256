//! How fast a process grows.

use std::time::Duration;

use serde::Serialize;

/// By how much a process has grown, and over how much time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MemoryGrowth {
    /// Bytes; less than 0 if it holds less than before.
    pub bytes: i64,
    /// Over this time: one to two windows, or less if it is not known for longer.
    #[serde(
        rename = "over_ms",
        serialize_with = "super::super::stats::milliseconds"
    )]
    pub over: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    at: Duration,
    bytes: u64,
}

/// What is remembered of the size of one process: where it was at the start of this window, and at that of the one before.
#[derive(Debug, Default)]
pub(super) struct Growth {
    before: Option<Point>,
    start: Option<Point>,
}

impl Growth {
    /// It holds so many bytes `now`. By how much it has grown since the window before this one began; `None` at the first look.
    pub(super) fn note(
        &mut self,
        bytes: u64,
        now: Duration,
        window: Duration,
    ) -> Option<MemoryGrowth> {
        let point = Point { at: now, bytes };
        let Some(start) = self.start else {
            self.start = Some(point);
            return None;
        };
        if now.saturating_sub(start.at) >= window {
            self.before = self.start.replace(point);
        }
        let since = self.before.unwrap_or(start);
        Some(MemoryGrowth {
            bytes: difference(bytes, since.bytes),
            over: now.saturating_sub(since.at),
        })
    }
}

fn difference(now: u64, before: u64) -> i64 {
    let away = i64::try_from(now.abs_diff(before)).unwrap_or(i64::MAX);
    if now < before { -away } else { away }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(60);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn growth_is_known_from_the_second_look_on_and_looks_back_one_to_two_windows() {
        let mut growth = Growth::default();
        let mut note = |at, bytes| {
            let growth = growth.note(bytes, secs(at), WINDOW)?;
            Some((growth.bytes, growth.over.as_secs()))
        };
        assert_eq!(note(0, 100), None);
        assert_eq!(note(30, 150), Some((50, 30)));
        assert_eq!(note(59, 80), Some((-20, 59)));
        assert_eq!(note(60, 200), Some((100, 60)));
        assert_eq!(note(119, 210), Some((110, 119)));
        assert_eq!(note(120, 220), Some((20, 60)));
        assert_eq!(note(130, 230), Some((30, 70)));
    }

    #[test]
    fn no_size_is_too_large() {
        let mut growth = Growth::default();
        assert_eq!(growth.note(0, secs(0), WINDOW), None);
        let grown = growth.note(u64::MAX, secs(1), WINDOW).unwrap();
        assert_eq!(grown.bytes, i64::MAX);
    }

    proptest! {
        #[test]
        fn of_what_grows_evenly_growth_tells_the_pace(
            pace in 0_u64..1_000_000,
            pauses in prop::collection::vec(1_u64..50, 3..60),
        ) {
            let mut growth = Growth::default();
            let mut at = 0;
            growth.note(0, secs(0), WINDOW);
            for pause in pauses {
                at += pause;
                let grown = growth.note(at * pace, secs(at), WINDOW).expect("the second look");
                prop_assert_eq!(grown.bytes as u64, pace * grown.over.as_secs());
                prop_assert!(grown.over >= WINDOW.min(secs(at)));
                prop_assert!(grown.over < 2 * WINDOW + secs(50));
            }
        }
    }
}
