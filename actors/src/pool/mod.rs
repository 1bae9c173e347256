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
//! | `cell.rs` | all state of a pool |
//! | `borrower.rs` | who borrows |
//! | `work.rs` | what the keeper is to do, and the rights to do it |
//! | `handle.rs`, `lease.rs`, `share.rs` | [`PoolManager`], [`Lease`], and what both hold of a pool |
//! | `checkout.rs`, `place.rs`, `validate.rs` | [`Checkout`]: asking for a connection, waiting for one, pinging it first |
//! | `error.rs`, `stats.rs` | [`PoolError`], [`ConnectError`], [`PoolSituation`], [`PoolPath`]; [`PoolStats`] |
//! | `keeper.rs`, `keeping.rs`, `upkeep/` | who carries it out; what only that one needs of the cell; whom it watches and heeds |
//! | `connect.rs`, `close.rs`, `caught.rs` | one attempt to connect, one connection to be closed, reset or pinged, each a task |
//! | `health/` | whether a pool is well, and what is done if not: [`ConnectionHealthMonitor`], [`PoolSick`] |
//! | `premises.rs`, `supervisor.rs` | what the processes of a pool share; which there are: [`ConnectionPoolSupervisor`] |
//! | `pools.rs`, `registry/`, `start.rs` | all pools of a namespace: [`ConnectionPoolRegistry`], [`RegisterPoolError`] |
//! | `kinds.rs`, `built_in.rs` | from a spec to a pool: [`PoolKinds`], and those that need not be registered |
//! | `signals.rs` | events and metrics |

mod borrower;
mod built_in;
pub(crate) mod caught;
mod cell;
mod checkout;
mod close;
mod connect;
mod core;
mod error;
mod handle;
mod health;
mod keeper;
mod keeping;
mod kinds;
mod lease;
mod manager;
pub mod managers;
mod place;
mod pools;
mod premises;
mod registry;
mod renew;
mod share;
mod signals;
mod start;
mod stats;
mod supervisor;
mod upkeep;
mod validate;
mod work;

pub use checkout::Checkout;
pub use error::{CheckoutPhase, ConnectError, LongestLease, PoolError, PoolPath, PoolSituation};
pub use handle::PoolManager;
pub use health::{ConnectionHealthMonitor, PoolSick};
pub use kinds::{IntoConnectionSpec, PoolKinds};
pub(crate) use lease::End;
pub use lease::Lease;
pub use manager::{Condition, ConnectionPool, ConnectionSpec, LeaseEnd};
pub use registry::{ConnectionPoolRegistry, RegisterPoolError};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use start::Inherit;
pub use stats::{LeaseStats, PoolState, PoolStats, PoolTotals, WaitStats};
pub use supervisor::{ConnectionPoolSupervisor, NAME};

#[cfg(all(test, not(mainstay_loom)))]
mod tests;
