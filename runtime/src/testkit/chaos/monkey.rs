//! Carrying a schedule out.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_supervisors::{Fault, Process};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::{CRASH, ChaosKind, Schedule, Strike, TargetError};
use crate::testkit::context::TestContext;

/// Where this is, to know what it ordered.
pub(super) const FILE: &str = file!();

/// How long a process hangs before it is killed: a supervisor does not notice.
const HANG: Duration = Duration::from_secs(1);

/// What a process says that was told to fail.
const FAIL: &str = "failed on purpose, by the chaos monkey";

/// A strike that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Struck {
    /// What was to be done.
    pub strike: Strike,
    /// The process that was struck, as text, or why nobody was: most often, because it is being restarted.
    pub who: Result<String, TargetError>,
}

impl fmt::Display for Struck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Ok(process) => write!(f, "{}: {process}", self.strike),
            Err(error) => write!(f, "{}: nobody, {error}", self.strike),
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<Struck>>>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<Struck>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A schedule that is being carried out. Dropping it changes nothing.
#[derive(Debug)]
pub struct ChaosRun {
    schedule: Arc<Schedule>,
    log: Log,
    task: JoinHandle<()>,
}

impl ChaosRun {
    /// The schedule.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// What was done so far.
    #[must_use]
    pub fn log(&self) -> Vec<Struck> {
        self.log.lock().clone()
    }

    /// Waits until all is done, or the test has ended; gives what was done.
    pub async fn finished(self) -> Vec<Struck> {
        // It does not panic; it may be aborted, by the end of the test.
        self.task.await.ok();
        std::mem::take(&mut *self.log.lock())
    }

    /// Does no more.
    pub fn stop(&self) {
        self.task.abort();
    }
}

pub(super) fn begin(schedule: Schedule, cx: &TestContext) -> ChaosRun {
    let (schedule, log) = (Arc::new(schedule), Log::default());
    let task = tokio::spawn(carry_out(Arc::clone(&schedule), cx.clone(), log.clone()));
    cx.chaos().runs(&schedule, task.abort_handle());
    ChaosRun {
        schedule,
        log,
        task,
    }
}

async fn carry_out(schedule: Arc<Schedule>, cx: TestContext, log: Log) {
    let begun = Instant::now();
    for strike in &schedule.strikes {
        match begun.checked_add(strike.at) {
            Some(at) => sleep_until(at).await,
            None => return,
        }
        let struck = strike_at(&cx, strike);
        tracing::info!(%strike, hit = struck.is_ok(), "chaos");
        log.lock().push(Struck {
            strike: strike.clone(),
            who: struck
                .as_ref()
                .map(Process::to_string)
                .map_err(Clone::clone),
        });
        if let (Ok(process), ChaosKind::Hang) = (struck, strike.kind) {
            release(process, &cx);
        }
    }
}

fn strike_at(cx: &TestContext, strike: &Strike) -> Result<Process, TargetError> {
    let target = strike.target.as_str();
    match strike.kind {
        ChaosKind::Kill => cx.kill(target),
        ChaosKind::Crash => cx.inject(target, Fault::panic(CRASH)),
        ChaosKind::Fail => cx.inject(target, Fault::error(FAIL)),
        ChaosKind::Hang => cx.hang(target),
        ChaosKind::FailNextStart => {
            let process = cx.process(target)?;
            cx.namespace().fail_next_start(process.path(), FAIL);
            process.kill();
            Ok(process)
        }
    }
}

/// Ends the hang when its time is up, which the strikes after it do not wait for.
fn release(process: Process, cx: &TestContext) {
    let task = tokio::spawn(async move {
        sleep(HANG).await;
        process.kill();
    });
    cx.chaos().releases(task.abort_handle());
}
