//! What operations do to memory, and how much they matter.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an operation does to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OperationClass {
    /// It frees memory, such as a deletion or a cleanup. Always let in.
    Release,
    /// It keeps the system under control, such as a health check, an alert, an audit event or a change of configuration. Always let in.
    Control,
    /// It needs memory only while it lasts.
    Read,
    /// It leaves something in memory.
    Write,
    /// Nobody waits for it.
    Background,
}

impl OperationClass {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Release,
        Self::Control,
        Self::Read,
        Self::Write,
        Self::Background,
    ];

    /// As it is called in telemetry and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Control => "control",
            Self::Read => "read",
            Self::Write => "write",
            Self::Background => "background",
        }
    }

    /// Whether it is let in whatever the level is.
    #[must_use]
    pub const fn always_passes(self) -> bool {
        matches!(self, Self::Release | Self::Control)
    }
}

impl fmt::Display for OperationClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much an operation matters among others of its class: it is shed and delayed the less, the more it does. What its class is refused
/// at a level, it is refused whatever its priority.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OperationPriority {
    /// It can as well be done later.
    Low,
    /// As most.
    #[default]
    Normal,
    /// Others hang on it.
    High,
}

impl OperationPriority {
    /// All of them, the lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];
}
