//! The calls of the last so long, part by part.

use super::Counts;

/// A ring of counts, each of a part of the time. The parts are numbered from the beginning of time by all 64 bits, so that no
/// number comes again.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// How long a part is, in nanoseconds.
    bucket: u64,
    ring: Box<[Counts]>,
    /// The number of the present part.
    newest: u64,
    counts: Counts,
}

impl Span {
    pub(super) fn new(bucket: u64, buckets: usize, now: u64) -> Self {
        let bucket = bucket.max(1);
        Self {
            bucket,
            ring: vec![Counts::default(); buckets.max(1)].into(),
            newest: now / bucket,
            counts: Counts::default(),
        }
    }

    /// Adds to the present part.
    pub(super) fn add(&mut self, counts: Counts) {
        let slot = self.slot(self.newest);
        self.ring[slot].add(counts);
        self.counts.add(counts);
    }

    /// Moves on to the part of `now`, if that is a later one; says whether anything was forgotten by it.
    pub(super) fn roll(&mut self, now: u64) -> bool {
        let before = self.counts;
        let next = now / self.bucket;
        let steps = next.saturating_sub(self.newest);
        if steps >= self.ring.len() as u64 {
            self.ring.fill(Counts::default());
            self.counts = Counts::default();
        } else {
            for number in self.newest + 1..=self.newest + steps {
                let slot = self.slot(number);
                let old = std::mem::take(&mut self.ring[slot]);
                self.counts.take(old);
            }
        }
        self.newest += steps;
        self.counts != before
    }

    pub(super) const fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) const fn part(&self) -> (u64, u64) {
        (self.bucket, self.newest)
    }

    /// Each part goes, whole, to the new part in which it began.
    pub(super) fn resized(mut self, bucket: u64, buckets: usize, now: u64) -> Self {
        self.roll(now);
        let mut new = Self::new(bucket, buckets, now);
        let len = self.ring.len() as u64;
        let oldest = (self.newest + 1).saturating_sub(len);
        let first_kept = (new.newest + 1).saturating_sub(new.ring.len() as u64);
        for number in oldest..=self.newest {
            let place = (number.saturating_mul(self.bucket) / new.bucket).min(new.newest);
            if place >= first_kept {
                let counts = self.ring[self.slot(number)];
                let slot = new.slot(place);
                new.ring[slot].add(counts);
                new.counts.add(counts);
            }
        }
        new
    }

    fn slot(&self, number: u64) -> usize {
        // Less than the length, which is a usize.
        (number % self.ring.len() as u64) as usize
    }
}
