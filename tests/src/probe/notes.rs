//! What happened, in order.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::within;

/// What happened, in order. Cheap to clone; all clones are the same notes.
#[derive(Clone, Debug)]
pub struct Notes {
    lines: Arc<Mutex<Vec<String>>>,
    count: watch::Sender<usize>,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            lines: Arc::default(),
            count: watch::Sender::new(0),
        }
    }
}

impl Notes {
    /// Nothing has happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line.
    pub fn add(&self, text: impl Into<String>) {
        let count = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(text.into());
            lines.len()
        };
        self.count.send_modify(|most| *most = count.max(*most));
    }

    /// All lines.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }

    /// All lines, which are forgotten.
    pub fn take(&self) -> Vec<String> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut lines)
    }

    /// How often this line is there.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.all().iter().filter(|line| *line == text).count()
    }

    /// Waits until this line is there.
    ///
    /// # Panics
    ///
    /// If it never comes.
    pub async fn until(&self, text: &str) {
        self.until_count(text, 1).await;
    }

    /// Waits until this line is there that often.
    ///
    /// # Panics
    ///
    /// If it never is.
    pub async fn until_count(&self, text: &str, count: usize) {
        self.until_all(|lines| lines.iter().filter(|line| *line == text).count() >= count)
            .await;
    }

    /// Waits until there are this many lines.
    ///
    /// # Panics
    ///
    /// If there never are.
    pub async fn until_lines(&self, count: usize) {
        self.until_all(|lines| lines.len() >= count).await;
    }

    async fn until_all(&self, enough: impl Fn(&[String]) -> bool) {
        let mut changes = self.count.subscribe();
        while !enough(&self.all()) {
            // The sender is ours, so a change comes or the time is up.
            within(changes.changed()).await.ok();
        }
    }
}
