//! Which refusals look at the clock.

use crate::atomic::{AtomicU64, Ordering};

/// The most refusals of a thread between two looks at the clock. A look takes as long as some ten refusals.
pub(crate) const FARTHEST: u64 = 256;

/// If so much time has passed between two looks, in nanoseconds, refusals are few: each of them can afford the next.
const LONG: u64 = 4_000_000;

/// When the next look at the clock is due, counted in refusals.
///
/// Looks are what ends the refusals if whoever minds the time does not, as where a runtime is held up or is not driven. The first
/// refusal after somebody has begun to mind looks, and so does each that comes 4 ms after the look before or later. Where refusals
/// are many, looks are twice as far from each other each time, up to [`FARTHEST`]. So who calls rarely is let through as soon as the time
/// is up, and all others after at most so many refusals more, on each thread.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// The number of the refusal that looks, or an earlier one.
    next: AtomicU64,
    /// The one before was so many refusals earlier.
    distance: AtomicU64,
    /// When that was.
    at: AtomicU64,
}

impl Looks {
    /// Whether this refusal is to look.
    #[inline(always)]
    pub(super) fn are_due(&self, refusal: u64) -> bool {
        refusal >= self.next.load(Ordering::Relaxed)
    }

    /// This refusal has looked.
    pub(super) fn looked(&self, refusal: u64, now: u64) {
        let long = now.saturating_sub(self.at.load(Ordering::Relaxed)) >= LONG;
        let began = self.next.load(Ordering::Relaxed) == 0;
        let distance = if long || began {
            1
        } else {
            let before = self.distance.load(Ordering::Relaxed);
            (before * 2).clamp(1, FARTHEST)
        };
        self.at.store(now, Ordering::Relaxed);
        self.distance.store(distance, Ordering::Relaxed);
        self.next.store(refusal + distance, Ordering::Relaxed);
    }

    /// The next refusal looks.
    pub(super) fn soon(&self) {
        self.next.store(0, Ordering::Relaxed);
    }
}
