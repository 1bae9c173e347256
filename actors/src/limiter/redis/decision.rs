//! What was decided, and by whom.

use super::super::admission::Admission;
use super::super::error::{RateLimitError, Unavailable};

/// What became of a call, who has decided it, and why it was not the server, if it was not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decision {
    /// Who.
    pub by: DecidedBy,
    /// What.
    pub outcome: Result<Admission, RateLimitError>,
    /// What was wrong with the server; none if it has decided, or was not to be asked.
    pub why: Option<Unavailable>,
}

/// Who has decided on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecidedBy {
    /// The server that has the counts of all machines.
    Server,
    /// This machine, by its part of the limit, as the server has not answered.
    Local,
    /// Nobody: it was let through, as the server has not answered.
    Open,
    /// Nobody: it was refused, as the server has not answered.
    Closed,
    /// Nobody: there was nothing to count, as it had no key, cost nothing, or costs more than a call may.
    Nobody,
}

impl Decision {
    pub(super) const fn nobody(outcome: Result<Admission, RateLimitError>) -> Self {
        Self {
            by: DecidedBy::Nobody,
            outcome,
            why: None,
        }
    }
}
