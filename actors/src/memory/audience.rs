//! Who is told of events.

use std::sync::Mutex;

use mainstay_supervisors::Hold;
use tokio::sync::broadcast;

use super::cell::lock;
use super::error::MemoryError;
use super::event::MemoryEvent;
use super::stream::MemoryEvents;

/// The queue that all subscribers read; `None` once the namespace has ended.
#[derive(Debug)]
pub(crate) struct Audience(Mutex<Option<Queue>>);

#[derive(Debug)]
struct Queue {
    sender: broadcast::Sender<MemoryEvent>,
    backlog: u32,
}

impl Queue {
    fn new(backlog: u32) -> Self {
        Self {
            sender: broadcast::Sender::new(backlog as usize),
            backlog,
        }
    }
}

impl Audience {
    pub(crate) fn new(backlog: u32) -> Self {
        Self(Mutex::new(Some(Queue::new(backlog))))
    }

    /// How far subscribers may be behind, from when nobody subscribes on.
    pub(crate) fn set_backlog(&self, backlog: u32) {
        let mut queue = lock(&self.0);
        if let Some(queue) = &mut *queue
            && queue.backlog != backlog
            && queue.sender.receiver_count() == 0
        {
            *queue = Queue::new(backlog);
        }
    }

    pub(crate) fn tell(&self, event: &MemoryEvent) {
        if let Some(queue) = &*lock(&self.0)
            && queue.sender.receiver_count() > 0
        {
            // Nobody receives it when the last subscriber is just about to leave.
            queue.sender.send(event.clone()).ok();
        }
    }

    pub(crate) fn subscribe(&self, max: u32, hold: Hold) -> Result<MemoryEvents, MemoryError> {
        let queue = lock(&self.0);
        let queue = queue.as_ref().ok_or(MemoryError::Stopped)?;
        if queue.sender.receiver_count() >= max as usize {
            return Err(MemoryError::TooManySubscribers { max });
        }
        Ok(MemoryEvents::new(queue.sender.subscribe(), hold))
    }

    pub(crate) fn count(&self) -> usize {
        let queue = lock(&self.0);
        queue
            .as_ref()
            .map_or(0, |queue| queue.sender.receiver_count())
    }

    /// Lets all streams end.
    pub(crate) fn close(&self) {
        lock(&self.0).take();
    }
}
