//! What came since the last look.

use std::fmt::Debug;

use super::{LiveCounter, LiveGauge, LiveHistogram};
use crate::metrics::histogram::Packed;
use crate::metrics::windows::{Samples, Slot, join};

/// Something live of which is kept, beside it, up to where it has been read.
pub(crate) trait Live: Debug {
    /// Up to where it has been read.
    type Mark: Debug;
    /// What came in a time.
    type Slot: Slot + Debug;

    /// Where a series begins.
    fn beginning() -> Self::Mark;

    /// What came since the mark, if anything did, and moves the mark here.
    fn take(&self, mark: &mut Self::Mark) -> Taken<Self::Slot>;

    /// Whether anything came since the mark that [`take`](Self::take) would give.
    fn is_idle(&self, mark: &Self::Mark) -> bool;

    /// Looks at it in between, for what has only its present value.
    fn sample(&self, _mark: &mut Self::Mark) {}

    /// What it takes on the heap, about, the mark included.
    fn bytes(&self, mark: &Self::Mark) -> usize;
}

/// What came in a time.
#[derive(Debug)]
pub(crate) struct Taken<S> {
    pub(crate) slot: Option<S>,
    /// Whether somebody recorded something.
    pub(crate) active: bool,
}

impl<S> Taken<S> {
    const fn of(slot: Option<S>) -> Self {
        let active = slot.is_some();
        Self { slot, active }
    }
}

impl Live for LiveCounter {
    /// The total.
    type Mark = u64;
    type Slot = u64;

    fn beginning() -> u64 {
        0
    }

    fn take(&self, mark: &mut u64) -> Taken<u64> {
        let total = self.total();
        let came = total.wrapping_sub(std::mem::replace(mark, total));
        Taken::of((came > 0).then_some(came))
    }

    fn is_idle(&self, mark: &u64) -> bool {
        self.total() == *mark
    }

    fn bytes(&self, _mark: &u64) -> usize {
        self.heap_bytes()
    }
}

impl Live for LiveHistogram {
    /// All samples that have been read.
    type Mark = Packed;
    type Slot = Packed;

    fn beginning() -> Packed {
        Packed::empty()
    }

    fn take(&self, mark: &mut Packed) -> Taken<Packed> {
        let mut read = mark.unpack();
        let came = self.total().since(&read);
        if came.is_empty() {
            return Taken::of(None);
        }
        // By what was told, not by the total: should the sum have been a sample behind, the next slot makes up for it.
        read.merge(&came);
        *mark = Packed::of(&read);
        Taken::of(Some(Packed::of(&came)))
    }

    fn is_idle(&self, mark: &Packed) -> bool {
        self.total().count() == mark.count()
    }

    fn bytes(&self, mark: &Packed) -> usize {
        self.heap_bytes() + mark.heap_bytes()
    }
}

/// How a gauge has been seen since the last slot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    samples: Option<Samples>,
    /// Its value when it was last looked at, and when the last slot ended.
    last: Option<f64>,
    at_slot: Option<f64>,
}

impl Live for LiveGauge {
    type Mark = Seen;
    type Slot = Samples;

    fn beginning() -> Seen {
        Seen::default()
    }

    fn take(&self, mark: &mut Seen) -> Taken<Samples> {
        self.sample(mark);
        let active = mark.last != mark.at_slot;
        mark.at_slot = mark.last;
        let slot = mark.samples.take();
        Taken { slot, active }
    }

    fn is_idle(&self, mark: &Seen) -> bool {
        self.value() == mark.last
    }

    fn sample(&self, mark: &mut Seen) {
        mark.last = self.value();
        mark.samples = join(mark.samples, mark.last.map(Samples::one));
    }

    fn bytes(&self, _mark: &Seen) -> usize {
        0
    }
}
