//! What a keeper has beside its pool: whom it watches, and the breaker it heeds.
//!
//! | file | holds |
//! |---|---|
//! | `watch.rs` | [`Watch`]: the ends of those who borrow |
//! | `overdue.rs` | [`Overdue`]: attempts to connect that do not end |
//! | `starts.rs` | [`Starts`]: tasks that are to be started |
//! | `circuit.rs` | [`Circuit`]: the breaker that attempts to connect go through |
//! | `loan.rs` | [`Loan`]: a lease, to be told of |

mod circuit;
mod loan;
mod overdue;
mod starts;
mod watch;

pub(crate) use circuit::{Circuit, Follow};
pub(crate) use loan::Loan;
pub(crate) use overdue::{Overdue, fail_overdue};
pub(crate) use starts::Starts;
pub(crate) use watch::Watch;
