//! Kinds that the binary `mainstay` knows: enough to look at a living tree, and to see it heal.
//!
//! | kind | what it is | arguments |
//! |---|---|---|
//! | `ticker` | a task that beats at an interval, and can be told to fail, or not to stop | [`Ticker`] |
//! | `echo` | an actor that answers with what it was sent | none |

mod echo;
mod ticker;

pub use echo::{Echo, EchoMessage};
pub use ticker::Ticker;

use crate::node::NodeBuilder;

impl NodeBuilder {
    /// Adds the kinds of the binary `mainstay`: see [`kinds`](crate::kinds).
    pub fn demo_kinds(self) -> Self {
        self.kind("ticker", Ticker::child)
            .kind("echo", |()| Echo::child()).kind("busy", |()| mainstay_supervisors::Child::task("busy", |_| async { loop { std::hint::spin_loop() } }))
    }
}
