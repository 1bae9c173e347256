//! One who listens: a handler or a subscriber.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mainstay_specs::PathPattern;
use mainstay_supervisors::Hold;
use tokio::sync::{Notify, broadcast};

use super::event::Event;
use super::handler::Handler;
use super::queue::Queue;

/// One who listens, to what, and how it is told.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) pattern: PathPattern,
    way: Way,
    /// False once it is given up: nobody is called who is not at work by then.
    open: AtomicBool,
    _hold: Hold,
}

#[derive(Debug)]
pub(crate) enum Way {
    /// Called by whoever emits.
    Inline(Handler),
    /// Called on a thread of its own.
    Queued(Handler, Queue),
    /// A queue for this subscriber alone, so that what it has missed is exactly what it was to be told.
    Stream(broadcast::Sender<Event>),
}

impl Seat {
    pub(crate) const fn new(pattern: PathPattern, way: Way, hold: Hold) -> Self {
        Self {
            pattern,
            way,
            open: AtomicBool::new(true),
            _hold: hold,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// The handler, if it is not a subscriber.
    pub(crate) const fn handler(&self) -> Option<&Handler> {
        match &self.way {
            Way::Inline(handler) | Way::Queued(handler, _) => Some(handler),
            Way::Stream(_) => None,
        }
    }

    /// The handler and its queue, if it has one.
    pub(crate) const fn queued(&self) -> Option<(&Handler, &Queue)> {
        match &self.way {
            Way::Queued(handler, queue) => Some((handler, queue)),
            Way::Inline(_) | Way::Stream(_) => None,
        }
    }

    /// The bell of its handler; one nobody hears for a subscriber.
    pub(crate) fn bell(&self) -> Arc<Notify> {
        self.handler()
            .map_or_else(Arc::default, |handler| Arc::clone(handler.bell()))
    }

    /// Tells it of an event. Never panics and, but for what an inline handler does, never waits.
    pub(crate) fn tell(&self, event: &Event) {
        if !self.is_open() {
            return;
        }
        match &self.way {
            // Nobody receives it when the subscriber is just about to leave.
            Way::Stream(queue) => drop(queue.send(event.clone())),
            Way::Inline(handler) | Way::Queued(handler, _) if !handler.is_working() => {
                handler.counts().skipped();
            }
            Way::Inline(handler) => handler.call(event),
            Way::Queued(handler, _) if handler.is_at_work_here() => handler.counts().own(),
            Way::Queued(handler, queue) => {
                if !queue.push(event.clone()) {
                    handler.counts().dropped();
                }
            }
        }
    }

    /// Nobody is called from here on who is not at work already. What waits is let go of; a thread that is there ends.
    pub(crate) fn close(&self) {
        self.open.store(false, Ordering::Release);
        if let Some((_, queue)) = self.queued() {
            queue.stop();
            queue.clear();
        }
    }
}
