//! Connection pools: connections that are opened once and lent to one borrower after another.
//!
//! | file | holds |
//! |---|---|
//! | `manager.rs` | [`ConnectionPool`], [`ConnectionSpec`]: what a driver has to give; [`Condition`], [`LeaseEnd`] |
//! | `managers/` | [`managers`]: SQLite, PostgreSQL, Redis, and what was written for `bb8` |

mod manager;
pub mod managers;

pub use manager::{Condition, ConnectionPool, ConnectionSpec, LeaseEnd};
