//! Log-linear histograms, as plain data.
//!
//! Each power of two is divided into equal buckets, 32 of them at [`Resolution::Fine`] and 16 at [`Resolution::Coarse`]. A value is
//! told by the middle of its bucket, which is off by at most 1.6 % (3.2 % if coarse) of the value; values below 64 (32) have a
//! bucket each and are exact. All of `u64` has a place: 1,920 (976) buckets. Histograms of one resolution merge by adding their
//! buckets, exactly and in any order; a fine one becomes a coarse one exactly, since coarse buckets are pairs of fine ones.
//!
//! | file | holds |
//! |---|---|
//! | `scale.rs` | [`Resolution`]: which value goes into which bucket |
//! | `rank.rs` | which sample a quantile is |
//! | `sum.rs` | sums from words that wrap |
//! | `distribution.rs` | [`Distribution`]: a histogram to be asked and merged |
//! | `packed.rs` | the same in a few bytes, to be kept |

mod distribution;
mod packed;
pub(crate) mod rank;
pub(crate) mod scale;
mod sum;

#[cfg(test)]
mod tests;

pub use distribution::{Bucket, Distribution};
pub use scale::Resolution;

pub(crate) use distribution::Unplaced;
pub(crate) use packed::Packed;
