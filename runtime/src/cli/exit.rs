//! What the program ends with.

use std::process::ExitCode;

/// The exit codes that `mainstay --help` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Done,
    Failure,
    Usage,
    Killed,
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
            Self::Signal(number) => 128 + number,
        }
    }

    pub(super) fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }
}
