//! How much memory processes may hold, and what becomes of those that hold more.
//!
//! A soft budget is told. From a hard one on the process takes no messages through its name until it holds less, nobody knows how much it
//! holds, or nobody looks after its budget any more; and it is restarted if its
//! budget says that this is safe: by its supervisor, as when somebody asks for it, so that it does not count towards the intensity of
//! restarts. Unless the spec says otherwise, all this is only told (`dry_run`).
//!
//! | file | holds |
//! |---|---|
//! | `watch.rs` | what is over which budget, and what is to be done; pure |
//! | `victim.rs` | which one is restarted, if several could be; pure |
//! | `cell.rs` | what the process that looks after them and its successors share |
//! | `keeper.rs` | that process |
//! | `restart.rs` | a restart by the supervisor, in steps that a successor can go on with |
//! | `event.rs` | [`BudgetEvent`] |
//! | `stats.rs` | [`BudgetStats`] |

mod cell;
mod event;
mod keeper;
mod restart;
mod stats;
mod victim;
mod watch;

pub(crate) use cell::Budgets;
pub use event::{BudgetEvent, BudgetEventKind};
pub(crate) use keeper::child;
pub use stats::BudgetStats;
