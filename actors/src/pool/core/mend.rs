//! Connections that are on their way out, or to be brought back.

use std::hash::Hash;

use super::slot::{Kind, Seat};
use super::terms::NEVER;
use super::{Core, Returned, Wakes};

/// What has to be done to a connection before it is lent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    Reset,
    Ping,
}

/// A connection to be brought back, or tried.
#[derive(Debug)]
pub(crate) struct Mend<C> {
    pub(crate) seat: Seat,
    pub(crate) conn: C,
    pub(crate) remedy: Remedy,
}

/// A connection to be closed. That of a lease that was taken away has no place any more.
#[derive(Debug)]
pub(crate) struct Close<C> {
    pub(crate) seat: Option<Seat>,
    pub(crate) conn: C,
}

impl<C, B: Copy + Eq + Hash> Core<C, B> {
    /// Leaves a connection to the keeper, to be closed. The place is taken until it is.
    pub(super) fn close_slot(&mut self, number: u32, conn: C) {
        self.turn(number, Kind::Closing);
        let seat = Some(self.reseat(number));
        self.to_close.push(Close { seat, conn });
        self.call = true;
    }

    /// Leaves a connection to the keeper, to be brought back.
    pub(super) fn mend_slot(&mut self, number: u32, conn: C, remedy: Remedy) {
        self.turn(number, Kind::Mending);
        self.pings += u32::from(remedy == Remedy::Ping);
        let seat = self.reseat(number);
        self.to_mend.push(Mend { seat, conn, remedy });
        self.call = true;
    }

    /// Hands a connection out at once, to be brought back: nobody is called for it.
    pub(super) fn take_to_mend(&mut self, number: u32, conn: C, remedy: Remedy) -> Option<Mend<C>> {
        let call = self.call;
        self.mend_slot(number, conn, remedy);
        self.call = call;
        self.to_mend.pop()
    }

    fn reseat(&mut self, number: u32) -> Seat {
        self.let_go(number);
        let slot = &mut self.slots[number as usize];
        slot.epoch = slot.epoch.wrapping_add(1);
        Seat::new(number, slot.epoch)
    }

    /// Leaves a connection that was lent to the keeper, to be pinged.
    pub(crate) fn ping_first(&mut self, seat: Seat, conn: C) -> Returned<B> {
        if !self.is_at(seat, Kind::Leased) {
            return self.put_stray(conn);
        }
        let borrower = self.let_go(seat.number());
        self.mend_slot(seat.number(), conn, Remedy::Ping);
        Returned {
            borrower,
            revoked: false,
        }
    }

    /// What is to be closed.
    pub(crate) fn take_closing(&mut self) -> Vec<Close<C>> {
        std::mem::take(&mut self.to_close)
    }

    /// What is to be brought back.
    pub(crate) fn take_mending(&mut self) -> Vec<Mend<C>> {
        std::mem::take(&mut self.to_mend)
    }

    /// A connection was closed, or lost on the way: its place is free.
    pub(crate) fn closed(&mut self, now: u64, seat: Option<Seat>) {
        self.counts.closed += 1;
        let Some(seat) = seat.filter(|&seat| self.is_at(seat, Kind::Closing)) else {
            return;
        };
        self.empty(seat.number());
        self.look_for_connects(now);
    }

    /// A connection was brought back, or not, and then it is closed.
    pub(crate) fn mended(
        &mut self,
        now: u64,
        seat: Seat,
        conn: C,
        remedy: Remedy,
        is_well: bool,
        wakes: &mut Wakes,
    ) {
        if !self.is_at(seat, Kind::Mending) {
            self.to_close.push(Close { seat: None, conn });
            self.call = true;
            return;
        }
        self.mend_ended(remedy);
        if is_well {
            self.counts.mended += 1;
            let slot = &mut self.slots[seat.number() as usize];
            slot.tried = now;
            // A ping is no use: it goes on being idle for as long as it has been.
            if remedy == Remedy::Reset {
                slot.since = now;
            }
            self.supply(now, seat.number(), conn, wakes);
        } else {
            self.counts.broken += 1;
            self.close_slot(seat.number(), conn);
        }
    }

    /// Another one may be pinged, if some had to wait for that.
    fn mend_ended(&mut self, remedy: Remedy) {
        if remedy != Remedy::Ping {
            return;
        }
        let was_full = self.pings >= self.terms.connects_max;
        self.pings -= 1;
        if was_full && self.terms.keepalive != NEVER {
            self.need(self.agendas.pings.first());
        }
    }

    /// A connection that was to be brought back is gone.
    pub(crate) fn mend_lost(&mut self, now: u64, seat: Seat, remedy: Remedy) {
        if self.is_at(seat, Kind::Mending) {
            self.mend_ended(remedy);
            self.counts.broken += 1;
            self.empty(seat.number());
            self.look_for_connects(now);
        }
    }

    /// A lease has taken its connection out of the pool for good.
    pub(crate) fn detached(&mut self, now: u64, seat: Seat) -> Option<B> {
        if !self.is_at(seat, Kind::Leased) {
            self.strays = self.strays.saturating_sub(1);
            return None;
        }
        let who = self.slots[seat.number() as usize].who;
        self.empty(seat.number());
        self.look_for_connects(now);
        who.and_then(|who| who.borrower)
    }

    pub(super) fn is_at(&self, seat: Seat, kind: Kind) -> bool {
        let slot = self.slots.get(seat.number() as usize);
        slot.is_some_and(|slot| slot.epoch == seat.epoch() && slot.kind == kind)
    }

    pub(super) fn empty(&mut self, number: u32) {
        self.reseat(number);
        self.turn(number, Kind::Free);
        self.free.push(number);
        if self.slots.len() > self.terms.max as usize {
            self.shrink();
        }
        // Those who wait may have nothing to wait for any more.
        self.call |= self.line.len() > 0;
    }

    /// Gives up places at the end that are free and more than there may be. Who still has a right to one of them has none to a later
    /// one of its number.
    #[cold]
    pub(super) fn shrink(&mut self) {
        let (before, max) = (self.slots.len(), self.terms.max as usize);
        while self.slots.len() > max
            && let Some(last) = self.slots.pop_if(|slot| slot.kind == Kind::Free)
        {
            self.kinds[Kind::Free as usize] -= 1;
            self.epoch = self.epoch.max(last.epoch);
            self.counts.add(&last.tally);
        }
        let len = self.slots.len();
        if len == before {
            return;
        }
        self.free.retain(|&number| (number as usize) < len);
        if self.slots.capacity() > 4 * len + FEW {
            self.slots.shrink_to(2 * len + FEW);
        }
    }
}

/// For so many places it is not worth while to give memory back.
const FEW: usize = 64;
