use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Rings, TICK, Timeline};
use crate::metrics::key::SeriesKey;
use crate::metrics::live::LiveCounter;
use crate::metrics::series::{AnySeries, Moment, Series};
use crate::metrics::tags::Tags;
use crate::metrics::unit::{MetricKind, Unit};
use crate::metrics::window::TimeWindow;

/// A counter with its rings, and whoever ticks.
struct Bed {
    timeline: Timeline,
    rings: Rings<u64>,
    live: u64,
    now: Duration,
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

impl Bed {
    fn new() -> Self {
        let timeline = Timeline::default();
        Self {
            rings: Rings::new(&timeline, Duration::ZERO),
            timeline,
            live: 0,
            now: Duration::ZERO,
        }
    }

    fn tick(&mut self) -> bool {
        let ticked = self.timeline.tick(self.now);
        if ticked {
            self.close();
        }
        ticked
    }

    fn close(&mut self) {
        let came = std::mem::take(&mut self.live);
        self.rings.close(&self.timeline, (came > 0).then_some(came));
    }

    /// Lets time pass, with a tick at each moment one is due.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.timeline.next_at() <= end {
            self.now = self.timeline.next_at().max(self.now);
            self.tick();
        }
        self.now = end;
    }

    /// Lets time pass without a tick.
    fn pause(&mut self, time: Duration) {
        self.now += time;
    }

    /// How much there is in view, and since when.
    fn view(&self, window: TimeWindow) -> (u64, Duration) {
        let reach = self.timeline.reach(window, self.now, self.rings.seen());
        let slots: u64 = self.rings.within(&reach).map(|(_, slot)| slot).sum();
        (slots + self.live, reach.start.max(self.rings.since(window)))
    }

    fn count(&self, window: TimeWindow) -> u64 {
        self.view(window).0
    }
}

#[test]
fn what_is_recorded_is_seen_at_once() {
    let mut bed = Bed::new();
    assert_eq!(bed.view(TimeWindow::Minute), (0, Duration::ZERO));
    bed.live += 3;
    for window in TimeWindow::ALL {
        assert_eq!(bed.view(window), (3, Duration::ZERO));
    }
}

#[test]
fn it_leaves_the_minute_when_its_slot_ended_a_minute_ago() {
    let mut bed = Bed::new();
    bed.pass(secs(14));
    bed.live += 1;
    // Its slot ends at 20.
    bed.pass(secs(80) - secs(14) - Duration::from_nanos(1));
    assert_eq!(bed.view(TimeWindow::Minute), (1, secs(10)));
    bed.pass(Duration::from_nanos(1));
    assert_eq!(bed.view(TimeWindow::Minute), (0, secs(20)));
    assert_eq!(bed.count(TimeWindow::Hour), 1);
}

#[test]
fn at_a_tick_the_minute_is_a_minute_long() {
    let mut bed = Bed::new();
    bed.pass(secs(100));
    assert_eq!(bed.view(TimeWindow::Minute).1, secs(40));
    bed.pass(secs(9));
    assert_eq!(bed.view(TimeWindow::Minute).1, secs(40));
}

#[test]
fn what_comes_exactly_at_a_tick_is_in_the_slot_that_begins() {
    let mut bed = Bed::new();
    bed.pass(secs(10));
    bed.live += 1;
    bed.pass(secs(69));
    assert_eq!(bed.view(TimeWindow::Minute), (1, secs(10)));
    bed.pass(secs(1));
    assert_eq!(bed.view(TimeWindow::Minute), (0, secs(20)));
}

#[test]
fn hours_and_days_are_left_by_whole_minutes_and_hours() {
    let mut bed = Bed::new();
    bed.pass(secs(90));
    bed.live += 1;
    // Its minute ends at 120, its hour at 3,600.
    bed.pass(secs(3600 + 120 - 90) - Duration::from_nanos(1));
    assert_eq!(bed.view(TimeWindow::Hour), (1, secs(60)));
    bed.pass(Duration::from_nanos(1));
    assert_eq!(bed.view(TimeWindow::Hour), (0, secs(120)));
    bed.pass(secs(25 * 3600 - 3720) - Duration::from_nanos(1));
    assert_eq!(bed.view(TimeWindow::Day), (1, Duration::ZERO));
    bed.pass(Duration::from_nanos(1));
    assert_eq!(bed.view(TimeWindow::Day), (0, secs(3600)));
}

#[test]
fn a_pause_makes_one_long_slot_and_no_gap() {
    let mut bed = Bed::new();
    bed.pass(secs(60));
    bed.live += 5;
    bed.pause(secs(7_200));
    for window in TimeWindow::ALL {
        let (count, since) = bed.view(window);
        assert_eq!(
            (count, since),
            (
                5,
                if window == TimeWindow::Day {
                    secs(0)
                } else {
                    secs(60)
                }
            )
        );
    }
    assert!(bed.tick());
    assert_eq!(bed.view(TimeWindow::Minute), (5, secs(60)));
    let reach = bed
        .timeline
        .reach(TimeWindow::Minute, bed.now, bed.rings.seen());
    assert_eq!(bed.timeline.slots(&reach), [(7, secs(60), secs(7_260))]);
    // The next tick is due at the next full 10 seconds, and there is one, not 720.
    assert_eq!(bed.timeline.next_at(), secs(7_270));
}

