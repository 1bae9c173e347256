//! What happened in the last minute, hour and day, as plain data that takes the time.
//!
//! Time is cut into slots of about 10 seconds by ticks; at the first tick after each full minute, and each full hour, what was
//! ticked since becomes one slot of the longer ring as well.
//!
//! ```text
//!  day     ├── hour ──┼── hour ──┼─ … ─┤                               24 hours
//!  hour                              ├─ minute ─┼─ minute ─┼─ … ─┤    60 minutes
//!  minute                                                 ├┼┼┼┼┤      6 × 10 s
//!  live                                                        ├▒     since the last tick, read from the series itself
//! ```
//!
//! A tick comes when it comes, and the [`Timeline`] notes when it did: after a pause, a late tick or the crash of whoever ticks, the slot is
//! as long as it really was, so that no rate has a spike and no time is missing. A view begins where a slot begins and holds each slot that
//! ends within the window, so that all of the last 60 seconds is in the view of a minute, and up to 10 more (60 and 3,600 more for an hour and
//! a day).
//!
//! All is relative to the store's first moment, on the monotonic clock: wall time, and steps of it, play no part.
//!
//! | file | holds |
//! |---|---|
//! | `timeline.rs` | [`Timeline`]: when there were ticks; [`Reach`]: which slots a view is made of |
//! | `rings.rs` | [`Rings`]: the slots of one series |
//! | `slot.rs` | [`Slot`]: what is kept of a slot; [`Samples`]: of gauges |

mod rings;
mod slot;
mod timeline;

#[cfg(test)]
mod tests;

pub(crate) use rings::Rings;
pub(crate) use slot::{Samples, Slot, join};
pub(crate) use timeline::{Reach, Timeline};

use std::time::Duration;

/// From tick to tick, if none is late.
pub(crate) const TICK: Duration = Duration::from_secs(10);
