//! Who came and went.

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
