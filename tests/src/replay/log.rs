//! The log of a scenario: what happened, in order, and waiting for it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// An ordered log that can be waited on. Whoever reads it keeps the place up to which it has read.
#[derive(Debug)]
pub struct Log<T> {
    entries: Mutex<Vec<T>>,
    changed: watch::Sender<()>,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }
}

impl<T: Clone> Log<T> {
    /// Appends an entry.
    pub fn push(&self, entry: T) {
        self.lock().push(entry);
        self.changed.send_replace(());
    }

    /// The entries from this place on.
    #[must_use]
    pub fn since(&self, place: usize) -> Vec<T> {
        self.lock().get(place..).unwrap_or_default().to_vec()
    }

    /// Waits until the entries from this place on are enough, but not longer than that.
    pub async fn wait_for(&self, place: usize, enough: impl Fn(&[T]) -> bool, patience: Duration) {
        let mut changed = self.changed.subscribe();
        let is_enough = |(): &()| enough(self.lock().get(place..).unwrap_or_default());
        // Too few within the time is for the comparison to say, which knows what is missing.
        let _ = tokio::time::timeout(patience, changed.wait_for(is_enough)).await;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_entry_that_makes_it_enough() {
        let log = Log::default();
        log.push("read before");
        let fill = async {
            for entry in ["a", "b"] {
                tokio::time::sleep(Duration::from_secs(1)).await;
                log.push(entry);
            }
        };
        let start = tokio::time::Instant::now();
        tokio::join!(log.wait_for(1, |new| new.len() >= 2, LONG), fill);
        assert_eq!(start.elapsed(), Duration::from_secs(2));
        assert_eq!(log.since(1), ["a", "b"]);
        assert!(log.since(3).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_patience_does() {
        let log = Log::<u8>::default();
        let start = tokio::time::Instant::now();
        log.wait_for(0, |new| !new.is_empty(), LONG).await;
        assert_eq!(start.elapsed(), LONG);
    }
}
