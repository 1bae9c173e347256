//! Connection pools: connections that are opened once and lent to one borrower after another.
//!
//! | file | holds |
//! |---|---|
//! | `manager.rs` | [`ConnectionPool`], [`ConnectionSpec`]: what a driver has to give; [`Condition`], [`LeaseEnd`] |

mod manager;

pub use manager::{Condition, ConnectionPool, ConnectionSpec, LeaseEnd};
