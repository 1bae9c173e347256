//! Assertions that wait, by the clock of tokio: where that is paused, no time passes.
//!
//! | file | holds |
//! |---|---|
//! | `eventually.rs` | [`assert_eventually!`](crate::assert_eventually) |
//! | `receive.rs` | [`assert_receive!`](crate::assert_receive), [`refute_receive!`](crate::refute_receive) |
//! | `source.rs` | [`Receive`]: what they receive from |

mod eventually;
mod receive;
mod source;

pub use eventually::{EVENTUALLY_LIMIT, Eventually, POLL};
pub use receive::{RECEIVE_LIMIT, Receiving};
pub use source::Receive;
