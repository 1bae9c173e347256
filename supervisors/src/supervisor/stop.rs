//! Stopping children as their specs say.

use std::pin::Pin;
use std::time::Duration;

use mainstay_specs::{ChildSpec, Restart, Shutdown};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::exit::ExitReason;
use crate::process::Process;

/// How long a killed process may go on before it is spoken of: it runs code that does not await.
const OVERDUE: Duration = Duration::from_secs(10);

/// The timer of a supervisor that stops one child after the other. One for all of them: a timer that is moved on to a
/// later time costs next to nothing.
///
/// It is not to outlive the stops: a clock that stands still is moved on to it while others wait for what takes no time.
#[derive(Default)]
pub(crate) struct StopTimer(Option<Pin<Box<Sleep>>>);

impl StopTimer {
    fn clear(&mut self) {
        self.0 = None;
    }

    fn at(&mut self, deadline: Instant) -> Pin<&mut Sleep> {
        let sleep = self
            .0
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut()
    }
}

/// A stop that has begun: the child was asked, or killed. Its end is told to nobody but who waits for it here.
#[must_use = "nobody else is told of the end"]
pub(crate) struct Stopping {
    process: Process,
    shutdown: Shutdown,
    asked_at: Instant,
    /// It had ended by itself when it was to be stopped.
    found_dead: bool,
}

impl Stopping {
    pub(crate) fn begin(process: Process, spec: &ChildSpec) -> Self {
        let shutdown = spec.effective_shutdown();
        let found_dead = !process.is_alive();
        match shutdown {
            Shutdown::BrutalKill => process.life().kill_expecting(ExitReason::Killed),
            Shutdown::Timeout(_) | Shutdown::Infinity => {
                process.life().stop_expecting(ExitReason::Shutdown);
            }
        }
        Self {
            process,
            shutdown,
            asked_at: Instant::now(),
            found_dead,
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
    pub(crate) async fn finish(self, timer: &mut StopTimer) -> Stopped {
        let in_time = self.in_time(timer).await;
        let overran = in_time.is_none() && self.shutdown != Shutdown::BrutalKill;
        let reason = match in_time {
            Some(reason) => reason,
            None => killed(&self.process).await,
        };
        Stopped {
            process: self.process,
            reason,
            found_dead: self.found_dead,
            overran,
        }
    }

    /// The end, unless it does not come in time.
    async fn in_time(&self, timer: &mut StopTimer) -> Option<ExitReason> {
        if self.shutdown == Shutdown::BrutalKill {
            timer.clear();
            return None;
        }
        let Some(deadline) = self.deadline() else {
            timer.clear();
            return Some(self.process.ended().await);
        };
        tokio::select! {
            biased;
            reason = self.process.ended() => Some(reason),
            () = timer.at(deadline) => None,
        }
    }
}

/// Kills, and waits for the end.
async fn killed(process: &Process) -> ExitReason {
    process.kill();
    loop {
        if let Ok(reason) = timeout(OVERDUE, process.ended()).await {
            return reason;
        }
        tracing::warn!(%process, "killed, but still in code that does not await; waiting for it");
    }
}

/// How a child that was to be stopped has ended.
pub(crate) struct Stopped {
    pub(crate) process: Process,
    pub(crate) reason: ExitReason,
    found_dead: bool,
    /// It was killed because its time was up.
    pub(crate) overran: bool,
}

impl Stopped {
    /// Whether it is not worth a report, as OTP's `supervisor` has it.
    pub(crate) fn is_expected(&self, spec: &ChildSpec) -> bool {
        let brutal = spec.effective_shutdown() == Shutdown::BrutalKill;
        let permanent = spec.restart == Restart::Permanent;
        match self.reason {
            ExitReason::Shutdown => !(brutal && permanent),
            ExitReason::Killed => brutal,
            ExitReason::Normal | ExitReason::ShutdownWith(_) => !permanent,
            ExitReason::Failed(_) | ExitReason::Panicked(_) => false,
        }
    }

    /// Whether it is not worth a report, as Elixir's `DynamicSupervisor` has it.
    pub(crate) fn is_expected_dynamic(&self, spec: &ChildSpec) -> bool {
        let permanent = spec.restart == Restart::Permanent;
        let normal = matches!(self.reason, ExitReason::Normal) && !permanent;
        if self.found_dead {
            return normal;
        }
        match spec.effective_shutdown() {
            Shutdown::BrutalKill => matches!(self.reason, ExitReason::Killed),
            Shutdown::Timeout(_) | Shutdown::Infinity => {
                normal
                    || matches!(
                        self.reason,
                        ExitReason::Shutdown | ExitReason::ShutdownWith(_)
                    )
            }
        }
    }
}
