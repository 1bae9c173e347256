//! Events that wait for a handler, and the thread that runs it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};
use tokio::runtime::Handle;

use super::event::Event;
use super::handler::Handler;
use super::panic;
use super::seat::Seat;

/// What waits.
#[derive(Debug)]
enum Item {
    Event(Event),
    /// Dropped when it is reached, which tells whoever has the other end.
    Mark(#[allow(dead_code)] Sender<Infallible>),
}

/// A bounded queue. It outlives its threads: one that was suspended, and then runs again, goes on where it was.
#[derive(Debug)]
pub(crate) struct Queue {
    sender: Sender<Item>,
    receiver: Receiver<Item>,
    worker: Mutex<Option<Worker>>,
}

/// A thread at the queue, or one that has ended and was not joined yet.
#[derive(Debug)]
struct Worker {
    /// Dropped to tell the thread to get through what waits, and end.
    stop: Option<Sender<Infallible>>,
    ended: Ended,
    thread: JoinHandle<()>,
}

/// Tells when a thread has let go of all it had.
#[derive(Clone, Debug)]
pub(crate) struct Ended(Receiver<Infallible>);

impl Ended {
    fn is_over(&self) -> bool {
        matches!(
            self.0.try_recv(),
            Err(crossbeam_channel::TryRecvError::Disconnected)
        )
    }

    /// Blocks until then, or until the deadline. Says whether it has ended.
    pub(crate) fn wait_until(&self, deadline: Instant) -> bool {
        matches!(
            self.0.recv_deadline(deadline),
            Err(RecvTimeoutError::Disconnected)
        )
    }
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        let (sender, receiver) = bounded(capacity);
        Self {
            sender,
            receiver,
            worker: Mutex::default(),
        }
    }

    /// Puts an event behind the others; false if there is no room. Never waits.
    pub(crate) fn push(&self, event: Event) -> bool {
        self.sender.try_send(Item::Event(event)).is_ok()
    }

    /// Blocks until there is room for a mark, or until the deadline. What is returned has ended when the mark was reached.
    pub(crate) fn mark(&self, deadline: Instant) -> Option<Ended> {
        let (sender, receiver) = bounded(0);
        let sent = self.sender.send_deadline(Item::Mark(sender), deadline);
        sent.ok().map(|()| Ended(receiver))
    }

    pub(crate) fn len(&self) -> usize {
        self.receiver.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.receiver.capacity().unwrap_or_default()
    }

    /// Lets go of everything that waits.
    pub(crate) fn clear(&self) {
        while self.receiver.try_recv().is_ok() {}
    }

    /// Sees to it that a thread runs the handler of `seat`, whose queue this is. It works within the tokio runtime of the caller.
    pub(crate) fn run(&self, seat: &Arc<Seat>, handler: &Handler) {
        let mut worker = self.worker();
        if worker
            .as_ref()
            .is_some_and(|worker| !worker.ended.is_over())
        {
            // One that is told to end rings when it has, and only then comes the next: two would change the order.
            return;
        }
        if let Some(old) = worker.take() {
            old.join();
        }
        match Worker::spawn(Arc::clone(seat), handler.name()) {
            Ok(new) => *worker = Some(new),
            Err(error) => {
                drop(worker);
                handler.fail(&format!("no thread to run it: {error}"));
            }
        }
    }

    /// Tells the thread to get through what waits, and end. Gives the end to wait for, if there is a thread.
    pub(crate) fn stop(&self) -> Option<Ended> {
        let mut worker = self.worker();
        let worker = worker.as_mut()?;
        worker.stop = None;
        Some(worker.ended.clone())
    }

    fn worker(&self) -> MutexGuard<'_, Option<Worker>> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    fn spawn(seat: Arc<Seat>, name: &str) -> std::io::Result<Self> {
        let (stop, stopped) = bounded(0);
        let (alive, ended) = bounded(0);
        let runtime = Handle::try_current().ok();
        let thread = thread::Builder::new().name(format!("telemetry {name}"));
        let thread = thread.spawn(move || {
            let bell = seat.bell();
            let context = runtime.as_ref().map(Handle::enter);
            work(&seat, &stopped);
            // Before it is told: whoever waited for the end finds nothing of it in the ledger.
            drop(seat);
            drop(context);
            drop(alive);
            bell.notify_one();
        })?;
        Ok(Self {
            stop: Some(stop),
            ended: Ended(ended),
            thread,
        })
    }

    /// For a thread that has ended: it does not block for more than a moment.
    fn join(self) {
        if let Err(payload) = self.thread.join() {
            panic::discard(payload);
        }
    }
}

/// Handles what comes, until the handler panics, the seat is given up, or it is told to stop and nothing is left.
fn work(seat: &Seat, stopped: &Receiver<Infallible>) {
    let Some((handler, queue)) = seat.queued() else {
        return;
    };
    let mut draining = false;
    while seat.is_open() && handler.is_working() {
        let item = if draining {
            queue.receiver.try_recv().ok()
        } else {
            select! {
                recv(queue.receiver) -> item => item.ok(),
                recv(stopped) -> _ => {
                    draining = true;
                    continue;
                }
            }
        };
        match item {
            // Between the wait and the call it may have been given up.
            Some(Item::Event(event)) if seat.is_open() => handler.call(&event),
            Some(Item::Event(_) | Item::Mark(_)) => {}
            None => return,
        }
    }
}
