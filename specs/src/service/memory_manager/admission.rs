//! What is let in while memory is scarce: by class of operation and level.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{OperationClass, PressureLevel};
use crate::finding::{Finding, Report};
use crate::path::At;

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdmissionAction {
    /// It is let in.
    Allow,
    /// It is let in after a while: the longer, the nearer pressure is to the next level.
    Delay,
    /// It is refused by chance: the more likely, the nearer pressure is to where all are refused.
    Shed,
    /// It is refused.
    Refuse,
}

/// What becomes of the operations of one class, by level: never milder at a higher one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::exhaustive_structs)]
pub struct AdmissionRow {
    /// At [`PressureLevel::Low`].
    pub low: AdmissionAction,
    /// At [`PressureLevel::Medium`].
    pub medium: AdmissionAction,
    /// At [`PressureLevel::High`].
    pub high: AdmissionAction,
    /// At [`PressureLevel::Critical`].
    pub critical: AdmissionAction,
}

const ALWAYS: AdmissionRow = AdmissionRow {
    low: AdmissionAction::Allow,
    medium: AdmissionAction::Allow,
    high: AdmissionAction::Allow,
    critical: AdmissionAction::Allow,
};

impl AdmissionSpec {
    /// What becomes of the operations of a class, by level. What frees memory and what controls the system is let in at all of them.
    #[must_use]
    pub const fn row(&self, class: OperationClass) -> AdmissionRow {
        match class {
            OperationClass::Release | OperationClass::Control => ALWAYS,
            OperationClass::Read => self.read,
            OperationClass::Write => self.write,
            OperationClass::Background => self.background,
        }
    }
}

impl AdmissionRow {
    /// What becomes of an operation at this level.
    #[must_use]
    pub const fn at(&self, level: PressureLevel) -> AdmissionAction {
        match level {
            PressureLevel::Low => self.low,
            PressureLevel::Medium => self.medium,
            PressureLevel::High => self.high,
            PressureLevel::Critical => self.critical,
        }
    }

    fn check(&self, report: &mut Report, at: &At<'_>) {
        let fields = [
            ("low", self.low),
            ("medium", self.medium),
            ("high", self.high),
            ("critical", self.critical),
        ];
        for pair in fields.windows(2) {
            if let [(lower, milder), (field, action)] = pair
                && action < milder
            {
                let message = format!(
                    "expected nothing milder than at {lower}, which is {}, found {}",
                    word(*milder),
                    word(*action)
                );
                let finding = Finding::new(at.field(field), message);
                report.add(finding.and_on(at.field(lower)));
            }
        }
    }
}

const fn word(action: AdmissionAction) -> &'static str {
    match action {
        AdmissionAction::Allow => "allow",
        AdmissionAction::Delay => "delay",
        AdmissionAction::Shed => "shed",
        AdmissionAction::Refuse => "refuse",
    }
}

/// What is let in while memory is scarce. What frees memory, and control messages, always are.
///
/// In RON: `admission: (write: (low: allow, medium: delay, high: shed, critical: refuse))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AdmissionSpec {
    /// Operations that need memory only while they last. Default: allow, but shed at critical.
    pub read: AdmissionRow,
    /// Operations that leave something in memory. Default: allow, allow, delay, refuse.
    pub write: AdmissionRow,
    /// Operations nobody waits for. Default: allow, delay, shed, refuse.
    pub background: AdmissionRow,
    /// The longest delay, 1 ms to a minute. Default: 100 ms.
    #[serde(with = "crate::duration")]
    pub delay_max: Duration,
    /// When to come back after a refusal, 1 ms to an hour; each is told a time up to a quarter more or less, so that not all come back at
    /// once. Default: 2 s, the shortest time for a level to fall.
    #[serde(with = "crate::duration")]
    pub retry_after: Duration,
    /// From how many bytes on an operation needs room for them below the critical threshold, and takes it while it lasts. Default: 64 KiB;
    /// what is smaller is not worth an account.
    pub reserve_from: u64,
}

impl Default for AdmissionSpec {
    fn default() -> Self {
        use AdmissionAction::{Allow, Delay, Refuse, Shed};
        Self {
            read: AdmissionRow {
                low: Allow,
                medium: Allow,
                high: Allow,
                critical: Shed,
            },
            write: AdmissionRow {
                low: Allow,
                medium: Allow,
                high: Delay,
                critical: Refuse,
            },
            background: AdmissionRow {
                low: Allow,
                medium: Delay,
                high: Shed,
                critical: Refuse,
            },
            delay_max: Duration::from_millis(100),
            retry_after: Duration::from_secs(2),
            reserve_from: 64 << 10,
        }
    }
}

impl AdmissionSpec {
    /// Sets what becomes of reads.
    #[must_use]
    pub const fn read(mut self, row: AdmissionRow) -> Self {
        self.read = row;
        self
    }

    /// Sets what becomes of writes.
    #[must_use]
    pub const fn write(mut self, row: AdmissionRow) -> Self {
        self.write = row;
        self
    }

    /// Sets what becomes of operations nobody waits for.
    #[must_use]
    pub const fn background(mut self, row: AdmissionRow) -> Self {
        self.background = row;
        self
    }

    /// Sets the longest delay.
    #[must_use]
    pub const fn delay_max(mut self, delay: Duration) -> Self {
        self.delay_max = delay;
        self
    }

    /// Sets when to come back after a refusal.
    #[must_use]
    pub const fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = time;
        self
    }

    /// Sets from how many bytes on an operation needs room.
    #[must_use]
    pub const fn reserve_from(mut self, bytes: u64) -> Self {
        self.reserve_from = bytes;
        self
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        let rows = [
            ("read", &self.read),
            ("write", &self.write),
            ("background", &self.background),
        ];
        for (field, row) in rows {
            row.check(report, &At::Field(at, field));
        }
        let ms = Duration::from_millis;
        let limits = [
            ("delay_max", self.delay_max, ms(60_000), "1ms to 1m"),
            ("retry_after", self.retry_after, ms(3_600_000), "1ms to 1h"),
        ];
        for (field, found, most, expected) in limits {
            if !(ms(1)..=most).contains(&found) {
                let found = humantime::format_duration(found);
                let message = format!("expected {expected}, found {found}");
                report.add(Finding::new(at.field(field), message));
            }
        }
        if self.reserve_from == 0 {
            let message = "expected at least 1, found 0";
            report.add(Finding::new(at.field("reserve_from"), message));
        }
    }
}
