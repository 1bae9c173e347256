//! All places of a tally.

use super::place::Place;

/// How many threads count each for itself, of a breaker with a name of its own: as many as most machines have processors, in 2 KiB.
pub(crate) const MANY: usize = 16;

/// The places, as many as a power of two.
///
/// Where they are [`MANY`], their number is known to the compiler: a refusal, which does little else than find its place and count,
/// takes a tenth less time than with a number that has to be looked up, and checked.
#[derive(Debug)]
pub(super) struct Places {
    many: Option<Box<[Place; MANY]>>,
    /// Them, if they are another number; else empty.
    few: Box<[Place]>,
}

impl Places {
    /// So many.
    pub(super) fn new(number: usize) -> Self {
        let places: Box<[Place]> = (0..number).map(|_| Place::default()).collect();
        match places.try_into() {
            Ok(many) => Self {
                many: Some(many),
                few: Box::default(),
            },
            Err(few) => Self { many: None, few },
        }
    }

    /// The one at which this number comes out, if they are counted round and round.
    #[inline(always)]
    pub(super) fn at(&self, number: usize) -> Option<&Place> {
        match &self.many {
            Some(many) => Some(&many[number % MANY]),
            // A power of two: what is cut off is the remainder, without a division.
            None => self.few.get(number & self.few.len().wrapping_sub(1)),
        }
    }

    pub(super) fn all(&self) -> &[Place] {
        match &self.many {
            Some(many) => many.as_slice(),
            None => &self.few,
        }
    }
}
