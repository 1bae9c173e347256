//! Watching a process from any async code.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Process;
use crate::exit::ExitReason;

/// A process has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Down {
    /// Which.
    pub process: Process,
    /// Why.
    pub reason: ExitReason,
}

/// A future of a process's end: at once for one that has ended.
///
/// It belongs to nobody and takes a place in a list of the watched process while it waits. To stop watching, drop it or call
/// [`demonitor`](Self::demonitor).
#[must_use = "a monitor does nothing unless it is awaited"]
pub struct Monitor {
    process: Process,
    down: Pin<Box<dyn Future<Output = Down> + Send + Sync>>,
}

impl Monitor {
    pub(super) fn new(process: Process) -> Self {
        let watched = process.clone();
        let down = Box::pin(async move {
            let reason = watched.ended().await;
            Down {
                process: watched,
                reason,
            }
        });
        Self { process, down }
    }

    /// The process that is watched.
    #[must_use]
    pub const fn process(&self) -> &Process {
        &self.process
    }

    /// Ends the watch. Tells the end if it has come already, as OTP's `demonitor` with `flush` and `info` does.
    pub fn demonitor(self) -> Option<Down> {
        let reason = self.process.exit_reason()?;
        Some(Down {
            process: self.process,
            reason,
        })
    }
}

impl Future for Monitor {
    type Output = Down;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Down> {
        self.down.as_mut().poll(cx)
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}
