//! Managers: how connections of several kinds are made, tried, brought back and closed.
//!
//! | to | look at | feature |
//! |---|---|---|
//! | keep data in a file, or in memory, without a server | [`sqlite`], [`Sqlite`](sqlite::Sqlite) | `sqlite` |
//! | talk to PostgreSQL | [`postgres`], [`Postgres`](postgres::Postgres) | `postgres` |
//! | talk to Redis | [`redis`], [`Redis`](redis::Redis) | `redis` |
//! | use what was written for the pool `bb8` | [`bb8`], [`Bb8`](bb8::Bb8) | `bb8` |
//! | write one | [`ConnectionPool`](super::ConnectionPool), and the example in [`database`] | |
//!
//! Whatever is left in a connection by one borrower is never seen by the next: each manager says what it looks at when a lease ends,
//! and what a reset undoes.

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
