//! A histogram in a few bytes, to be kept.

use super::distribution::{Distribution, Unplaced};
use super::scale::Resolution;

/// A [`Distribution`] written down: for each bucket that is not empty, how far it is from the one before and how many samples it
/// holds, in as many bytes of 7 bits as it takes. That is 2 or 3 bytes a bucket where a number would take 8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    resolution: Resolution,
    count: u64,
    sum: u128,
    unplaced: Unplaced,
    bytes: Box<[u8]>,
}

impl Packed {
    /// One without samples.
    pub(crate) fn empty() -> Self {
        Self::of(&Distribution::default())
    }

    pub(crate) fn of(distribution: &Distribution) -> Self {
        let mut bytes = Vec::new();
        let mut next = 0;
        distribution.each(|index, count| {
            write(&mut bytes, (index - next) as u64);
            write(&mut bytes, count);
            next = index + 1;
        });
        Self {
            resolution: distribution.resolution(),
            count: distribution.placed(),
            sum: distribution.placed_sum(),
            unplaced: distribution.without_place(),
            bytes: bytes.into(),
        }
    }

    /// How many samples there are.
    pub(crate) const fn count(&self) -> u64 {
        self.count.saturating_add(self.unplaced.count)
    }

    /// Adds all samples to a distribution, which becomes coarse if this is.
    pub(crate) fn add_to(&self, all: &mut Distribution) {
        all.coarsen(self.resolution);
        let mut bytes = &*self.bytes;
        let mut next = 0;
        while let Some((gap, count)) = read(&mut bytes).zip(read(&mut bytes)) {
            let index = next + gap as usize;
            all.put_from(self.resolution, index, count);
            next = index + 1;
        }
        all.add_sum(self.sum);
        all.put_unplaced(self.unplaced);
    }

    /// The distribution that was written down.
    pub(crate) fn unpack(&self) -> Distribution {
        let mut all = Distribution::new(self.resolution);
        self.add_to(&mut all);
        all
    }

    /// What it takes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.len()
    }
}

fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if *first < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}
