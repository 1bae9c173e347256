//! Figures for operators.

use serde::Serialize;

/// A registry at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RegistryStats {
    /// Entries, counting a key that is shared by three processes three times.
    pub entries: usize,
    /// Keys.
    pub keys: usize,
    /// Processes that hold at least one key.
    pub processes: usize,
    /// Registrations since the registry was made.
    pub registered_total: u64,
    /// Registrations that ended because their process did.
    pub expired_total: u64,
    /// Listeners.
    pub listeners: usize,
}
