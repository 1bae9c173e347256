//! What the program ends with.

use std::process::ExitCode;

/// The exit codes that `mainstay --help` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Done,
    Failure,
    Usage,
    Killed,
    /// Of the node that was asked.
    #[cfg(feature = "http")]
    Unhealthy,
    /// A second signal came, of this number.
    Signal(u8),
}

impl Exit {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Killed => 3,
            #[cfg(feature = "http")]
            Self::Unhealthy => 4,
            Self::Signal(number) => 128 + number,
        }
    }

    pub(super) fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }
}
