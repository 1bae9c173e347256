//! Processes that are made to fail, one by one or by a schedule that can be repeated.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`TestContext::kill`], `crash`, `hang` and the others |
//! | `target.rs` | finding the process that is meant |
//! | `simulate.rs` | [`TestContext::simulate_crash`] |
//! | `schedule.rs` | [`Schedule`]: what is done when and to whom, as plain data made from a seed |
//! | `text.rs` | schedules as text, and back |
//! | `dice.rs` | numbers that look random and are the same each time |
//! | `builder.rs` | [`ChaosMonkey`]: what chaos is to be made |
//! | `monkey.rs` | [`ChaosRun`]: carrying a schedule out |
//! | `record.rs` | what was done in a test |

mod builder;
mod dice;
mod monkey;
mod record;
mod schedule;
mod simulate;
mod target;
mod text;

use std::error::Error;

use mainstay_supervisors::{Fault, Process};

pub use builder::{ChaosBuilder, ChaosMonkey};
pub use monkey::{ChaosRun, Struck};
pub(super) use record::{Chaos, is_ours};
pub use schedule::{ChaosKind, Plan, Schedule, Strike};
pub use simulate::CrashError;
pub use target::TargetError;
pub use text::ScheduleError;

use super::context::TestContext;

/// What a process says that was told to crash.
const CRASH: &str = "crashed on purpose, by the test";

impl TestContext {
    /// The process of the namespace that is meant: whoever is registered under this name, else the process with this id, or with
    /// these last ids from the root down to it, joined by `/`.
    ///
    /// # Errors
    ///
    /// [`TargetError`] with what there is, if nothing or more than one thing can be meant.
    pub fn process(&self, target: &str) -> Result<Process, TargetError> {
        target::find(self.namespace(), target)
    }

    /// Kills a process: whatever it does is dropped at its next await. Returns at once; gives the process that was struck.
    ///
    /// # Errors
    ///
    /// As of [`process`](Self::process).
    pub fn kill(&self, target: &str) -> Result<Process, TargetError> {
        let process = self.process(target)?;
        process.kill();
        Ok(process)
    }

    /// Makes a process panic, be it busy or idle. Returns at once; gives the process that will be struck.
    ///
    /// # Errors
    ///
    /// As of [`process`](Self::process); [`TargetError::Struck`] if it was to fail in some way before.
    pub fn crash(&self, target: &str) -> Result<Process, TargetError> {
        self.inject(target, Fault::panic(CRASH))
    }

    /// Makes a process hang: it handles nothing and hears no request to stop, so that only a kill ends it. Its supervisor does not
    /// notice. Should it be killed in the end because its shutdown time is up, that is no leak. Returns at once.
    ///
    /// # Errors
    ///
    /// As of [`crash`](Self::crash).
    pub fn hang(&self, target: &str) -> Result<Process, TargetError> {
        let process = self.inject(target, Fault::Hang)?;
        self.chaos().hangs(&process);
        Ok(process)
    }

    /// Makes a process fail as `fault` says. Returns at once; gives the process that will be struck.
    ///
    /// # Errors
    ///
    /// As of [`crash`](Self::crash).
    pub fn inject(&self, target: &str, fault: Fault) -> Result<Process, TargetError> {
        let process = self.process(target)?;
        if process.inject(fault) {
            Ok(process)
        } else {
            Err(TargetError::Struck(process.to_string()))
        }
    }

    /// Makes the next start of a child fail with this error; most often the restart after a [`kill`](Self::kill). It counts as
    /// any failed start. A child that does not run yet is named by all its ids, from that of the namespace down, joined by `/`.
    ///
    /// A test that ends before the child was started again has failed: it has not tested what it says.
    ///
    /// # Errors
    ///
    /// As of [`process`](Self::process).
    #[track_caller]
    pub fn fail_next_start(
        &self,
        target: &str,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Result<(), TargetError> {
        let inside = format!("{}/", self.namespace().name());
        let path = match self.process(target) {
            Ok(process) => process.path(),
            Err(TargetError::Unknown { .. }) if target.starts_with(&inside) => target.to_owned(),
            Err(error) => return Err(error),
        };
        self.namespace().fail_next_start(path, error);
        Ok(())
    }
}
