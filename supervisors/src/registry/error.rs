//! What can go wrong.

use std::time::Duration;

use crate::process::Process;

/// Why a process was not registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The key has this owner; it may be the process itself.
    #[error("already registered by {0}")]
    AlreadyRegistered(Process),
    /// The key has this owner, which is ending, as a supervisor above it was killed, and has not come to its end in the time
    /// that it is waited for: see [`Namespace::until_free`](crate::Namespace::until_free).
    #[error(
        "still held by {owner}, which has been ending for {ending_for:?}, since a supervisor above it was killed"
    )]
    Orphaned {
        /// Who has the key.
        owner: Process,
        /// How long ago the supervisor was killed.
        ending_for: Duration,
    },
    /// The process has ended.
    #[error("the process has ended")]
    Dead,
    /// The registry was stopped.
    #[error("the registry was stopped")]
    Stopped,
}
