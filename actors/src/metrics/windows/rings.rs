//! The slots of one series.

use std::collections::VecDeque;
use std::time::Duration;

use super::slot::Slot;
use super::timeline::{Reach, Span, Timeline};
use crate::metrics::window::TimeWindow;

/// The slots of one series, each with the tick that ended it. A slot in which nothing happened is not there.
#[derive(Debug)]
pub(crate) struct Rings<S> {
    /// From when on all is there: since the series began, unless something was thrown away, which is never anything of the last
    /// minute.
    born: Duration,
    hour_since: Duration,
    day_since: Duration,
    /// The last tick that the series has come to know of.
    seen: u32,
    tens: Ring<S>,
    minutes: Ring<S>,
    hours: Ring<S>,
}

type Ring<S> = VecDeque<(u32, S)>;

impl<S: Slot> Rings<S> {
    /// Those of a series that begins.
    pub(crate) const fn new(timeline: &Timeline, now: Duration) -> Self {
        Self {
            born: now,
            hour_since: now,
            day_since: now,
            seen: timeline.latest(),
            tens: VecDeque::new(),
            minutes: VecDeque::new(),
            hours: VecDeque::new(),
        }
    }

    /// From when on all is there for a view of a window.
    pub(crate) const fn since(&self, window: TimeWindow) -> Duration {
        match window {
            TimeWindow::Minute => self.born,
            TimeWindow::Hour => self.hour_since,
            TimeWindow::Day => self.day_since,
        }
    }

    /// Until when something was thrown away that a view of a window would hold.
    pub(crate) fn lost_until(&self, window: TimeWindow) -> Option<Duration> {
        let since = self.since(window);
        (since > self.born).then_some(since)
    }

    /// The last tick that the series has come to know of.
    pub(crate) const fn seen(&self) -> u32 {
        self.seen
    }

    /// Ends a slot with the latest tick. To do it again does nothing; a tick at which it was not done has its slot together with the
    /// next one.
    pub(crate) fn close(&mut self, timeline: &Timeline, slot: Option<S>) {
        let before = timeline.last_ends(self.seen);
        let now = timeline.last_ends(timeline.latest());
        self.seen = timeline.latest();
        if let Some(slot) = slot {
            self.tens.push_back((self.seen, slot));
        }
        if let Some(minute) = ended(&self.tens, before.0, now.0) {
            self.minutes.push_back((now.0, minute));
        }
        if let Some(hour) = ended(&self.minutes, before.1, now.1) {
            self.hours.push_back((now.1, hour.coarsened()));
        }
        let rings = [&mut self.tens, &mut self.minutes, &mut self.hours];
        for (ring, first) in rings.into_iter().zip(timeline.first_kept()) {
            while ring.front().is_some_and(|(tick, _)| *tick < first) {
                ring.pop_front();
            }
        }
    }

    /// The slots in reach, the oldest first.
    pub(crate) fn within(&self, reach: &Reach) -> impl Iterator<Item = (u32, &S)> {
        let hours = among(&self.hours, reach.hours);
        let minutes = among(&self.minutes, reach.minutes);
        hours.chain(minutes).chain(among(&self.tens, reach.tens))
    }

    /// Throws away all but the last minute, and notes that it is gone.
    pub(crate) fn shed(&mut self, timeline: &Timeline, now: Duration) {
        let cut = timeline.cut(now, self.seen);
        self.hour_since = self.hour_since.max(cut.hour_since);
        self.day_since = self.day_since.max(cut.day_since);
        self.minutes.retain(|(tick, _)| *tick > cut.after);
        self.minutes.shrink_to_fit();
        self.hours = Ring::new();
    }

    /// What they take on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let rings = [&self.tens, &self.minutes, &self.hours];
        let places: usize = rings.iter().map(|ring| ring.capacity()).sum();
        let slots = rings.into_iter().flatten();
        let beyond: usize = slots.map(|(_, slot)| slot.heap_bytes()).sum();
        places * size_of::<(u32, S)>() + beyond
    }
}

fn among<S>(ring: &Ring<S>, span: Span) -> impl Iterator<Item = (u32, &S)> {
    let slots = ring.iter().map(|(tick, slot)| (*tick, slot));
    slots.filter(move |(tick, _)| span.holds(*tick))
}

/// The slot of the longer ring that has ended, if one has and anything happened in it.
fn ended<S: Slot>(ring: &Ring<S>, after: u32, until: u32) -> Option<S> {
    let mut slots = among(ring, Span { after, until })
        .map(|(_, slot)| slot)
        .peekable();
    slots.peek()?;
    Some(S::together(slots))
}
