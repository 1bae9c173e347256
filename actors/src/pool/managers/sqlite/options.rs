//! Where a database is, and how it is used.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use mainstay_specs::{SqliteReset, SqliteSync};

use super::error::SqliteError;

/// The longest that a connection may wait for the lock of another.
const BUSY_MAX: Duration = Duration::from_secs(600);

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqliteLocation {
    /// In a file.
    File(PathBuf),
    /// In the memory of this process, under a name of 1 to 64 of `A-Z a-z 0-9 . _ -`. All connections with the same name, of all
    /// managers in the process, are to the same database.
    Memory(String),
}

impl fmt::Display for SqliteLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Memory(name) => write!(f, "{name} in memory"),
        }
    }
}

/// What may be done with a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqliteAccess {
    /// Everything; it is made if it is not there.
    #[default]
    Create,
    /// Everything; it has to be there.
    Existing,
    /// It is only read; it has to be there.
    ReadOnly,
}

/// A database, and how it is used. The same for all connections of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// Where it is.
    pub location: SqliteLocation,
    /// What may be done with it. Default: everything. Of no meaning in memory.
    pub access: SqliteAccess,
    /// How long a statement waits for the locks of other connections, at most 10 minutes. An interrupt does not shorten it. Default:
    /// 5 s.
    pub busy_timeout: Duration,
    /// Whether changes go to a write-ahead log: readers and the one writer do not wait for each other. It stays so for the file.
    /// Default: yes. Of no meaning in memory, and for a file that is only read.
    pub wal: bool,
    /// What a commit waits for. Default: [`SqliteSync::Full`].
    pub synchronous: SqliteSync,
    /// Whether foreign keys are checked, which SQLite by itself does not do. Default: yes.
    pub foreign_keys: bool,
    /// SQL that each connection runs when it is opened. Default: none.
    pub setup: String,
    /// What is undone in a connection that was used, before it is lent again. Default: [`SqliteReset::Rollback`].
    pub reset: SqliteReset,
}

impl SqliteOptions {
    /// A database at such a place.
    #[must_use]
    pub const fn new(location: SqliteLocation) -> Self {
        Self {
            location,
            access: SqliteAccess::Create,
            busy_timeout: Duration::from_secs(5),
            wal: true,
            synchronous: SqliteSync::Full,
            foreign_keys: true,
            setup: String::new(),
            reset: SqliteReset::Rollback,
        }
    }

    /// A database in a file.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(SqliteLocation::File(path.into()))
    }

    /// A new database in memory, with a name that was drawn at random.
    #[must_use]
    pub fn memory() -> Self {
        Self::memory_named(format!("{:032x}", fastrand::u128(..)))
    }

    /// The database in memory that has this name.
    #[must_use]
    pub fn memory_named(name: impl Into<String>) -> Self {
        Self::new(SqliteLocation::Memory(name.into()))
    }

    /// A database as an address says it: `sqlite:path`, `sqlite:///path` or `sqlite::memory:`, with a new database in memory. There
    /// are no options after a `?`, which would be taken for a part of the path: they are fields of this.
    ///
    /// # Errors
    ///
    /// [`SqliteError::Options`]: it is none of these.
    pub fn from_url(url: &str) -> Result<Self, SqliteError> {
        let options = match url.strip_prefix("sqlite:") {
            Some(":memory:") => Self::memory(),
            Some(path) if path.contains('?') => {
                let expected = "`sqlite:path` without options after a `?`";
                return Err(refused("url", expected, url));
            }
            Some(path) => Self::file(path.strip_prefix("//").unwrap_or(path)),
            None => return Err(refused("url", "`sqlite:path` or `sqlite::memory:`", url)),
        };
        options.check()?;
        Ok(options)
    }

    /// Sets what may be done with it.
    #[must_use]
    pub const fn access(mut self, access: SqliteAccess) -> Self {
        self.access = access;
        self
    }

    /// Sets how long a statement waits for the locks of other connections.
    #[must_use]
    pub const fn busy_timeout(mut self, time: Duration) -> Self {
        self.busy_timeout = time;
        self
    }

    /// Sets whether changes go to a write-ahead log.
    #[must_use]
    pub const fn wal(mut self, wal: bool) -> Self {
        self.wal = wal;
        self
    }

    /// Sets what a commit waits for.
    #[must_use]
    pub const fn synchronous(mut self, synchronous: SqliteSync) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// Sets whether foreign keys are checked.
    #[must_use]
    pub const fn foreign_keys(mut self, checked: bool) -> Self {
        self.foreign_keys = checked;
        self
    }

    /// Sets the SQL that each connection runs when it is opened.
    #[must_use]
    pub fn setup(mut self, sql: impl Into<String>) -> Self {
        self.setup = sql.into();
        self
    }

    /// Sets what is undone in a connection that was used, before it is lent again.
    #[must_use]
    pub const fn reset(mut self, reset: SqliteReset) -> Self {
        self.reset = reset;
        self
    }

    /// Finds out whether it can be meant. No file is looked for.
    ///
    /// # Errors
    ///
    /// [`SqliteError::Options`]: what cannot be meant, and what would do.
    pub fn check(&self) -> Result<(), SqliteError> {
        match &self.location {
            SqliteLocation::File(path) if path.as_os_str().is_empty() => {
                return Err(refused("location", "a path", "an empty one"));
            }
            SqliteLocation::Memory(name) if !is_name(name) => {
                return Err(refused(
                    "location",
                    "a name of 1 to 64 of `A-Z a-z 0-9 . _ -`",
                    name,
                ));
            }
            SqliteLocation::File(_) | SqliteLocation::Memory(_) => {}
        }
        if self.busy_timeout > BUSY_MAX {
            let found = format!("{:?}", self.busy_timeout);
            return Err(refused("busy_timeout", "at most 10 minutes", &found));
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(is_good)
}

fn refused(field: &'static str, expected: &'static str, found: &str) -> SqliteError {
    SqliteError::Options {
        field,
        expected,
        found: format!("`{found}`"),
    }
}
