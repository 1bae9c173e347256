//! What can go wrong with a call.

use std::time::Duration;

use crate::exit::ExitReason;

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Nobody is there to be called. The message was not delivered.
    #[error("no process is there to be called")]
    NoProcess,
    /// The process ended before it answered. What it did of the request is unknown.
    #[error("the process ended before it answered: {0}")]
    Exited(ExitReason),
    /// No answer came in time. The request may still be carried out; its answer will be dropped.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The process called itself, and would have waited for itself for ever.
    #[error("a process cannot call itself")]
    CallingSelf,
    /// The mailbox is full. The message was not delivered; come back when the process has caught up.
    #[error("the mailbox holds its limit of {0} messages")]
    Refused(usize),
    /// The process takes no messages for now, as it holds too much already. The message was not delivered; come back later.
    #[error("the process takes no messages for now")]
    Shut,
    /// The process is alive and has dropped the request unanswered.
    #[error("the process dropped the request without an answer")]
    NoReply,
    /// The process takes messages of another type.
    #[error("the process does not take messages of this type")]
    WrongType,
}
