//! The connection pools of a namespace.
//!
//! | file | holds |
//! |---|---|
//! | `config.rs` | [`PoolConfig`]: what one pool goes by |
//! | `choices.rs` | what there is to choose from: [`CoDel`], [`LeaseMax`], [`PoolHealth`], [`OnSelfDeadlock`] |
//! | `check.rs` | what can be wrong with them |

mod check;
mod choices;
mod config;

pub use choices::{CoDel, LeaseMax, OnSelfDeadlock, PoolHealth};
pub use config::PoolConfig;
