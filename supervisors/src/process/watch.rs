//! Waiting for the end of a process: the future, and the wakers of those who wait.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use slab::Slab;

use super::{Life, run_caught};
use crate::exit::ExitReason;

/// Those who wait for the end of one process, kept under its lock. Most processes have none, and most others one: the
/// supervisor that stops it.
#[derive(Default)]
pub(super) struct Watchers {
    first: Option<Waker>,
    others: Option<Box<Slab<Waker>>>,
}

/// A place among the watchers.
#[derive(Clone, Copy)]
pub(super) enum Ticket {
    First,
    Other(usize),
}

impl Watchers {
    /// Leaves a waker, in the place of the one left before with this ticket. The old one is given back, to be dropped
    /// without the lock: that may run anybody's code.
    pub(super) fn leave(&mut self, ticket: &mut Option<Ticket>, waker: Waker) -> Option<Waker> {
        match *ticket {
            Some(Ticket::First) => self.first.replace(waker),
            Some(Ticket::Other(place)) => {
                let others = self.others.get_or_insert_default();
                Some(std::mem::replace(&mut others[place], waker))
            }
            None if self.first.is_none() => {
                *ticket = Some(Ticket::First);
                self.first.replace(waker)
            }
            None => {
                let place = self.others.get_or_insert_default().insert(waker);
                *ticket = Some(Ticket::Other(place));
                None
            }
        }
    }

    /// Takes back what was left; nothing once all have been taken to be woken.
    pub(super) fn take(&mut self, ticket: Ticket) -> Option<Waker> {
        match ticket {
            Ticket::First => self.first.take(),
            Ticket::Other(place) => {
                let others = self.others.as_mut()?;
                let waker = others.try_remove(place);
                if others.is_empty() {
                    self.others = None;
                }
                waker
            }
        }
    }

    /// Wakes all, without the lock: a waker may run anybody's code. One that panics keeps nobody else from being woken.
    pub(super) fn wake(self) {
        let others = self.others.map(|others| *others).unwrap_or_default();
        let others = others.into_iter().map(|(_, waker)| waker);
        for waker in self.first.into_iter().chain(others) {
            run_caught(|| waker.wake());
        }
    }
}

/// A future of the end of a process.
pub(super) struct Ended<'a> {
    life: &'a Life,
    ticket: Option<Ticket>,
}

impl<'a> Ended<'a> {
    pub(super) const fn new(life: &'a Life) -> Self {
        Self { life, ticket: None }
    }
}

impl Future for Ended<'_> {
    type Output = ExitReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ExitReason> {
        let this = &mut *self;
        this.life.watch(&mut this.ticket, cx.waker())
    }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.life.unwatch(ticket);
        }
    }
}
