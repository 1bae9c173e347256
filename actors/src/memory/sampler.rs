//! The sampler: a thread of its own, so that samples are taken also while the executor is stuck.
//!
//! It calls nobody: it reads files of the kernel, takes what the application's own sources have said last, and leaves the result in the cell.

use std::io;
use std::sync::{Arc, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::cell::MemoryCell;
use super::source::Sources;

/// The way to the thread, which ends with this, as soon as the pass ends that it is at.
#[derive(Debug)]
pub(crate) struct Sampler {
    wake: Sender<()>,
    thread: JoinHandle<()>,
}

impl Sampler {
    pub(crate) fn start(cell: &Arc<MemoryCell>) -> io::Result<Self> {
        let (wake, woken) = bounded(1);
        let cell = Arc::downgrade(cell);
        let thread = Builder::new().name("memory-sampler".to_owned());
        let thread = thread.spawn(move || run(&cell, &woken))?;
        Ok(Self { wake, thread })
    }

    /// One whose thread has ended.
    #[cfg(all(test, not(mainstay_loom)))]
    pub(crate) fn gone() -> Self {
        let thread = std::thread::spawn(|| {});
        while !thread.is_finished() {
            std::thread::yield_now();
        }
        Self {
            wake: bounded(1).0,
            thread,
        }
    }

    /// Whether the thread is there: it may have panicked.
    pub(crate) fn is_running(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Has it take a sample as soon as it can, one for all who ask meanwhile.
    pub(crate) fn wake(&self) {
        self.wake.try_send(()).ok();
    }
}

fn run(cell: &Weak<MemoryCell>, woken: &Receiver<()>) {
    let mut sources: Option<Sources> = None;
    let mut due = Instant::now();
    loop {
        let Some(cell) = cell.upgrade() else {
            return;
        };
        let interval = cell.take_sample(&mut sources);
        drop(cell);
        match woken.recv_deadline(next(&mut due, interval)) {
            Ok(()) => due = Instant::now(),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// When the next is due: so long after the last was, and at once if that is past, without making up for those that were missed.
fn next(due: &mut Instant, interval: Duration) -> Instant {
    *due = (*due + interval).max(Instant::now());
    *due
}
