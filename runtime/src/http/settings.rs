//! What all incarnations of the server share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use mainstay_specs::{ApiGuardsSpec, HealthDetails, HttpSpec};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::token::Token;
use crate::node::State;
use crate::watchdog::Door;

/// The most event streams at a time.
pub const STREAMS_MAX: usize = 64;

/// The most connections at a time; others wait to be accepted.
pub const CONNECTIONS_MAX: usize = 512;

/// The most bytes in the body of a request.
pub const BODY_MAX: usize = 1 << 20;

pub(super) struct Settings {
    /// Weak, so that the node ends when its last handle is dropped.
    pub(super) node: Weak<State>,
    pub(super) token: Token,
    pub(super) streams: Arc<Semaphore>,
    pub(super) health_details: HealthDetails,
    pub(super) guards: ApiGuardsSpec,
    /// As the spec has it.
    bind: SocketAddr,
    /// Set when it first listens, so that it takes the same port again where the spec says 0.
    bound: OnceLock<SocketAddr>,
    /// For the first incarnation.
    listener: Mutex<Option<TcpListener>>,
}

impl Settings {
    pub(super) fn new(node: &Arc<State>, spec: &HttpSpec, token: Token) -> Self {
        Self {
            node: Arc::downgrade(node),
            token,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            health_details: spec.health_details,
            guards: spec.guards.clone(),
            bind: spec.bind,
            bound: OnceLock::new(),
            listener: Mutex::default(),
        }
    }

    /// Listens for the first incarnation, and gives the address with its port.
    pub(super) async fn listen_first(&self) -> Result<SocketAddr, ListenError> {
        let listener = self.bind().await?;
        *self.listener() = Some(listener);
        Ok(self.address())
    }

    /// A listener for one incarnation.
    pub(super) async fn listen(&self) -> Result<TcpListener, ListenError> {
        let first = self.listener().take();
        match first {
            Some(listener) => Ok(listener),
            None => self.bind().await,
        }
    }

    async fn bind(&self) -> Result<TcpListener, ListenError> {
        let address = self.address();
        let failed = |error| ListenError {
            address,
            error: Arc::new(error),
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        self.bound.get_or_init(|| bound);
        Ok(listener)
    }

    /// Only ever taken or replaced whole.
    fn listener(&self) -> MutexGuard<'_, Option<TcpListener>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it listens; before it has ever listened, where it should.
    pub(super) fn address(&self) -> SocketAddr {
        self.bound.get().copied().unwrap_or(self.bind)
    }

    /// Where the watchdog answers when the executor does not, if there is one.
    pub(super) fn door(&self) -> Option<Door> {
        let node = self.node.upgrade()?;
        Some(node.watchdog()?.door().clone())
    }

    /// Whether only this machine can reach it.
    pub(super) fn is_loopback(&self) -> bool {
        self.bind.ip().to_canonical().is_loopback()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}")]
pub(super) struct ListenError {
    pub(super) address: SocketAddr,
    pub(super) error: Arc<std::io::Error>,
}
