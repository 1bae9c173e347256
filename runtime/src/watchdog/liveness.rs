//! Whether a node lives.

use std::fmt;
use std::time::Duration;

/// Whether a node lives, as its watchdog has found last. Nothing of it depends on anything outside of the node.
///
/// One that does not live is to be restarted by whoever runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Liveness {
    /// It gets on.
    Alive,
    /// None of the executor's threads has got to anything new for this long.
    Blocked(Duration),
    /// The root of a tree has been at one and the same step for this long, and does not give its thread back.
    RootStuck {
        /// Which tree.
        root: String,
        /// For how long.
        since: Duration,
    },
    /// A tree has ended though nobody has asked it to: it has given up, or was killed.
    RootEnded {
        /// Which tree.
        root: String,
    },
}

impl Liveness {
    /// Whether it lives.
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        matches!(self, Self::Alive)
    }
}

/// In words, such as `the executor has been blocked for 12 s`.
impl fmt::Display for Liveness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |time: &Duration| format!("{} s", time.as_secs().max(1));
        match self {
            Self::Alive => f.write_str("it gets on"),
            Self::Blocked(time) => write!(f, "the executor has been blocked for {}", whole(time)),
            Self::RootStuck { root, since } => {
                write!(f, "the root of {root} has been stuck for {}", whole(since))
            }
            Self::RootEnded { root } => write!(f, "the tree {root} has ended by itself"),
        }
    }
}
