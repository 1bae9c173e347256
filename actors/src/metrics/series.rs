//! One series: what is recorded to, and what is kept of the time before.

use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::histogram::Distribution;
use super::key::SeriesKey;
use super::live::{Live, LiveCounter, LiveGauge, LiveHistogram, Taken};
use super::view::{Content, CountSlot, Counts, SeriesView, View};
use super::window::TimeWindow;
use super::windows::{Reach, Rings, Slot, Timeline, join};

/// One series.
#[derive(Debug)]
pub(crate) struct Series<L: Live> {
    pub(crate) key: SeriesKey,
    pub(crate) live: L,
    born: Duration,
    /// When somebody last asked for it by name, in milliseconds: who holds a gauge for a moment to set what it is already, uses it.
    asked_at: AtomicU64,
    /// Never locked to record.
    kept: Mutex<Kept<L>>,
}

#[derive(Debug)]
struct Kept<L: Live> {
    mark: L::Mark,
    rings: Rings<L::Slot>,
    /// When it was last found that something had been recorded.
    active_at: Duration,
}

/// What time it is to a series: the ticks there were, and now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) timeline: &'a Timeline,
    pub(crate) now: Duration,
}

/// A series that is looked at over a window.
struct Look<'a, S> {
    moment: Moment<'a>,
    reach: Reach,
    since: Duration,
    lost_until: Option<Duration>,
    slots: Vec<(u32, &'a S)>,
}

impl<L: Live> Series<L> {
    pub(crate) fn new(key: SeriesKey, live: L, moment: Moment<'_>) -> Self {
        let kept = Kept {
            mark: L::beginning(),
            rings: Rings::new(moment.timeline, moment.now),
            active_at: moment.now,
        };
        Self {
            key,
            live,
            born: moment.now,
            asked_at: AtomicU64::new(0),
            kept: Mutex::new(kept),
        }
    }

    /// A poisoned lock is taken all the same: what is behind it is never left half changed.
    fn kept(&self) -> MutexGuard<'_, Kept<L>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a slot, if there was a tick since the last one was ended.
    fn close(&self, moment: Moment<'_>) {
        let mut kept = self.kept();
        let Kept {
            mark,
            rings,
            active_at,
        } = &mut *kept;
        if rings.seen() == moment.timeline.latest() {
            return;
        }
        let Taken { slot, active } = self.live.take(mark);
        rings.close(moment.timeline, slot);
        if active {
            *active_at = moment.now;
        }
    }

    fn sample(&self) {
        self.live.sample(&mut self.kept().mark);
    }

    fn is_idle_since(&self, then: Duration) -> bool {
        if u128::from(self.asked_at.load(Ordering::Relaxed)) > then.as_millis() {
            return false;
        }
        let kept = self.kept();
        kept.active_at <= then && self.live.is_idle(&kept.mark)
    }

    fn shed(&self, moment: Moment<'_>) {
        self.kept().rings.shed(moment.timeline, moment.now);
    }

    fn bytes(&self) -> usize {
        let kept = self.kept();
        // The key is in the table once more, with the place of the series.
        let key = self.key.name.as_str().len() + self.key.tags.bytes() + 2 * size_of::<SeriesKey>();
        size_of::<Self>() + key + self.live.bytes(&kept.mark) + kept.rings.heap_bytes()
    }

    /// Looks at the slots over a window, and what came since the last one.
    fn look<T>(
        &self,
        window: TimeWindow,
        moment: Moment<'_>,
        look: impl FnOnce(&Look<'_, L::Slot>, &L::Mark) -> T,
    ) -> T {
        let kept = self.kept();
        let reach = moment.timeline.reach(window, moment.now, kept.rings.seen());
        let looked = Look {
            moment,
            reach,
            since: kept.rings.since(window).max(reach.start),
            lost_until: kept.rings.lost_until(window),
            slots: kept.rings.within(&reach).collect(),
        };
        look(&looked, &kept.mark)
    }
}

impl<S: Slot> Look<'_, S> {
    /// What is seen, with how much of it there is.
    fn view(&self, window: TimeWindow, content: Content) -> View {
        let span = self.moment.now.saturating_sub(self.since);
        let mut view = View::new(window, span, content);
        let lost = self
            .lost_until
            .map(|until| self.moment.now.saturating_sub(until));
        view.lose(lost);
        view
    }

