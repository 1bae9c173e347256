//! What there is to choose of connections of each kind.

use serde::{Deserialize, Serialize};

/// What SQLite waits for when a transaction is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SqliteSync {
    /// Until it is on the disk: what was committed is there after the machine has lost its power.
    #[default]
    Full,
    /// Until the operating system has it: what was committed is there after the program has crashed; if the machine loses its power,
    /// the last transactions may be lost, and the database is whole.
    Normal,
}

/// What is undone in a connection to SQLite before it is lent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SqliteReset {
    /// Only an open transaction, where there is one. Everything else that a borrower does to the connection is seen by the next one: a
    /// `PRAGMA`, an attached database, a temporary table.
    #[default]
    Rollback,
    /// After each use also those: attached databases are detached, temporary tables, views and triggers are dropped, `query_only` is
    /// off, and `busy_timeout`, `synchronous`, `foreign_keys` and `setup` are as they were. Another `PRAGMA` that a borrower may change
    /// stays unless it is in `setup`. Each connection that was used is away for as long as that takes, some 20 µs and a change of threads.
    Settings,
}

/// What is undone in a connection to PostgreSQL before it is lent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PostgresReset {
    /// An open transaction, settings, the role, temporary tables, sequences, cursors, what is listened to, and advisory locks: all
    /// that `DISCARD ALL` does, but for prepared statements. Those that were prepared by the client are closed when they are dropped;
    /// one that was made by the SQL `PREPARE` stays. It asks with a `DO` whether a transaction is open; where the language `plpgsql` was
    /// dropped, and before PostgreSQL 11, it rolls back without asking, of which the server warns in its log each time.
    #[default]
    Session,
    /// The same, with all prepared statements, by `DISCARD ALL`. The client keeps some for itself, by which it looks up types that are
    /// not built in, such as enumerations: do not use it with those, as after a reset they are not found any more.
    DiscardAll,
    /// Only an open transaction. Everything else that a borrower does to the session is seen by the next one. It asks with a `DO`, as
    /// [`Session`](Self::Session) does.
    Rollback,
    /// Nothing: each borrower leaves the session as it was made. A connection whose operation was cancelled is closed.
    Nothing,
}

/// What becomes of a connection to Redis that something is left in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RedisReset {
    /// It is brought back by `RESET`, which Redis has since 6.2, and is made known to the server again.
    #[default]
    Session,
    /// It is closed, and a new one takes its place. For older servers.
    Close,
}
