//! What can go wrong.

/// Why a strategy was not registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterCleanupError {
    /// There are as many as there may be.
    #[error("expected at most {max} cleanup strategies, and there are as many")]
    TooMany {
        /// How many there may be.
        max: u32,
    },
    /// The namespace has ended.
    #[error("the namespace has ended")]
    Stopped,
}
