//! Which buckets a histogram is exported with.

use crate::metrics::unit::Unit;

/// The bounds of the buckets, in the unit that is recorded: each a power of two less 1, as all values up to there are counted exactly.
///
/// Times reach from a microsecond to 17 seconds, each bound twice the one before; sizes from 64 bytes to 64 GiB, each four times; anything else from
/// 1 to 2^30, each four times.
pub(super) fn bounds(unit: Unit) -> impl Iterator<Item = u64> {
    // The bits of the first bound, between two, and of the last.
    let (first, step, last) = match unit {
        Unit::Nanoseconds => (10, 1, 34),
        Unit::Microseconds => (1, 1, 24),
        Unit::Milliseconds => (1, 1, 15),
        Unit::Seconds => (1, 1, 12),
        Unit::Bytes => (6, 2, 36),
        Unit::Count | Unit::Ratio | Unit::PerSecond => (1, 2, 31),
    };
    (first..=last).step_by(step).map(|bits| (1 << bits) - 1)
}
