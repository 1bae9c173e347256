//! Whether those who wait, wait for each other.

use super::report::Refusal;
use super::slot::{Kind, Who};
use super::{Core, Phase};

impl<C, B: Copy + Eq> Core<C, B> {
    /// Tells of one who is about to wait for itself, or in a ring; and refuses it, where it is to be.
    pub(super) fn mind_deadlock(&mut self, who: Who<B>) -> Result<(), Refusal> {
        let Some(borrower) = who.borrower else {
            return Ok(());
        };
        if !self.is_deadlock(borrower) {
            return Ok(());
        }
        self.counts.deadlocks += 1;
        self.deadlock = Some(who);
        self.call = true;
        match self.terms.refuse_deadlock {
            true => Err(Refusal::SelfDeadlock),
            false => Ok(()),
        }
    }

    /// Whether every place is lent to somebody who waits, once this one does. A ring is closed by one who has something: whoever
    /// has nothing is let through at a glance.
    fn is_deadlock(&self, borrower: B) -> bool {
        if self.phase != Phase::Open || self.count(Kind::Leased) < self.terms.max {
            return false;
        }
        let mut has_one = false;
        for slot in &self.slots {
            has_one |= holds(slot.who, borrower);
        }
        has_one
            && self
                .slots
                .iter()
                .all(|slot| self.is_stuck(slot.who, borrower))
    }

    /// Whether whoever has this place waits.
    fn is_stuck(&self, holder: Option<Who<B>>, borrower: B) -> bool {
        let Some(holder) = holder else {
            // Nobody has it.
            return true;
        };
        if holds(Some(holder), borrower) {
            return true;
        }
        holder.borrower.is_some_and(|holder| {
            let mut waiting = self.line.iter();
            waiting.any(|(_, wait)| holds(Some(wait.who), holder))
        })
    }
}

fn holds<B: Copy + Eq>(who: Option<Who<B>>, borrower: B) -> bool {
    who.and_then(|who| who.borrower) == Some(borrower)
}
