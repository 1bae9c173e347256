//! When there were ticks.

use std::collections::VecDeque;
use std::time::Duration;

use super::TICK;
use crate::metrics::window::TimeWindow;

/// The ticks of a store: when they came, and which of them ended a minute or an hour. The same for all its series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeline {
    latest: u32,
    tens: VecDeque<Tick>,
    minutes: VecDeque<Tick>,
    hours: VecDeque<Tick>,
}

/// A tick that ended a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tick {
    number: u32,
    at: Duration,
}

/// The slots of one ring that a view is made of: those that were ended by the ticks `after..=until`, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) after: u32,
    pub(crate) until: u32,
}

impl Span {
    const NONE: Self = Self { after: 0, until: 0 };

    pub(crate) const fn holds(self, tick: u32) -> bool {
        self.after < tick && tick <= self.until
    }
}

/// What a view is made of: slots of one ring after those of a longer one, and what came after the last tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// When the first slot begins.
    pub(crate) start: Duration,
    pub(crate) hours: Span,
    pub(crate) minutes: Span,
    pub(crate) tens: Span,
}

/// From where on slots are kept when room is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Minutes that were ended by this tick, or before, go; all hours go.
    pub(crate) after: u32,
    /// From when on all is there for a view of an hour.
    pub(crate) hour_since: Duration,
    /// From when on all is there for a view of a day, which knows what came before the last full hour from its hours only.
    pub(crate) day_since: Duration,
}

/// More than a minute and an hour need by two: a series may be a tick behind, and its reader another one.
const TENS_KEPT: usize = 10;
const MINUTES_KEPT: usize = 63;
const HOURS_KEPT: usize = 27;

impl Timeline {
    /// The number of the last tick; 0 before the first.
    pub(crate) const fn latest(&self) -> u32 {
        self.latest
    }

    /// When the slot that is not yet ended began.
    pub(crate) fn last_at(&self) -> Duration {
        self.tens.back().map_or(Duration::ZERO, |tick| tick.at)
    }

    /// When the next tick is due: at the next whole multiple of 10 seconds, or the one after it if that is less than 5 seconds after the
    /// last one, which was late. No slot is shorter than that: a moment would make a spike of what came in it.
    pub(crate) fn next_at(&self) -> Duration {
        let earliest = self.last_at() + TICK / 2;
        let ticks = count(earliest, TICK);
        let is_multiple = TICK * ticks == earliest;
        TICK * if is_multiple { ticks } else { ticks + 1 }
    }

    /// Notes that there is a tick now, if one is due.
    pub(crate) fn tick(&mut self, now: Duration) -> bool {
        let last = self.last_at();
        if now < self.next_at() {
            return false;
        }
        // A store would have to run for 1,300 years.
        self.latest = self.latest.saturating_add(1);
        let tick = Tick {
            number: self.latest,
            at: now,
        };
        let ends = |slot| count(now, slot) > count(last, slot);
        note(&mut self.tens, tick, TENS_KEPT);
        if ends(Duration::from_secs(60)) {
            note(&mut self.minutes, tick, MINUTES_KEPT);
        }
        if ends(Duration::from_secs(3600)) {
            note(&mut self.hours, tick, HOURS_KEPT);
        }
        true
    }

    /// What a view of a window is made of, in a series whose last tick was `seen`.
    pub(crate) fn reach(&self, window: TimeWindow, now: Duration, seen: u32) -> Reach {
        let start = now.saturating_sub(window.length());
        let last = |ring: &VecDeque<Tick>| last_until(ring, seen);
        let before = |ring: &VecDeque<Tick>| {
            let mut ticks = ring.iter().rev();
            ticks.find(|tick| tick.at <= start).copied()
        };
        // Slots that end at the beginning of the window, or before, are not in it.
        let (first, hours, minutes) = match window {
            TimeWindow::Minute => (before(&self.tens), Span::NONE, Span::NONE),
            TimeWindow::Hour => {
                let first = before(&self.minutes);
                let until = last(&self.minutes);
                (first, Span::NONE, span(first, until))
            }
            TimeWindow::Day => {
                let first = before(&self.hours);
                let hour = last(&self.hours);
                let hours = span(first, hour);
                (first, hours, span(Some(hour), last(&self.minutes)))
            }
        };
        let first = first.unwrap_or_default();
        let tens_after = first.number.max(hours.until).max(minutes.until);
        Reach {
            start: first.at,
            hours,
            minutes,
            // Without an end: what a series has seen of later ticks is in its slots, and no more in what is read from itself.
            tens: Span {
                after: tens_after,
                until: u32::MAX,
            },
        }
    }

    /// The slots of a ring in reach, with their beginnings and ends.
    pub(crate) fn slots(&self, reach: &Reach) -> Vec<(u32, Duration, Duration)> {
        let rings = [
            (&self.hours, reach.hours),
            (&self.minutes, reach.minutes),
            (&self.tens, reach.tens),
        ];
        let mut begin = reach.start;
        let ends = rings.into_iter().flat_map(|(ring, span)| {
            let ticks = ring.iter();
            ticks.filter(move |tick| span.holds(tick.number))
        });
        ends.map(|tick| {
            let begin = std::mem::replace(&mut begin, tick.at);
            (tick.number, begin, tick.at)
        })
        .collect()
    }

    /// The last ticks until `seen`, by number, that ended a minute and an hour.
    pub(crate) fn last_ends(&self, seen: u32) -> (u32, u32) {
        let last = |ring| last_until(ring, seen).number;
        (last(&self.minutes), last(&self.hours))
    }

    /// Where to cut so that the last minute stays, in a series whose last tick was `seen`.
    pub(crate) fn cut(&self, now: Duration, seen: u32) -> Cut {
        let start = now.saturating_sub(TimeWindow::Minute.length());
        let mut minutes = self.minutes.iter().rev();
        let minute = minutes.find(|tick| tick.at <= start && tick.number <= seen);
        let minute = minute.copied().unwrap_or_default();
        let hour = last_until(&self.hours, seen);
        Cut {
            after: minute.number,
            hour_since: minute.at,
            day_since: minute.at.max(hour.at),
        }
    }

    /// Before which ticks, by number, the slots of the three rings are in no view any more.
    pub(crate) fn first_kept(&self) -> [u32; 3] {
        [&self.tens, &self.minutes, &self.hours]
            .map(|ring| ring.front().map_or(0, |tick| tick.number))
    }
}

fn note(ring: &mut VecDeque<Tick>, tick: Tick, kept: usize) {
    if ring.len() == kept {
        ring.pop_front();
    }
    ring.push_back(tick);
}

fn last_until(ring: &VecDeque<Tick>, seen: u32) -> Tick {
    let mut ticks = ring.iter().rev();
    let last = ticks.find(|tick| tick.number <= seen).copied();
    last.unwrap_or_default()
}

fn span(after: Option<Tick>, until: Tick) -> Span {
    let after = after.unwrap_or_default().number;
    Span {
        after,
        until: until.number.max(after),
    }
}

/// How many whole slots there are in a time.
fn count(time: Duration, slot: Duration) -> u32 {
    // Slots are of whole seconds, and a time of more than 2^32 of them does not come.
    u32::try_from(time.as_secs() / slot.as_secs()).unwrap_or(u32::MAX - 1)
}
