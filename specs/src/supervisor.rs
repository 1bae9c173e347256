//! What a supervisor should do: strategy, restart limit, automatic shutdown; how often the root of a namespace may restart.

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

/// How often the root of a namespace may restart what stands under it before it gives up, and the namespace ends: a service, or the supervisor of
/// the children, each with all that comes after it.
///
/// Failures that come slower than this are retried without end. So whoever is to notice that something fails again and again, however slowly,
/// makes the period long.
///
/// ```
/// use mainstay_specs::{AnyKind, NodeSpec, RestartLimit};
///
/// let spec = NodeSpec::from_ron(r#"(namespaces: [(name: "app", root_limit: (period: "1h"))])"#, &AnyKind)?;
/// let hour = std::time::Duration::from_secs(3600);
/// assert_eq!(spec.namespaces[0].root_limit, RestartLimit::new(3, hour));
/// # Ok::<(), mainstay_specs::Faults>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RestartLimit {
    /// How many restarts are allowed within [`period`](Self::period). Default: 3, as many services fail together when what is outside of them does.
    pub intensity: u32,
    /// The time over which restarts are counted; not zero. Default: five seconds, as in OTP.
    #[serde(with = "crate::duration")]
    pub period: Duration,
}

impl Default for RestartLimit {
    fn default() -> Self {
        Self::new(3, Duration::from_secs(5))
    }
}

impl RestartLimit {
    /// Allows `intensity` restarts within `period`.
    #[must_use]
    pub const fn new(intensity: u32, period: Duration) -> Self {
        Self { intensity, period }
    }
}
