//! Those who are told of what is stored.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Audience`]: all subscribers of one store |
//! | `ring.rs` | what they have not read yet; pure |
//! | `tests.rs` | the same, held against a list of everything |

mod ring;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::event::Event;
use super::queue::Load;
use crate::config::Lagged;
use ring::{Place, Ring};

/// What subscribers are told.
#[derive(Clone, Debug)]
enum Told {
    Event(Event),
    /// Of so many events nobody knows whether they are stored.
    Gap(u64),
}

/// All subscribers of one store.
#[derive(Debug)]
pub(crate) struct Audience {
    ring: Arc<Mutex<Ring<Told>>>,
    /// `None` once there will be no more.
    news: Mutex<Option<watch::Sender<()>>>,
}

/// One who is told. Dropping it leaves the audience.
#[derive(Debug)]
pub(crate) struct Seat {
    ring: Arc<Mutex<Ring<Told>>>,
    place: Place,
    news: watch::Receiver<()>,
}

/// A poisoned lock is taken all the same: the books are right after each entry.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Audience {
    fn default() -> Self {
        Self {
            ring: Arc::default(),
            news: Mutex::new(Some(watch::Sender::new(()))),
        }
    }
}

impl Audience {
    /// One more; `Err` if there are so many already, `None` once there will be nothing to be told.
    pub(crate) fn join(&self, max: u32) -> Option<Result<Seat, ()>> {
        let news = lock(&self.news);
        let news = news.as_ref()?.subscribe();
        let Some(place) = lock(&self.ring).join(max as usize) else {
            return Some(Err(()));
        };
        Some(Ok(Seat {
            ring: Arc::clone(&self.ring),
            place,
            news,
        }))
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.ring).readers()
    }

    /// Tells events, each with its bytes, in order; whoever is more than `max` behind loses the oldest.
    pub(crate) fn tell(&self, events: impl IntoIterator<Item = (Event, u64)>, max: Load) {
        let told = |(event, bytes)| (Told::Event(event), Load { events: 1, bytes });
        self.push(events.into_iter().map(told), max);
    }

    /// Tells that so many events may be stored, or not.
    pub(crate) fn gap(&self, events: u64, max: Load) {
        let gap = (Told::Gap(events), Load { events, bytes: 0 });
        self.push([gap], max);
    }

    fn push(&self, told: impl IntoIterator<Item = (Told, Load)>, max: Load) {
        if self.len() == 0 {
            return;
        }
        // Sizes are counted here, before anybody has to wait for the lock.
        let told: Vec<(Told, Load)> = told.into_iter().collect();
        let mut ring = lock(&self.ring);
        for (item, load) in told {
            ring.push(item, load, max);
        }
        drop(ring);
        if let Some(news) = &*lock(&self.news) {
            news.send_replace(());
        }
    }

    /// There will be no more.
    pub(crate) fn close(&self) {
        lock(&self.news).take();
    }
}

impl Seat {
    /// The next, if it is there already.
    pub(crate) fn try_next(&mut self) -> Option<Result<Event, Lagged>> {
        let next = lock(&self.ring).read(&mut self.place)?;
        Some(match next {
            Ok(Told::Event(event)) => Ok(event),
            Ok(Told::Gap(events)) | Err(events) => Err(Lagged(events)),
        })
    }

    /// The next, when it comes; `None` once there will be no more and all was read. It may be dropped at will.
    pub(crate) async fn next(&mut self) -> Option<Result<Event, Lagged>> {
        loop {
            if let Some(next) = self.try_next() {
                return Some(next);
            }
            // What comes between the look and this is noted, so that it is not missed.
            if self.news.changed().await.is_err() {
                return self.try_next();
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.ring).leave(self.place);
    }
}
