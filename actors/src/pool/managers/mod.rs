//! Managers: how connections of several kinds are made, tried, brought back and closed.
//!
//! | to | look at | feature |
//! |---|---|---|
//! | keep data in a file, or in memory, without a server | `sqlite::Sqlite` | `sqlite` |
//! | talk to PostgreSQL | `postgres::Postgres` | `postgres` |
//! | talk to Redis | `redis::Redis` | `redis` |
//! | use what was written for the pool `bb8` | `bb8::Bb8` | `bb8` |
//! | write one | [`ConnectionPool`](super::ConnectionPool), and the example in `database` | `sqlite` |
//!
//! What is left in a connection by one borrower is not to be seen by the next. How much of that holds each manager says: what it looks
//! at when a lease ends, and what a reset undoes. An open transaction, and a query that nobody waits for, never go on to the next
//! borrower of SQLite, PostgreSQL (unless it is told to reset nothing) or Redis; settings and temporary tables stay in a connection to
//! SQLite, and what was written for `bb8` is not reset at all.

#[cfg(feature = "bb8")]
pub mod bb8;
#[cfg(feature = "sqlite")]
pub mod database;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlite")]
pub mod sqlite;
