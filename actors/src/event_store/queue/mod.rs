//! What waits to be stored.

use std::collections::VecDeque;

/// How much there is of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
}

/// What callers have asked to be stored, in the order in which they have, each whole.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    waiting: VecDeque<(T, Load)>,
    load: Load,
    closed: bool,
}

/// Why something does not come to wait; it is handed back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotQueued<T> {
    /// So much waits already.
    Full(T, Load),
    Closed(T),
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            load: Load::default(),
            closed: false,
        }
    }
}

impl<T> Queue<T> {
    /// Lets something wait, if there is room for all of it.
    pub(crate) fn push(&mut self, item: T, load: Load, max: Load) -> Result<(), NotQueued<T>> {
        if self.closed {
            return Err(NotQueued::Closed(item));
        }
        let events = self.load.events.saturating_add(load.events);
        let bytes = self.load.bytes.saturating_add(load.bytes);
        if events > max.events || bytes > max.bytes {
            return Err(NotQueued::Full(item, self.load));
        }
        self.load = Load { events, bytes };
        self.waiting.push_back((item, load));
        Ok(())
    }

    /// Takes those that have waited longest, up to so many events; one at least, if any waits.
    pub(crate) fn take(&mut self, events_max: u64) -> Vec<T> {
        let mut taken = Vec::new();
        let mut events = 0_u64;
        while let Some((_, load)) = self.waiting.front() {
            events = events.saturating_add(load.events);
            if events > events_max && !taken.is_empty() {
                break;
            }
            if let Some((item, load)) = self.waiting.pop_front() {
                self.load.events -= load.events;
                self.load.bytes -= load.bytes;
                taken.push(item);
            }
        }
        taken
    }

    /// What has waited longest.
    pub(crate) fn first(&self) -> Option<&T> {
        self.waiting.front().map(|(item, _)| item)
    }

    /// How much waits.
    pub(crate) const fn load(&self) -> Load {
        self.load
    }

    /// Lets nothing more wait, and gives what does.
    pub(crate) fn close(&mut self) -> Vec<T> {
        self.closed = true;
        self.take(u64::MAX)
    }

    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }
}

#[cfg(test)]
mod tests;
