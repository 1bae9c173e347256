//! What new keys share that find no room: one state, as that of a key.
//!
//! They come from all shards, so that it has a time of its own. It is no key: neither its memory nor its number is looked at.

use mainstay_specs::Inherit;

use super::shard::Terms;
use crate::limiter::method::{At, Look, Mark};

#[derive(Debug)]
pub(super) struct Crowd {
    terms: Terms,
    state: Box<[u64]>,
    /// The latest that anybody here has said it is.
    now: u64,
}

/// Why nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// Come back in so many nanoseconds.
    Limited(u64),
    /// One call may cost no more than this.
    TooCostly(u32),
}

impl Crowd {
    pub(super) fn new(terms: Terms, now: u64) -> Self {
        let mut crowd = Self {
            terms,
            state: vec![0; terms.method.words()].into(),
            now,
        };
        terms.method.begin(&mut crowd.state, At { now, phase: 0 });
        crowd
    }

    fn at(&mut self, now: u64) -> At {
        self.now = self.now.max(now);
        At {
            now: self.now,
            phase: 0,
        }
    }

    /// Takes so much; says of which version that is. The terms are its own: those of the shards change one after another.
    pub(super) fn take(&mut self, now: u64, cost: u32) -> Result<(Look, u64), Crowded> {
        let at = self.at(now);
        if cost > self.terms.dearest {
            return Err(Crowded::TooCostly(self.terms.dearest));
        }
        let taken = self.terms.method.take(&mut self.state, at, cost);
        let look = taken.map_err(Crowded::Limited)?;
        Ok((look, self.terms.version))
    }

    /// Gives back what was taken under that version, unless it is another now.
    pub(super) fn refund(&mut self, now: u64, version: u64, mark: Mark, cost: u32) {
        let at = self.at(now);
        if version == self.terms.version {
            self.terms.method.refund(&mut self.state, at, mark, cost);
        }
    }

    /// Goes by other terms, as keys do.
    pub(super) fn change(&mut self, terms: Terms, now: u64, inherit: Inherit) {
        let at = self.at(now);
        if self.terms.version != terms.version {
            let mut state: Box<[u64]> = vec![0; terms.method.words()].into();
            let was = (&self.terms.method, &*self.state);
            terms.method.inherit(&mut state, was, at, inherit);
            self.state = state;
        }
        self.terms = terms;
    }
}
