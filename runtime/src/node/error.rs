//! Why a node did not boot.

use std::net::SocketAddr;
use std::sync::Arc;

use mainstay_specs::{Faults, NamespaceName};
use mainstay_supervisors::{NamespaceError, StartError, StopReport};

/// Why a node did not boot. Nothing of it is left then.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootError {
    /// The spec is wrong; nothing was started.
    #[error("{0}")]
    Spec(#[from] Faults),
    /// The address of the HTTP server cannot be listened on; nothing else was started.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: Arc<std::io::Error>,
    },
    /// The spec has HTTP on, which is the default, and the program was built without the feature `http`.
    #[error(
        "the spec has HTTP on, but this program is built without it; turn it off with `http: (enabled: false)`, or turn the feature `http` of the crate `mainstay` on"
    )]
    NoHttp,
    /// The system gave no random token for the HTTP server.
    #[error("cannot make a token for the HTTP server: {0}")]
    Token(Arc<std::io::Error>),
    /// The system gave no thread for the watchdog.
    #[error("cannot start the watchdog: {0}")]
    Watchdog(Arc<std::io::Error>),
    /// A process of the tree did not start.
    #[error("{path} did not start: {error}")]
    Start {
        /// Its path: the ids from the root down to it, joined by `/`.
        path: String,
        /// Why.
        #[source]
        error: StartError,
    },
    /// It was told to stop before it was done.
    #[error("stopped while it was booting")]
    Interrupted(StopReport),
}

impl BootError {
    /// The path of the process at fault is found by going inwards.
    pub(super) fn start(root: &NamespaceName, error: NamespaceError) -> Self {
        match error {
            NamespaceError::Start { error, .. } => Self::below(root.to_string(), error),
            error => Self::Start {
                path: root.to_string(),
                error: StartError::failed(error),
            },
        }
    }

    pub(crate) fn below(path: String, error: StartError) -> Self {
        let (mut path, mut error) = (path, error);
        while let StartError::Child { id, error: inner } = error {
            path = format!("{path}/{id}");
            error = *inner;
        }
        Self::Start { path, error }
    }

    /// The kind has refused its arguments, which it had taken when it was asked a moment before.
    pub(super) fn refused(path: &str, error: &dyn std::error::Error) -> Self {
        Self::Start {
            path: path.to_owned(),
            error: StartError::failed(error.to_string()),
        }
    }

    pub(super) fn unknown_kind(path: &str, kind: &str) -> Self {
        Self::Start {
            path: path.to_owned(),
            error: StartError::failed(format!("unknown kind `{kind}`")),
        }
    }
}
