//! What can go wrong with SQLite.

use std::time::Duration;

/// Why SQLite, or a connection to it, does not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// The options cannot be meant.
    #[error("{field}: expected {expected}, found {found}")]
    Options {
        /// Which of them.
        field: &'static str,
        /// What would do.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The database cannot be opened.
    #[error("the database {location} cannot be opened")]
    Open {
        /// Where it should be.
        location: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// It was opened, but does not take a setting.
    #[error("the database {location} does not take `{setting}`")]
    Setting {
        /// Where it is.
        location: String,
        /// What was said to it.
        setting: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// Another connection keeps the database locked, so that its journal cannot be changed.
    #[error("the database {location} is locked, after {waited:?}")]
    Locked {
        /// Where it is.
        location: String,
        /// How long it was tried.
        waited: Duration,
    },
    /// It was opened, but keeps another journal than was asked for, as on a file system without shared memory.
    #[error(
        "the database {location} should have a journal of the kind `wal`, and has one of the kind `{found}`"
    )]
    Journal {
        /// Where it is.
        location: String,
        /// What it has.
        found: String,
    },
    /// A statement failed.
    #[error(transparent)]
    Statement(#[from] rusqlite::Error),
    /// The connection is gone: a call on it panicked, or the runtime it was used in has ended.
    #[error("the connection is closed")]
    Gone,
}

impl SqliteError {
    /// Whether a statement was interrupted, as happens to one whose call was dropped.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.code() == Some(rusqlite::ErrorCode::OperationInterrupted)
    }

    /// Whether the database was locked by another connection for longer than [`busy_timeout`](super::SqliteOptions::busy_timeout).
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let code = self.code();
        matches!(self, Self::Locked { .. })
            || matches!(
                code,
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
            )
    }

    fn code(&self) -> Option<rusqlite::ErrorCode> {
        match self {
            Self::Statement(error)
            | Self::Open { source: error, .. }
            | Self::Setting { source: error, .. } => error.sqlite_error_code(),
            Self::Options { .. } | Self::Locked { .. } | Self::Journal { .. } | Self::Gone => None,
        }
    }
}
