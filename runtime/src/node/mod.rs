//! The node: everything that one spec describes, running.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Node`], the handle |
//! | `builder.rs` | [`NodeBuilder`]: kinds, and booting |
//! | `kinds.rs` | the functions behind the kinds of a file |
//! | `plan.rs` | from a spec to what is started: pure |
//! | `boot.rs` | starting it in order, and taking it back |
//! | `state.rs` | what the node knows of itself |
//! | `reload/` | going by another spec while it runs: [`ReloadReport`], [`ReloadError`] |
//! | `readiness.rs`, `error.rs` | [`Readiness`]; [`BootError`] |

mod boot;
mod builder;
mod error;
mod kinds;
mod plan;
mod readiness;
mod reload;
mod state;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::NodeSpec;
use mainstay_supervisors::{Down, Namespace, Runtime, StopReport};

#[cfg(feature = "http")]
pub(crate) use builder::HTTP;
pub use builder::NodeBuilder;
pub use error::BootError;
pub use kinds::IntoChild;
pub use readiness::{NamespaceReadiness, NamespaceState, Readiness};
#[cfg(feature = "http")]
pub(crate) use reload::reload_source;
pub use reload::{ReadSpec, ReloadError, ReloadFailure, ReloadReport, SourceError};
pub(crate) use state::State;

use crate::watchdog::Liveness;

/// A running node: a [`Runtime`] with the namespaces of a [`NodeSpec`], and the HTTP server if the spec has it on.
///
/// A handle, cheap to clone. When the last one is dropped, everything is told to stop, in order, and nobody waits for
/// it; to wait, use [`stop`](Self::stop).
#[derive(Clone)]
pub struct Node(Arc<State>);

impl Node {
    #[cfg(any(feature = "grpc", all(test, feature = "http")))]
    pub(crate) const fn state(&self) -> &Arc<State> {
        &self.0
    }

    /// A node to be, to which kinds can be added.
    pub fn builder() -> NodeBuilder {
        NodeBuilder::default()
    }

    /// Boots a node whose spec names no kinds; see [`NodeBuilder::boot`].
    ///
    /// # Errors
    ///
    /// As [`NodeBuilder::boot`].
    ///
    /// # Panics
    ///
    /// As [`NodeBuilder::boot`].
    pub async fn boot(spec: &NodeSpec) -> Result<Self, BootError> {
        Self::builder().boot(spec).await
    }

    /// The runtime it lives in.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        self.0.runtime()
    }

    /// The namespace of this name, if it runs.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<Namespace> {
        self.runtime().find_namespace(name)
    }

    /// Whether all its namespaces run.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.0.readiness()
    }

    /// Whether it lives, as its watchdog has found last; that it does if the spec has the watchdog off.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        self.0.liveness()
    }

    /// Waits until one of its trees has ended: a namespace, or the HTTP server's. Unless the node is being stopped, that
    /// tree has given up, and the node is not what its spec says any more: stop it, and let whoever runs it start anew.
    ///
    /// A namespace that a [reload](Self::reload) stops does not count. Never returns for a node without trees.
    ///
    /// Cancel safety: it may be dropped and called again at will.
    pub async fn root_ended(&self) -> Down {
        let mut changes = self.0.root_changes();
        loop {
            changes.borrow_and_update();
            let mut monitors: Vec<_> = self.0.roots().iter().map(|root| root.monitor()).collect();
            let ended = std::future::poll_fn(|cx| {
                let mut ended = monitors.iter_mut().map(|root| Pin::new(root).poll(cx));
                ended
                    .find(std::task::Poll::is_ready)
                    .unwrap_or(std::task::Poll::Pending)
            });
            tokio::select! {
                biased;
                // The node has it.
                Ok(()) = changes.changed() => {}
                down = ended => return down,
            }
        }
    }

    /// Stops everything and waits until nothing of it is left: the namespaces side by side, each in its own order; then what
    /// else was started in the runtime; the HTTP server last, so that it tells until then how far things are. Event streams
    /// end with it, and do not hold it up.
    ///
    /// What has not ended within `limit` is killed, and named in the report. Code that never awaits cannot be killed, and is
    /// waited for without limit; so is, up to the limit, a process of the node that calls this.
    ///
    /// Cancel safety: when this is dropped, the tree being stopped goes on stopping; call it again for the rest.
    pub async fn stop(&self, limit: Duration) -> StopReport {
        self.0.stop(limit).await
    }
}

#[cfg(feature = "http")]
impl Node {
    /// The address the HTTP server listens on, with the port that was taken for port 0; `None` if HTTP is off.
    #[must_use]
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        Some(self.0.http()?.address)
    }

    /// What callers of the HTTP server have to present to change anything: the token of the spec, or one that was made
    /// at boot because the spec has none. `None` if HTTP is off.
    #[must_use]
    pub fn token(&self) -> Option<&crate::http::Token> {
        Some(&self.0.http()?.token)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Node").field(self.runtime()).finish()
    }
}
