//! What happens to budgets, as subscribers see it.

use std::time::Duration;

use mainstay_specs::ServiceName;
use mainstay_supervisors::Pid;

/// Something has come of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetEvent {
    /// The name that has the budget.
    pub service: ServiceName,
    /// Who had it.
    pub pid: Pid,
    /// What.
    pub kind: BudgetEventKind,
    /// What the process held.
    pub bytes: u64,
    /// The budget that it is about; 0 where it is about none.
    pub limit: u64,
    /// When, from when the memory manager was made on.
    pub at: Duration,
}

/// What has come of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BudgetEventKind {
    /// The process is at its soft budget, or over it.
    SoftExceeded,
    /// The process is at its hard budget, or over it.
    HardExceeded,
    /// It is a tenth under all of its budgets again.
    Within,
    /// Messages that are sent to it through its name are refused.
    IntakeRefused,
    /// They would be, if this was no dry run.
    WouldRefuse,
    /// They cannot be, as its messages are not counted: it has neither a limit on its mailbox nor a meter, or is no actor.
    CannotRefuse,
    /// Messages are taken again.
    IntakeOpened,
    /// It is being restarted.
    Restarting,
    /// It would be, if this was no dry run.
    WouldRestart,
    /// It was restarted.
    Restarted,
    /// It could not be restarted, for this reason. It is tried again if it was stopped for it.
    RestartFailed(String),
    /// Nobody knows how much it holds, so its budget does nothing.
    NotMeasured,
}

impl BudgetEventKind {
    /// The kind in one word, as in telemetry.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::SoftExceeded => "soft_exceeded",
            Self::HardExceeded => "hard_exceeded",
            Self::Within => "within",
            Self::IntakeRefused => "intake_refused",
            Self::WouldRefuse => "would_refuse",
            Self::CannotRefuse => "cannot_refuse",
            Self::IntakeOpened => "intake_opened",
            Self::Restarting => "restarting",
            Self::WouldRestart => "would_restart",
            Self::Restarted => "restarted",
            Self::RestartFailed(_) => "restart_failed",
            Self::NotMeasured => "not_measured",
        }
    }
}
