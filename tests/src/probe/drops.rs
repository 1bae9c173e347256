//! When something was dropped.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mainstay_supervisors::Process;

use super::Notes;

/// How long a slow destructor takes: long enough for another thread to see an exit that comes too early.
const SLOW: Duration = Duration::from_millis(3);

/// Calls a function when it is dropped.
pub struct OnDrop(Option<Box<dyn FnOnce() + Send + Sync>>);

impl OnDrop {
    /// Calls this when it is dropped.
    pub fn new(run: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(run)))
    }

    /// Notes this when it is dropped.
    #[must_use]
    pub fn note(notes: &Notes, text: impl Into<String>) -> Self {
        let (notes, text) = (notes.clone(), text.into());
        Self::new(move || notes.add(text))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}

impl fmt::Debug for OnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDrop")
    }
}

/// Follows the parts of one process: whether its exit could be seen while they were being dropped.
#[derive(Clone, Debug, Default)]
pub struct Release {
    process: Arc<OnceLock<Process>>,
    notes: Notes,
}

impl Release {
    /// Follows no process yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The process whose parts they are.
    ///
    /// # Panics
    ///
    /// If it was told before.
    pub fn follow(&self, process: &Process) {
        let fresh = self.process.set(process.clone());
        fresh.expect("one process");
    }

    /// A part that is slow to drop.
    #[must_use]
    pub fn part(&self, name: &'static str) -> OnDrop {
        let release = self.clone();
        OnDrop::new(move || {
            std::thread::sleep(SLOW);
            let seen = release
                .process
                .get()
                .is_some_and(|process| !process.is_alive());
            let when = if seen { "after" } else { "before" };
            release.notes.add(format!("{name} {when} the exit"));
        })
    }

    /// What was dropped and when, sorted.
    #[must_use]
    pub fn dropped(&self) -> Vec<String> {
        let mut dropped = self.notes.all();
        dropped.sort();
        dropped
    }
}