#[test]
fn a_late_tick_makes_a_longer_slot_and_a_shorter_one_after_it() {
    let mut bed = Bed::new();
    bed.pass(secs(10));
    bed.pause(secs(13));
    assert!(bed.tick());
    bed.pause(secs(7));
    assert!(bed.tick());
    assert!(!bed.tick(), "once is enough");
    let reach = bed
        .timeline
        .reach(TimeWindow::Minute, bed.now, bed.rings.seen());
    let slots = bed.timeline.slots(&reach);
    let ends: Vec<Duration> = slots.into_iter().map(|(_, _, end)| end).collect();
    assert_eq!(ends, [secs(10), secs(23), secs(30)]);
}

#[test]
fn a_tick_that_was_broken_off_is_made_up_for() {
    let mut bed = Bed::new();
    bed.pass(secs(55));
    bed.live += 4;
    bed.pause(secs(5));
    // The timeline has the tick, which ends a minute; this series has not seen it.
    assert!(bed.timeline.tick(bed.now));
    for window in TimeWindow::ALL {
        assert_eq!(bed.view(window), (4, Duration::ZERO));
    }
    bed.close();
    for window in TimeWindow::ALL {
        assert_eq!(bed.view(window), (4, Duration::ZERO));
    }
}

#[test]
fn a_reader_with_an_older_timeline_misses_nothing() {
    let mut bed = Bed::new();
    bed.pass(secs(55));
    bed.live += 4;
    let before = bed.timeline.clone();
    bed.pass(secs(5));
    for window in TimeWindow::ALL {
        let reach = before.reach(window, bed.now, bed.rings.seen());
        let slots: u64 = bed.rings.within(&reach).map(|(_, slot)| slot).sum();
        assert_eq!(slots, 4, "{window}");
    }
}

#[test]
fn what_was_shed_is_not_spoken_of() {
    let mut bed = Bed::new();
    bed.live += 1;
    bed.pass(secs(600));
    bed.live += 2;
    bed.pass(secs(5));
    bed.rings.shed(&bed.timeline, bed.now);
    for window in TimeWindow::ALL {
        assert_eq!(bed.view(window), (2, secs(540)));
    }
    bed.pass(secs(3600));
    assert_eq!(bed.view(TimeWindow::Day), (2, secs(540)));
}

#[test]
fn the_last_minute_stays_when_all_else_is_shed() {
    let mut bed = Bed::new();
    bed.pass(secs(3_590));
    bed.live += 1;
    bed.pass(secs(10));
    bed.rings.shed(&bed.timeline, bed.now);
    assert_eq!(bed.view(TimeWindow::Minute), (1, secs(3_540)));
    assert_eq!(bed.view(TimeWindow::Hour), (1, secs(3_540)));
    assert_eq!(bed.view(TimeWindow::Day), (0, secs(3_600)));
}

#[test]
fn a_day_of_use_keeps_no_more_than_the_rings_hold() {
    let mut bed = Bed::new();
    let mut most = 0;
    for _ in 0..(50 * 360) {
        bed.live += 1;
        bed.pass(secs(10));
        most = most.max(bed.rings.heap_bytes());
    }
    assert!(most <= 256 * size_of::<(u32, u64)>(), "{most}");
    assert_eq!(bed.count(TimeWindow::Day), 24 * 360);
    assert_eq!(bed.count(TimeWindow::Hour), 360);
    assert_eq!(bed.count(TimeWindow::Minute), 6);
}

#[derive(Clone, Debug)]
enum Act {
    Record(u64),
    Pass(Duration),
    Pause(Duration),
    Tick,
    Shed,
}

fn act() -> impl Strategy<Value = Act> {
    let short = (1_u64..30_000).prop_map(Duration::from_millis);
    let long = (1_u64..90_000).prop_map(secs);
    prop_oneof![
        4 => (1_u64..100).prop_map(Act::Record),
        4 => short.clone().prop_map(Act::Pass),
        1 => (1_u64..4_000).prop_map(|time| Act::Pass(secs(time))),
        2 => short.prop_map(Act::Pause),
        1 => long.prop_map(Act::Pause),
        2 => Just(Act::Tick),
        1 => Just(Act::Shed),
    ]
}

/// What was recorded after how many ticks, and when those were: all there is to know.
#[derive(Default)]
struct Model {
    records: Vec<(usize, u64)>,
    ticks: Vec<Duration>,
    /// Since when all is there for an hour and a day.
    shed: [(usize, Duration); 2],
}

impl Model {
    /// The beginning of a view: the last end of one of its slots that is a window ago. By number and time.
    fn start(&self, window: TimeWindow, now: Duration) -> (usize, Duration) {
        let start = self.last_end(window, |end| end + window.length() <= now);
        match window {
            TimeWindow::Minute => start,
            TimeWindow::Hour => start.max(self.shed[0]),
            TimeWindow::Day => start.max(self.shed[1]),
        }
    }

