//! Which handlers are at work on this thread, so that none is called for what it does itself, and chains come to an end.

use std::cell::Cell;

/// How long a chain of handlers that emit may get: what is emitted outside of all handlers has depth 0, what a handler emits is one
/// deeper than the event it was called for, and what would be deeper than this is heard by nobody, and counted.
pub const NESTING_MAX: u8 = 4;

/// Every handler at work on a thread was called for an event less deep than the one after it.
const SEATS_MAX: usize = NESTING_MAX as usize + 1;

#[derive(Clone, Copy)]
struct Nest {
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
        assert!(enter(100, NESTING_MAX).is_none());
        // Last entered, first left.
        all.into_iter().rev().for_each(drop);
        assert_eq!(depth(), 0);
    }
}
