//! Pressure that somebody makes up.

use std::time::Duration;

use mainstay_specs::PressureLevel;

use super::error::MemoryError;

/// The longest simulation: what is forgotten ends by itself.
const TIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// Pressure that is made up, for tests and for trying out what an application does under pressure.
///
/// It shows in each reading, event and figure (`simulated`), ends by itself, and does not make light of a critical level that is real
/// unless it is told to.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::memory::{PressureLevel, PressureSimulation};
///
/// let an_hour = PressureSimulation::level(PressureLevel::High).lasting(Duration::from_secs(3600));
/// let half_full = PressureSimulation::ratio(0.5);
/// assert_ne!(an_hour, half_full);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PressureSimulation {
    pub(crate) what: Made,
    pub(crate) time: Duration,
    pub(crate) hides_critical: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Made {
    Level(PressureLevel),
    Ratio(f64),
}

impl PressureSimulation {
    const fn new(what: Made) -> Self {
        Self {
            what,
            time: Duration::from_secs(60),
            hides_critical: false,
        }
    }

    /// This level, at its threshold; for a minute unless said otherwise.
    #[must_use]
    pub const fn level(level: PressureLevel) -> Self {
        Self::new(Made::Level(level))
    }

    /// This share, 0 to 1, with the level that it has if it stays: hysteresis and dwell do not matter. For a minute unless said otherwise.
    #[must_use]
    pub const fn ratio(ratio: f64) -> Self {
        Self::new(Made::Ratio(ratio))
    }

    /// For so long, up to 24 h.
    #[must_use]
    pub const fn lasting(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Also in place of a critical level that is real: whoever asks believes that there is memory when there is none.
    #[must_use]
    pub const fn hiding_critical(mut self) -> Self {
        self.hides_critical = true;
        self
    }

    pub(crate) fn check(&self) -> Result<(), MemoryError> {
        if let Made::Ratio(found) = self.what
            && !(0.0..=1.0).contains(&found)
        {
            let message = format!("expected a share of 0 to 1 to simulate, found {found}");
            return Err(MemoryError::Invalid(message));
        }
        if self.time.is_zero() || self.time > TIME_MAX {
            let found = humantime::format_duration(self.time);
            let message =
                format!("expected a simulation of more than 0s and at most 24h, found {found}");
            return Err(MemoryError::Invalid(message));
        }
        Ok(())
    }
}
