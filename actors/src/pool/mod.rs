//! Connection pools: connections that are opened once and lent to one borrower after another.
//!
//! ```text
//!  borrower ── checkout ──► cell: core behind a lock ──► idle connection, or a place in the line
//!           ◄── lease ─────┘   ▲      │ to be connected, closed, mended; what is due, and when
//!  keeper ── carries it out ───┘◄─────┘
//! ```
//!
//! The cell belongs to the namespace and outlives the keeper, which may crash at any moment: connections stay where they are, and who
//! waits goes on waiting.
//!
//! | file | holds |
//! |---|---|
//! | `manager.rs` | [`ConnectionPool`], [`ConnectionSpec`]: what a driver has to give; [`Condition`], [`LeaseEnd`] |
//! | `managers/` | [`managers`]: SQLite, PostgreSQL, Redis, and what was written for `bb8` |
//! | `core/` | every decision, without a clock: who gets a connection, who waits, what is to be done |
//! | `cell.rs`, `clock.rs` | all state of a pool, and what time it is |
//! | `borrower.rs` | who borrows |
//! | `work.rs` | what the keeper is to do, and the rights to do it |
//! | `handle.rs`, `checkout.rs`, `lease.rs` | [`PoolManager`], asking for a connection, [`Lease`] |
//! | `error.rs`, `stats.rs` | [`PoolError`], [`ConnectError`], [`PoolSituation`]; [`PoolStats`] |

mod borrower;
mod cell;
mod checkout;
mod clock;
mod core;
mod error;
mod handle;
mod lease;
mod manager;
pub mod managers;
mod stats;
mod work;

pub use error::{CheckoutPhase, ConnectError, LongestLease, PoolError, PoolSituation};
pub use handle::PoolManager;
pub use lease::Lease;
pub use manager::{Condition, ConnectionPool, ConnectionSpec, LeaseEnd};
pub use stats::{LeaseStats, PoolState, PoolStats, PoolTotals};

#[cfg(all(test, not(mainstay_loom)))]
mod tests;
