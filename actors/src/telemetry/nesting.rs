//! Which handlers are at work on this thread, so that none is called for what it does itself, and chains come to an end.

use std::cell::Cell;

/// How long a chain of handlers that emit may get: what is emitted outside of all handlers has depth 0, what a handler emits is one
/// deeper than the event it was called for, and what would be deeper than this is heard by nobody, and counted.
pub const NESTING_MAX: u8 = 4;

/// Every handler at work on a thread was called for an event less deep than the one after it. Twice as many, for those of
/// another place that are brought along.
const SEATS_MAX: usize = 2 * (NESTING_MAX as usize + 1);

/// Which handlers are at work in one place, and how deep an event is that is emitted there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nest {
    depth: u8,
    seats: [usize; SEATS_MAX],
    len: usize,
}

thread_local! {
    static NEST: Cell<Nest> = const {
        Cell::new(Nest { depth: 0, seats: [0; SEATS_MAX], len: 0 })
    };
}

thread_local! {
    static EMITTING: Cell<u32> = const { Cell::new(0) };
}

/// This thread tells of an event until this is dropped.
#[derive(Debug)]
pub(crate) struct Emitting(());

/// Notes that this thread begins to tell of an event.
pub(crate) fn emitting() -> Emitting {
    EMITTING.set(EMITTING.get() + 1);
    Emitting(())
}

/// Whether this thread tells of an event: it belongs to whoever emits.
pub(crate) fn is_emitting() -> bool {
    EMITTING.get() > 0
}

impl Drop for Emitting {
    fn drop(&mut self) {
        EMITTING.set(EMITTING.get() - 1);
    }
}

/// How deep an event is that is emitted here and now.
pub(crate) fn depth() -> u8 {
    NEST.get().depth
}

/// Those at work here, for an event that is to be emitted later, or by another.
pub(crate) fn here() -> Nest {
    NEST.get()
}

impl Nest {
    /// What is emitted on this thread until the guard is dropped comes from there, and from what is at work here besides: none of
    /// them is told of it. If those are more than there is room for, nobody is.
    pub(crate) fn go_on(&self) -> Inside {
        let mut nest = NEST.get();
        let before = Inside {
            depth: nest.depth,
            len: nest.len,
        };
        nest.depth = nest.depth.max(self.depth);
        for seat in self.seats.iter().take(self.len) {
            if nest.seats.iter().take(nest.len).any(|known| known == seat) {
                continue;
            }
            match nest.seats.get_mut(nest.len) {
                Some(place) => *place = *seat,
                None => {
                    nest.depth = NESTING_MAX + 1;
                    break;
                }
            }
            nest.len += 1;
        }
        NEST.set(nest);
        before
    }
}

/// A handler is at work on this thread until this is dropped.
#[derive(Debug)]
pub(crate) struct Inside {
    /// What was before: the depth, and how many were at work.
    depth: u8,
    len: usize,
}

/// Notes that the handler with this identity begins to work for an event of this depth; `None` if it is at work already.
pub(crate) fn enter(seat: usize, event_depth: u8) -> Option<Inside> {
    let mut nest = NEST.get();
    let at_work = nest.seats.get(..nest.len)?;
    if at_work.contains(&seat) {
        return None;
    }
    let before = Inside {
        depth: nest.depth,
        len: nest.len,
    };
    *nest.seats.get_mut(nest.len)? = seat;
    nest.len += 1;
    nest.depth = event_depth.saturating_add(1);
    NEST.set(nest);
    Some(before)
}

/// Whether the handler with this identity is at work on this thread.
pub(crate) fn is_inside(seat: usize) -> bool {
    let nest = NEST.get();
    nest.seats.iter().take(nest.len).any(|known| *known == seat)
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut nest = NEST.get();
        nest.depth = self.depth;
        nest.len = self.len;
        NEST.set(nest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_at_work_is_not_entered_again_and_depth_counts_from_the_event() {
        assert_eq!(depth(), 0);
        let first = enter(10, 2).expect("it is free");
        assert_eq!(depth(), 3);
        assert!(enter(10, 3).is_none());
        let second = enter(11, 3).expect("it is free");
        assert!(enter(10, 4).is_none());
        assert_eq!(depth(), 4);
        drop(second);
        assert_eq!(depth(), 3);
        drop(first);
        assert_eq!(depth(), 0);
        assert!(enter(10, 0).is_some());
    }

    #[test]
    fn a_panic_leaves_nothing_behind() {
        let caught = std::panic::catch_unwind(|| {
            let _inside = enter(10, 0);
            panic!("as planned")
        });
        assert!(caught.is_err());
        assert_eq!(depth(), 0);
        assert!(enter(10, 0).is_some());
    }

    #[test]
    fn there_is_room_for_the_longest_chain_and_no_more() {
        let all: Vec<Inside> = (0..=NESTING_MAX)
            .map(|depth| enter(usize::from(depth) + 1, depth).expect("room"))
            .collect();
        assert_eq!(depth(), NESTING_MAX + 1);
        // Last entered, first left.
        all.into_iter().rev().for_each(drop);
        assert_eq!(depth(), 0);
    }

    #[test]
    fn what_is_brought_along_counts_with_what_is_here_and_goes_again() {
        let there = {
            let _first = enter(10, 0).expect("it is free");
            let _second = enter(11, 2).expect("it is free");
            here()
        };
        assert_eq!(depth(), 0);
        let mine = enter(12, 0).expect("it is free");
        let along = there.go_on();
        assert_eq!(depth(), 3);
        assert!([10, 11, 12].iter().all(|seat| is_inside(*seat)));
        // What is known already takes no room.
        let again = here().go_on();
        let more = enter(13, 3).expect("it is free");
        assert_eq!(depth(), 4);
        drop((more, again));
        drop(along);
        assert_eq!(depth(), 1);
        assert!(is_inside(12) && !is_inside(10) && !is_inside(11));
        drop(mine);
        assert_eq!(depth(), 0);
    }

    #[test]
    fn what_is_too_much_to_be_brought_along_is_heard_by_nobody() {
        let mut there = here();
        there.len = SEATS_MAX;
        for (nth, seat) in there.seats.iter_mut().enumerate() {
            *seat = 100 + nth;
        }
        let mine = enter(10, 0).expect("it is free");
        let along = there.go_on();
        assert_eq!(depth(), NESTING_MAX + 1);
        drop(along);
        assert_eq!(depth(), 1);
        drop(mine);
    }
}
