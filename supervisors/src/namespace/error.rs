//! Why there is no namespace.

use mainstay_specs::{NameError, NamespaceName};

use crate::start::StartError;

/// Why there is no namespace.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NamespaceError {
    /// The text is no name.
    #[error("the name of the namespace: {0}")]
    Name(#[from] NameError),
    /// A namespace of this name runs already, and was to be started with a tree of its own.
    #[error("the namespace {0:?} runs already")]
    AlreadyRunning(NamespaceName),
    /// A child of its tree did not start; nothing of it is left.
    #[error("the namespace {name:?} did not start: {error}")]
    Start {
        /// Which.
        name: NamespaceName,
        /// Why.
        #[source]
        error: StartError,
    },
}
