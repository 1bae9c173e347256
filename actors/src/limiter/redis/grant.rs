//! What the server has taken, and gives back if nobody wants it.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::answer::Answer;
use super::link::Link;
use super::question::Question;

/// An answer. Dropped without a word, what it took goes back: once, and only if the server can be asked then.
#[derive(Debug)]
pub(in crate::limiter) struct Grant {
    link: Arc<Link>,
    handle: Handle,
    question: Question,
    answer: Answer,
    /// How much of it goes back; none for all.
    back: Option<u32>,
}

impl Grant {
    pub(super) const fn new(
        link: Arc<Link>,
        handle: Handle,
        question: Question,
        answer: Answer,
    ) -> Self {
        Self {
            link,
            handle,
            question,
            answer,
            back: None,
        }
    }

    pub(super) const fn question(&self) -> &Question {
        &self.question
    }

    pub(super) const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// So much goes back of each key.
    pub(in crate::limiter) fn give_back(mut self, cost: u32) {
        self.back = Some(cost);
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if self.back != Some(0)
            && let Some(undo) = self.question.undo(&self.answer, self.back)
        {
            self.link.tell(&self.handle, undo);
        }
    }
}
