//! Where the events are.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use super::super::connection_pools::wrong_url;
use crate::ServiceName;
use crate::finding::{Finding, Report};
use crate::path::At;

/// Where an event store keeps its events.
///
/// In RON: `memory`, `sqlite(path: "events.db")`, `sqlite(in_memory: true)`, `sqlite(pool: "main")`,
/// `postgres(url: "postgres://user@host/db")`, `postgres(pool: "main")`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum EventBackendSpec {
    /// In the memory of this process: gone with it.
    Memory,
    /// In SQLite. What is acknowledged is on the disk. Exactly one of the three is given.
    Sqlite {
        /// The file, made if it is not there. In a node file a relative path is taken from the folder of that file. UTF-8 only.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "lossy"
        )]
        path: Option<PathBuf>,
        /// Without a file: gone with the namespace.
        #[serde(default, skip_serializing_if = "is_false")]
        in_memory: bool,
        /// A connection pool of the namespace, by its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<ServiceName>,
    },
    /// In PostgreSQL 12 or later, which namespaces and machines may share. Exactly one of the two is given.
    Postgres {
        /// Where the server is: `postgres://[user[:password]@]host[:port][/database]`. Not shown by [`Debug`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// A connection pool of the namespace, by its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<ServiceName>,
    },
}

/// A file of SQLite, `mainstay-events.db`: what nobody has said anything about is not lost with the process.
impl Default for EventBackendSpec {
    fn default() -> Self {
        Self::sqlite("mainstay-events.db")
    }
}

impl EventBackendSpec {
    /// A file of SQLite.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::Sqlite {
            path: Some(path.into()),
            in_memory: false,
            pool: None,
        }
    }

    /// SQLite without a file.
    #[must_use]
    pub const fn sqlite_in_memory() -> Self {
        Self::Sqlite {
            path: None,
            in_memory: true,
            pool: None,
        }
    }

    /// SQLite, on a connection pool of the namespace.
    #[must_use]
    pub const fn sqlite_pool(pool: ServiceName) -> Self {
        Self::Sqlite {
            path: None,
            in_memory: false,
            pool: Some(pool),
        }
    }

    /// A server of PostgreSQL.
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::Postgres {
            url: Some(url.into()),
            pool: None,
        }
    }

    /// PostgreSQL, on a connection pool of the namespace.
    #[must_use]
    pub const fn postgres_pool(pool: ServiceName) -> Self {
        Self::Postgres {
            url: None,
            pool: Some(pool),
        }
    }

    /// The file, if the events are in one.
    pub(crate) const fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Sqlite { path, .. } => path.as_mut(),
            Self::Memory | Self::Postgres { .. } => None,
        }
    }

    pub(super) fn check(&self, report: &mut Report, at: &At<'_>) {
        let wrong = match self {
            Self::Memory => None,
            Self::Sqlite {
                path,
                in_memory,
                pool,
            } => {
                let given = [path.is_some(), *in_memory, pool.is_some()];
                let one = one_of("path, in_memory: true and pool", &given);
                one.or_else(|| path.as_deref().and_then(check_path))
            }
            Self::Postgres { url, pool } => {
                let one = one_of("url and pool", &[url.is_some(), pool.is_some()]);
                one.or_else(|| {
                    url.as_deref()
                        .and_then(|url| wrong_url(url, &["postgres", "postgresql"], &[]))
                })
            }
        };
        if let Some(message) = wrong {
            report.add(Finding::new(at.path(), message));
        }
    }
}

fn one_of(names: &str, given: &[bool]) -> Option<String> {
    let found = given.iter().filter(|given| **given).count();
    (found != 1).then(|| format!("expected exactly one of {names}, found {found}"))
}

fn check_path(path: &Path) -> Option<String> {
    if path.as_os_str() == ":memory:" {
        return Some("expected a file, found \":memory:\": say in_memory: true".to_owned());
    }
    let fine = path.to_str().is_some_and(|path| !path.is_empty());
    (!fine).then(|| "expected a path in UTF-8 that is not empty".to_owned())
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde gives it so
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Writes even a path that validation would refuse, so that writing never fails.
fn lossy<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    let path = path.as_deref().unwrap_or_else(|| Path::new(""));
    path.to_string_lossy().serialize(serializer)
}

/// Does not show a password.
impl fmt::Debug for EventBackendSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("Memory"),
            Self::Sqlite {
                path,
                in_memory,
                pool,
            } => f
                .debug_struct("Sqlite")
                .field("path", path)
                .field("in_memory", in_memory)
                .field("pool", pool)
                .finish(),
            Self::Postgres { url, pool } => f
                .debug_struct("Postgres")
                .field("url", &url.as_ref().map(|_| "…"))
                .field("pool", pool)
                .finish(),
        }
    }
}
