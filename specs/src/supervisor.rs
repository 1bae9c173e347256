//! What a supervisor should do: strategy, restart limit, automatic shutdown.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Which children a failed child takes along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Only the failed child is restarted. The default.
    #[default]
    OneForOne,
    /// All children are stopped, last started first, and started again in order.
    OneForAll,
    /// The failed child and those started after it.
    RestForOne,
}

/// Whether the end of significant children ends the supervisor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoShutdown {
    /// No; a significant child is then a fault. The default.
    #[default]
    Never,
    /// When the first significant child ends by itself and is not restarted.
    AnySignificant,
    /// When the last one does.
    AllSignificant,
}

/// How a supervisor behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SupervisorFlags {
    /// Which children a failed child takes along. Default: only itself.
    pub strategy: Strategy,
    /// How many restarts are allowed within [`period`](Self::period); the next one ends the supervisor. Default: 1, as in OTP.
    pub intensity: u32,
    /// The time over which restarts are counted; not zero. Default: five seconds, as in OTP.
    #[serde(with = "crate::duration")]
    pub period: Duration,
    /// Whether the end of significant children ends the supervisor. Default: never.
    pub auto_shutdown: AutoShutdown,
}

impl Default for SupervisorFlags {
    fn default() -> Self {
        Self {
            strategy: Strategy::OneForOne,
            intensity: 1,
            period: Duration::from_secs(5),
            auto_shutdown: AutoShutdown::Never,
        }
    }
}

impl SupervisorFlags {
    /// OTP's defaults with this strategy.
    #[must_use]
    pub fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            ..Self::default()
        }
    }

    /// Allows `intensity` restarts within `period`.
    #[must_use]
    pub const fn intensity(mut self, intensity: u32, period: Duration) -> Self {
        self.intensity = intensity;
        self.period = period;
        self
    }

    /// Sets the automatic shutdown.
    #[must_use]
    pub const fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.auto_shutdown = auto_shutdown;
        self
    }
}
