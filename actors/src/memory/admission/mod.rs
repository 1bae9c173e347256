//! Admission: what may still begin while memory is scarce.
//!
//! A table says by class of operation and level whether it is let in, delayed, refused by chance or refused ([`AdmissionSpec`]). Delays and
//! chances grow with pressure from where the levels at which the same becomes of a class begin to where they end, so there is no cliff. What
//! frees memory and what controls the system always passes. Operations of many bytes reserve them while they last, so that those who ask at
//! once are not all let in before the next sample. All is decided where it is asked, with no message and no lock.
//!
//! | file | holds |
//! |---|---|
//! | `class.rs` | [`OperationClass`], [`OperationPriority`] |
//! | `table.rs` | the decision; pure |
//! | `account.rs` | what is reserved |
//! | `intake.rs` | what the cell keeps: the table, the account, what has come of operations |
//! | `ask.rs` | the way in, of [`MemoryManager`](super::MemoryManager) |
//! | `reservation.rs`, `refusal.rs`, `stats.rs` | [`MemoryReservation`]; [`Admission`], [`MemoryPressure`]; [`AdmissionStats`] |
//!
//! [`AdmissionSpec`]: mainstay_specs::AdmissionSpec

mod account;
mod ask;
mod class;
mod intake;
mod refusal;
mod reservation;
mod stats;
mod table;
#[cfg(test)]
mod tests;

pub use class::{OperationClass, OperationPriority};
pub(crate) use intake::Intake;
pub use refusal::{Admission, MemoryPressure, RefusalReason};
pub use reservation::MemoryReservation;
pub use stats::{AdmissionStats, ClassAdmissions};
