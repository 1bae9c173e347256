//! Kinds that the binary `mainstay` knows: enough to look at a living tree, and to see it heal.
//!
//! | kind | what it is | arguments |
//! |---|---|---|
//! | `ticker` | a task that beats at an interval, and can be told to fail, or not to stop | [`Ticker`] |
//! | `echo` | an actor that answers with what it was sent | none |
//! | `blocker` | a task that keeps its thread and never awaits, so that it can be neither stopped nor killed: what not to do | none |

mod blocker;
mod echo;
mod ticker;

pub use echo::{Echo, EchoMessage};
pub use ticker::Ticker;

use crate::node::NodeBuilder;

impl NodeBuilder {
    /// Adds the kinds of the binary `mainstay`: see [`kinds`](crate::kinds).
    pub fn demo_kinds(self) -> Self {
        self.kind("ticker", Ticker::child)
            .kind("echo", |()| Echo::child())
            .kind("blocker", |()| blocker::child())
    }
}