    /// How much came in each slot there is, in those in which nothing came too.
    fn counts(&self, count: impl Fn(&S) -> u64, live: u64) -> Counts {
        let timeline = self.moment.timeline;
        let all = timeline.slots(&self.reach).into_iter();
        let mut counted: Vec<CountSlot> = all
            .filter(|(_, _, end)| *end > self.since)
            .map(|(tick, begin, end)| CountSlot {
                tick,
                span: end - begin.max(self.since),
                count: 0,
            })
            .collect();
        // What the series has seen of ticks that the timeline at hand does not know came since the last one it knows.
        let mut live = live;
        for (tick, slot) in &self.slots {
            match counted.binary_search_by_key(tick, |slot| slot.tick) {
                Ok(at) => counted[at].count = count(slot),
                Err(_) => live += count(slot),
            }
        }
        let live = CountSlot {
            tick: u32::MAX,
            span: self
                .moment
                .now
                .saturating_sub(timeline.last_at().max(self.since)),
            count: live,
        };
        Counts::new(counted, live)
    }
}

impl Series<LiveCounter> {
    fn view(&self, window: TimeWindow, moment: Moment<'_>) -> View {
        self.look(window, moment, |look, mark| {
            let live = self.live.total().wrapping_sub(*mark);
            let counts = look.counts(|slot| *slot, live);
            look.view(window, Content::Counter(counts))
        })
    }
}

impl Series<LiveGauge> {
    fn view(&self, window: TimeWindow, moment: Moment<'_>) -> View {
        self.look(window, moment, |look, mark| {
            let mut mark = *mark;
            let now = self.live.take(&mut mark).slot;
            let slots = look.slots.iter().map(|(_, slot)| Some(**slot));
            let content = Content::Gauge {
                samples: slots.fold(now, join),
                last: self.live.value(),
            };
            look.view(window, content)
        })
    }
}

impl Series<LiveHistogram> {
    fn view(&self, window: TimeWindow, moment: Moment<'_>) -> View {
        self.look(window, moment, |look, mark| {
            let mut samples = self.live.total().since(&mark.unpack());
            let live = samples.count();
            look.slots
                .iter()
                .for_each(|(_, slot)| slot.add_to(&mut samples));
            let counts = look.counts(super::histogram::Packed::count, live);
            look.view(window, Content::Histogram { samples, counts })
        })
    }
}

/// One series of whatever kind. Cheap to clone: a share in it.
#[derive(Clone, Debug)]
pub(crate) enum AnySeries {
    Counter(Arc<Series<LiveCounter>>),
    Gauge(Arc<Series<LiveGauge>>),
    Histogram(Arc<Series<LiveHistogram>>),
}

/// Does the same to a series of any kind.
macro_rules! each_kind {
    ($series:expr, $one:ident => $act:expr) => {
        match $series {
            AnySeries::Counter($one) => $act,
            AnySeries::Gauge($one) => $act,
            AnySeries::Histogram($one) => $act,
        }
    };
}

/// All that was recorded to a series since it began.
#[derive(Clone, Debug)]
pub(crate) enum Total {
    Counter(u64),
    Gauge(Option<f64>),
    Histogram(Distribution),
}

impl AnySeries {
    pub(crate) fn key(&self) -> &SeriesKey {
        each_kind!(self, one => &one.key)
    }

    pub(crate) fn close(&self, moment: Moment<'_>) {
        each_kind!(self, one => one.close(moment));
    }

    /// Looks at it in between slots.
    pub(crate) fn sample(&self) {
        if let Self::Gauge(gauge) = self {
            gauge.sample();
        }
    }

    /// Whether nobody has a share in it but the table, and nothing was recorded since then.
    pub(crate) fn is_forgotten_since(&self, then: Duration) -> bool {
        let is_held = each_kind!(self, one => Arc::strong_count(one) > 1);
        // What others have recorded before they let go of it is seen from here on.
        fence(Ordering::Acquire);
        !is_held && each_kind!(self, one => one.is_idle_since(then))
    }

    /// Notes that somebody has asked for it by name.
    pub(crate) fn touch(&self, now: Duration) {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        each_kind!(self, one => one.asked_at.store(now, Ordering::Relaxed));
    }

    /// When it was last found that something had been recorded.
    pub(crate) fn active_at(&self) -> Duration {
        each_kind!(self, one => one.kept().active_at)
    }

    pub(crate) fn shed(&self, moment: Moment<'_>) {
        each_kind!(self, one => one.shed(moment));
    }

    /// What it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        each_kind!(self, one => one.bytes())
    }

    pub(crate) fn view(&self, window: TimeWindow, moment: Moment<'_>) -> View {
        each_kind!(self, one => one.view(window, moment))
    }

    pub(crate) fn series_view(&self, window: TimeWindow, moment: Moment<'_>) -> SeriesView {
        SeriesView {
            key: self.key().clone(),
            view: self.view(window, moment),
        }
    }

    pub(crate) fn total(&self) -> Total {
        match self {
            Self::Counter(one) => Total::Counter(one.live.total()),
            Self::Gauge(one) => Total::Gauge(one.live.value()),
            Self::Histogram(one) => Total::Histogram(one.live.total()),
        }
    }

    /// When it began.
    pub(crate) fn born(&self) -> Duration {
        each_kind!(self, one => one.born)
    }
}
