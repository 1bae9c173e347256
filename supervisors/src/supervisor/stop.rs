//! Stopping children as their specs say.

use std::time::Duration;

use mainstay_specs::{ChildSpec, Restart, Shutdown};
use tokio::time::{Instant, timeout};

use crate::exit::ExitReason;
use crate::process::Process;

/// How long a killed process may go on before it is spoken of: it runs code that does not await.
const OVERDUE: Duration = Duration::from_secs(10);

/// A stop that has begun: the child was asked, or killed.
pub(crate) struct Stopping {
    process: Process,
    shutdown: Shutdown,
    asked_at: Instant,
}

impl Stopping {
    pub(crate) fn begin(process: Process, spec: &ChildSpec) -> Self {
        let shutdown = spec.effective_shutdown();
        match shutdown {
            Shutdown::BrutalKill => process.kill(),
            Shutdown::Timeout(_) | Shutdown::Infinity => process.stop(ExitReason::Shutdown),
        }
        Self {
            process,
            shutdown,
            asked_at: Instant::now(),
        }
    }

    /// When it will be killed, if ever.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.shutdown {
            Shutdown::Timeout(limit) => self.asked_at.checked_add(limit),
            Shutdown::BrutalKill => Some(self.asked_at),
            Shutdown::Infinity => None,
        }
    }

    /// Waits for the end, for as long as the spec says, then kills.
    pub(crate) async fn finish(self) -> ExitReason {
        if let Shutdown::Timeout(_) = self.shutdown {
            let left = self.deadline().map_or(Duration::MAX, |deadline| {
                deadline.duration_since(Instant::now())
            });
            if let Ok(reason) = timeout(left, self.process.ended()).await {
                return reason;
            }
            self.process.kill();
        } else if self.shutdown == Shutdown::Infinity {
            return self.process.ended().await;
        }
        loop {
            if let Ok(reason) = timeout(OVERDUE, self.process.ended()).await {
                return reason;
            }
            tracing::warn!(process = %self.process, "killed, but still in code that does not await; waiting for it");
        }
    }
}

/// Whether a child that was being stopped may end with this reason without it being worth a report.
pub(crate) fn is_expected(spec: &ChildSpec, reason: &ExitReason) -> bool {
    let brutal = spec.effective_shutdown() == Shutdown::BrutalKill;
    match reason {
        ExitReason::Shutdown => !brutal,
        ExitReason::Killed => brutal,
        ExitReason::Normal | ExitReason::ShutdownWith(_) => spec.restart != Restart::Permanent,
        ExitReason::Failed(_) | ExitReason::Panicked(_) => false,
    }
}
