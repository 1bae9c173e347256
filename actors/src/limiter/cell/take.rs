//! Takes from keys.

use mainstay_specs::OnFull;

use super::Cell;
use crate::limiter::digest::Digest;
use crate::limiter::method::At;
use crate::limiter::table::{Crowded, Shard};
use crate::limiter::taken::{Fast, Refused, Source, Taken};

impl Cell {
    /// Takes so much of a key, if it may: at once, or after those that wait for it.
    #[inline]
    pub(crate) fn take(&self, now: u64, digest: Digest, cost: u32) -> Result<Taken, Refused> {
        if self.line.is_empty() {
            self.take_counted(now, digest, cost, true)
        } else {
            self.take_in_line(digest, cost)
        }
    }

    /// As [`take`](Self::take), for the most usual case: a token bucket whose time is one word, a key that is known, and nobody
    /// who waits. What is different elsewhere is left to the long way, so that nothing goes through memory here.
    #[inline(always)]
    pub(in crate::limiter) fn take_fast(&self, now: u64, digest: Digest, cost: u32) -> Fast {
        if !self.table.may_be_fast() || !self.line.is_empty() {
            return Fast::No;
        }
        let mut shard = self.table.lock(self.table.shard_of(digest));
        let at = shard.at(now, digest.tag);
        let (terms, limit) = (&shard.terms, shard.terms.limit);
        if cost > terms.dearest || terms.shadow {
            return Fast::No;
        }
        match shard.take_narrow(digest.tag, at, cost) {
            Some(Ok(look)) => {
                shard.counts.admitted += 1;
                let source = Source::key(shard.epoch());
                Fast::Taken(Taken {
                    look,
                    limit,
                    source,
                })
            }
            Some(Err(wait)) => {
                shard.counts.refused += 1;
                Fast::Refused(Refused::Limited { wait, limit })
            }
            None => Fast::No,
        }
    }

    /// Takes so much of a key, if it may, whoever waits.
    #[inline]
    pub(in crate::limiter) fn take_now(&self, digest: Digest, cost: u32) -> Result<Taken, Refused> {
        self.take_counted(self.clock.now(), digest, cost, true)
    }

    /// As [`take_now`](Self::take_now), of one who will come back: if it may not, it has not been refused yet.
    pub(in crate::limiter) fn try_take(&self, digest: Digest, cost: u32) -> Result<Taken, Refused> {
        self.take_counted(self.clock.now(), digest, cost, false)
    }

    #[inline(always)]
    fn take_counted(
        &self,
        now: u64,
        digest: Digest,
        cost: u32,
        counts: bool,
    ) -> Result<Taken, Refused> {
        let mut shard = self.table.lock(self.table.shard_of(digest));
        let at = shard.at(now, digest.tag);
        if cost > shard.terms.dearest {
            return too_costly(&mut shard);
        }
        match self.table.seat(&mut shard, at) {
            Some(slot) => settle(&mut shard, slot, at, cost, counts),
            None => {
                drop(shard);
                self.take_crowded(digest, cost, counts)
            }
        }
    }

    /// For a new key that found no room in its shard.
    #[cold]
    #[inline(never)]
    fn take_crowded(&self, digest: Digest, cost: u32, counts: bool) -> Result<Taken, Refused> {
        let number = self.table.shard_of(digest);
        self.table.make_room(self.clock.now(), number);
        let now = self.clock.now();
        let mut shard = self.table.lock(number);
        let at = shard.at(now, digest.tag);
        // The terms may be others by now.
        if cost > shard.terms.dearest {
            return too_costly(&mut shard);
        }
        match self.table.seat(&mut shard, at) {
            Some(slot) => settle(&mut shard, slot, at, cost, counts),
            None => self.without_seat(&mut shard, at, cost, counts),
        }
    }

    /// What becomes of a new key for which there is no room.
    pub(in crate::limiter) fn without_seat(
        &self,
        shard: &mut Shard,
        at: At,
        cost: u32,
        counts: bool,
    ) -> Result<Taken, Refused> {
        let limit = shard.terms.limit;
        let nothing = Taken {
            limit,
            ..Taken::NOTHING
        };
        let result = match shard.terms.on_full {
            OnFull::Admit => Ok(nothing),
            OnFull::Refuse => Err(Refused::Full),
            _ => self.take_of_crowd(shard, at, cost),
        };
        let result = match result {
            Err(_) if shard.terms.shadow => {
                shard.counts.shadowed += 1;
                Ok(nothing)
            }
            result => result,
        };
        shard.counts.crowded += u64::from(counts || result.is_ok());
        shard.counts.admitted += u64::from(result.is_ok());
        shard.counts.refused += u64::from(counts && result.is_err());
        result
    }

    fn take_of_crowd(&self, shard: &Shard, at: At, cost: u32) -> Result<Taken, Refused> {
        let limit = shard.terms.limit;
        match self.table.take_of_crowd(&shard.terms, at.now, cost) {
            Ok((look, version)) => Ok(Taken {
                look,
                limit,
                source: Source::crowd(version),
            }),
            Err(Crowded::Limited(wait)) => Err(Refused::Limited { wait, limit }),
            Err(Crowded::TooCostly(max)) => Err(Refused::TooCostly { max }),
        }
    }
}

/// Refuses a call that costs more than one may.
#[cold]
pub(in crate::limiter) fn too_costly(shard: &mut Shard) -> Result<Taken, Refused> {
    let (limit, max) = (shard.terms.limit, shard.terms.dearest);
    if shard.terms.shadow {
        shard.counts.look_on();
        return Ok(Taken {
            limit,
            ..Taken::NOTHING
        });
    }
    shard.counts.refused += 1;
    Err(Refused::TooCostly { max })
}

/// Takes from a key that has a slot.
#[inline]
fn settle(
    shard: &mut Shard,
    slot: usize,
    at: At,
    cost: u32,
    counts: bool,
) -> Result<Taken, Refused> {
    let limit = shard.terms.limit;
    match shard.take(slot, at, cost) {
        Ok(look) => {
            shard.counts.admitted += 1;
            Ok(Taken {
                look,
                limit,
                source: Source::key(shard.epoch()),
            })
        }
        Err(wait) if !shard.terms.shadow => {
            shard.counts.refused += u64::from(counts);
            Err(Refused::Limited { wait, limit })
        }
        Err(_) => Ok(look_on(shard, slot, at)),
    }
}

/// Lets a call through that would have been refused.
#[cold]
pub(in crate::limiter) fn look_on(shard: &mut Shard, slot: usize, at: At) -> Taken {
    shard.counts.look_on();
    Taken {
        look: shard.look(slot, at),
        limit: shard.terms.limit,
        source: Source::NOWHERE,
    }
}
