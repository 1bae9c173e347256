//! Measuring processes: what a meter is told, and who gives each process one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Process;
use super::panic::run_caught;
use crate::exit::ExitReason;

/// Is told what one process does. It lives as long as the process: a successor gets one of its own from [`Meters`].
///
/// It is called in the midst of what it measures, by the process and by those who send to it, and so is to be quick and to wait
/// for nobody. A panic in it is caught, and changes nothing for the process. All methods do nothing unless
/// they are written.
///
/// Who only asks now and then how many messages wait, needs no meter for it but that there is one: [`Process::waiting`].
pub trait Meter: Send + Sync + 'static {
    /// Its start is complete. `restarts` says how often the same child was started before: 0 for a first start. A start that
    /// fails is not told of, nor is its end.
    ///
    /// The process keeps its meter, so a meter is not to keep the process, but from here to the end that is told of.
    fn started(&self, process: &Process, restarts: u32) {
        let _ = (process, restarts);
    }

    /// A message was handled, or not to the end.
    fn handled(&self, message: &Handled) {
        let _ = message;
    }

    /// A message that was to be sent through its name was refused, as its mailbox holds its limit.
    fn refused(&self) {}

    /// A task, or the loop of a supervisor, was polled: it was busy for this long.
    fn polled(&self, busy: Duration) {
        let _ = busy;
    }

    /// It has ended, and nothing of it is left. `unhandled` messages, of those that came through its name, waited in its mailbox
    /// and were dropped.
    fn ended(&self, reason: &ExitReason, unhandled: usize) {
        let _ = (reason, unhandled);
    }
}

/// One message, after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handled {
    /// How long it waited in the mailbox, if it came through a name ([`ServiceRef`](crate::ServiceRef)); unknown if it came
    /// through a plain `ActorRef`.
    ///
    /// Exact as long as no more than 32 wait, but for what lies between two who send at the same time. In front of a longer
    /// queue it is wrong by the time in which a quarter as many messages were sent as wait behind, at most, and by nothing if
    /// they were sent at an even pace. Where plain messages come between those that came through the name, it may be too short,
    /// or told of the plain one instead, until the mailbox has run empty; they never make it too long.
    pub wait: Option<Duration>,
    /// From when it was taken out of the mailbox to the end of its handling, awaits included.
    pub run: Duration,
    /// What its handling came to.
    pub outcome: MessageOutcome,
}

/// What the handling of a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageOutcome {
    /// It was handled.
    Done,
    /// It returned an error, which ends the process.
    Error,
    /// It panicked, which ends the process.
    Panic,
    /// The process was killed over it.
    Cancelled,
}

/// Gives processes their meters: installed in a [`Namespace`](crate::Namespace::set_meters) or a
/// [`Runtime`](crate::Runtime::set_meters). Closures are such.
pub trait Meters: Send + Sync + 'static {
    /// The meter of this process, which is about to be started; `None` if it is not to be measured, which costs nothing.
    ///
    /// It is asked once for each start, also of those that then fail, by the supervisor, which does nothing else meanwhile.
    fn meter(&self, process: &Process) -> Option<Arc<dyn Meter>>;
}

impl<F> Meters for F
where
    F: Fn(&Process) -> Option<Arc<dyn Meter>> + Send + Sync + 'static,
{
    fn meter(&self, process: &Process) -> Option<Arc<dyn Meter>> {
        self(process)
    }
}

/// What is installed in one place.
#[derive(Default)]
pub(crate) struct Installed {
    meters: Mutex<Option<Arc<dyn Meters>>>,
    /// There are some, so that whoever is started where there are none need not take the lock.
    any: AtomicBool,
    /// Messages are counted also of those who have no meter.
    counts: AtomicBool,
}

impl Installed {
    pub(crate) fn set(&self, meters: Option<Arc<dyn Meters>>) {
        let mut installed = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        self.any.store(meters.is_some(), Ordering::Release);
        let before = std::mem::replace(&mut *installed, meters);
        drop(installed);
        // Without the lock: it may be the last to know of whatever it holds.
        drop(before);
    }

    pub(crate) fn count(&self, counts: bool) {
        self.counts.store(counts, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> bool {
        self.counts.load(Ordering::Relaxed)
    }

    pub(crate) fn get(&self) -> Option<Arc<dyn Meters>> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let installed = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        installed.clone()
    }
}

/// Asks for the meter of a process; one that is not given because of a panic is none.
pub(crate) fn ask(meters: &dyn Meters, process: &Process) -> Option<Arc<dyn Meter>> {
    let mut meter = None;
    run_caught(|| meter = meters.meter(process));
    meter
}
