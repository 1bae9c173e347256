//! What the keeper does.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::cell::Cell;
use super::series::{AnySeries, Moment};

/// What a beat came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beat {
    /// How late the tick was, if there was one.
    pub(crate) tick: Option<Duration>,
}

impl Cell {
    /// Looks at gauges; and, if a tick is due, ends the slots of all series, forgets those nobody uses, and keeps to the budget.
    ///
    /// To be called each second. To call it late, or not for a while, makes a slot longer and loses nothing. Should it be broken
    /// off by a panic, the next call ends the slots that this one has not.
    pub(crate) fn beat(&self) -> Beat {
        let _alone = self.ticking();
        let now = self.now();
        self.table().iter().for_each(AnySeries::sample);
        let mut timeline = (**self.timeline.load()).clone();
        let due = timeline.next_at();
        let ticked = timeline.tick(now);
        if ticked {
            self.timeline.store(Arc::new(timeline.clone()));
        }
        let timeline = &timeline;
        let moment = Moment { timeline, now };
        self.close(moment);
        let tick = ticked.then(|| now - due);
        if let Some(late) = tick {
            self.forget(now);
            self.keep_to_budget(moment);
            let late = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
            self.counts.lateness.store(late, Ordering::Relaxed);
        }
        Beat { tick }
    }

    /// Ends the slots that ticks have ended. Does nothing to series that have seen the last one.
    fn close(&self, moment: Moment<'_>) {
        self.shares().iter().for_each(|series| series.close(moment));
    }

    /// A share in every series, so that the table is not locked for long.
    pub(crate) fn shares(&self) -> Vec<AnySeries> {
        self.table().iter().cloned().collect()
    }

    fn forget(&self, now: Duration) {
        let Some(then) = now.checked_sub(self.limits().expire_after) else {
            return;
        };
        let expired = self.table_to_change().expire(then);
        self.counts
            .expired
            .fetch_add(expired as u64, Ordering::Relaxed);
    }

    /// Weighs all series, and throws away hours and days of the heaviest until a tenth of the budget is free: what is recorded until the
    /// next tick needs room, above all what is unlike what was recorded before. What is taken meanwhile may be weighed twice, until the next
    /// tick.
    fn keep_to_budget(&self, moment: Moment<'_>) {
        let told = self.budget.bytes();
        let mut weighed: Vec<(usize, AnySeries)> = self
            .shares()
            .into_iter()
            .map(|series| (series.bytes(), series))
            .collect();
        let mut bytes: usize = weighed.iter().map(|(bytes, _)| bytes).sum();
        let most = self.budget.bytes_max() / 10 * 9;
        if bytes > most {
            weighed.sort_by_key(|(bytes, _)| Reverse(*bytes));
            for (before, series) in &weighed {
                if bytes <= most {
                    break;
                }
                series.shed(moment);
                let freed = before.saturating_sub(series.bytes());
                bytes -= freed;
                if freed > 0 {
                    self.counts.shed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        self.budget.correct(told, bytes);
    }
}
