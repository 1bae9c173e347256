//! Who came and went.

use std::fmt;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::{Key, Value};
use crate::ledger::Hold;
use crate::process::Process;

/// A change in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryEvent<K, V> {
    /// A process was registered.
    Registered {
        /// Under this key.
        key: K,
        /// The process.
        process: Process,
        /// With this value.
        value: V,
    },
    /// A process was unregistered on request; also when there was nothing to take away.
    Unregistered {
        /// Under this key.
        key: K,
        /// The process.
        process: Process,
    },
    /// A process has ended, and its key is free.
    Expired {
        /// The key.
        key: K,
        /// The process.
        process: Process,
    },
}

/// A stream of what changes in a registry, with a bounded queue. Dropping it ends the listening.
///
/// Those of a namespace's registry are noted in the namespace's [`Ledger`](crate::Ledger) while they are there. Another backend
/// makes its own from the receiver of a channel, with [`From`] or, to have it noted as well, [`noted`](Self::noted).
pub struct Listener<K, V> {
    events: Receiver<RegistryEvent<K, V>>,
    _hold: Option<Hold>,
}

impl<K: Key, V: Value> Listener<K, V> {
    pub(super) const fn new(events: Receiver<RegistryEvent<K, V>>, hold: Option<Hold>) -> Self {
        Self {
            events,
            _hold: hold,
        }
    }

    /// A listener of another backend, which is noted in a ledger while it is there.
    pub const fn noted(events: Receiver<RegistryEvent<K, V>>, hold: Hold) -> Self {
        Self::new(events, Some(hold))
    }

    /// The next change.
    ///
    /// # Errors
    ///
    /// [`RecvError::Lagged`] with the number of changes that were lost because too many were waiting; the next call goes on
    /// with the oldest that is left. [`RecvError::Closed`] once the registry is gone and all was read.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn recv(&mut self) -> Result<RegistryEvent<K, V>, RecvError> {
        self.events.recv().await
    }

    /// The next change, if there is one already.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`]; else as of [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<RegistryEvent<K, V>, TryRecvError> {
        self.events.try_recv()
    }
}

impl<K: Key, V: Value> From<Receiver<RegistryEvent<K, V>>> for Listener<K, V> {
    fn from(events: Receiver<RegistryEvent<K, V>>) -> Self {
        Self::new(events, None)
    }
}

impl<K, V> fmt::Debug for Listener<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}