    fn shed(&mut self, now: Duration) {
        let minute = self.last_end(TimeWindow::Hour, |end| end + secs(60) <= now);
        let hour = self.last_end(TimeWindow::Day, |_| true);
        self.shed = [self.shed[0].max(minute), self.shed[1].max(minute).max(hour)];
    }

    /// The last end of a slot of a window's ring that fits.
    fn last_end(&self, window: TimeWindow, fits: impl Fn(Duration) -> bool) -> (usize, Duration) {
        let slot = match window {
            TimeWindow::Minute => 10,
            TimeWindow::Hour => 60,
            TimeWindow::Day => 3600,
        };
        let mut last = Duration::ZERO;
        let mut start = (0, Duration::ZERO);
        for (nth, tick) in self.ticks.iter().enumerate() {
            if tick.as_secs() / slot > last.as_secs() / slot && fits(*tick) {
                start = (nth + 1, *tick);
            }
            last = *tick;
        }
        start
    }

    fn count(&self, after: usize) -> u64 {
        let records = self.records.iter().filter(|(ticks, _)| *ticks >= after);
        records.map(|(_, count)| count).sum()
    }
}

proptest! {
    #[test]
    fn a_view_is_what_was_recorded_since_it_begins(acts in vec(act(), 1..60)) {
        let (mut bed, mut model) = (Bed::new(), Model::default());
        for act in acts {
            match act {
                Act::Record(count) => {
                    bed.live += count;
                    model.records.push((model.ticks.len(), count));
                }
                Act::Pass(time) => {
                    let (begin, end) = (bed.now, bed.now + time);
                    bed.pass(time);
                    // Ticks that were due come at their times, one that was missed at once.
                    let mut at = model.ticks.last().copied().unwrap_or_default();
                    loop {
                        let earliest = (at + TICK / 2).as_nanos();
                        let ticks = earliest.div_ceil(TICK.as_nanos());
                        at = (TICK * u32::try_from(ticks).unwrap()).max(begin);
                        if at > end {
                            break;
                        }
                        model.ticks.push(at);
                    }
                }
                Act::Pause(time) => bed.pause(time),
                Act::Shed => {
                    bed.rings.shed(&bed.timeline, bed.now);
                    model.shed(bed.now);
                }
                Act::Tick => {
                    if bed.tick() {
                        model.ticks.push(bed.now);
                    }
                }
            }
            for window in TimeWindow::ALL {
                let (after, start) = model.start(window, bed.now);
                prop_assert_eq!(bed.view(window), (model.count(after), start), "{}", window);
                let reach = bed.timeline.reach(window, bed.now, bed.rings.seen());
                let slots = bed.timeline.slots(&reach);
                let mut ends = slots.iter().map(|(_, _, end)| *end);
                let begins = slots.iter().map(|(_, begin, _)| *begin);
                let expected = std::iter::once(reach.start).chain(ends.clone());
                prop_assert!(begins.eq(expected.take(slots.len())), "slots lie side by side");
                prop_assert_eq!(ends.next_back().unwrap_or(reach.start), bed.timeline.last_at());
            }
        }
    }
}

#[test]
fn a_late_tick_is_followed_by_a_slot_of_five_to_fifteen_seconds() {
    for (late, next) in [
        (0, 20_000),
        (4_999, 20_000),
        (5_000, 20_000),
        (5_001, 30_000),
    ] {
        let mut timeline = Timeline::default();
        assert!(timeline.tick(Duration::from_millis(10_000 + late)));
        assert_eq!(timeline.next_at(), Duration::from_millis(next), "{late}");
    }
}

proptest! {
    /// 100 a second, seen at every beat of a keeper that is as late as it likes.
    #[test]
    fn what_comes_evenly_has_no_spikes_however_late_the_ticks_are(pauses in vec(1_u64..15_000, 1..60)) {
        let key = SeriesKey {
            name: "even".parse().unwrap(),
            tags: Tags::new(),
            kind: MetricKind::Counter,
            unit: Unit::Count,
        };
        let (mut timeline, mut now) = (Timeline::default(), Duration::ZERO);
        let live = LiveCounter::default();
        let moment = Moment { timeline: &timeline, now };
        let series = std::sync::Arc::new(Series::new(key, live, moment));
        let (mut recorded, all) = (0, AnySeries::Counter(std::sync::Arc::clone(&series)));
        for pause in pauses {
            now += Duration::from_millis(pause);
            let until = now.as_millis() as u64 / 10;
            series.live.add(until - std::mem::replace(&mut recorded, until));
            timeline.tick(now);
            let moment = Moment { timeline: &timeline, now };
            all.close(moment);
            for window in TimeWindow::ALL {
                let max = all.view(window, moment).max().unwrap();
                prop_assert!(max <= 100.0 * (1.0 + 1.0 / 400.0), "{max} at {now:?}");
            }
        }
        let slots = timeline.slots(&timeline.reach(TimeWindow::Day, now, timeline.latest()));
        prop_assert!(slots.iter().all(|(_, begin, end)| *end - *begin >= TICK / 2));
    }
}
