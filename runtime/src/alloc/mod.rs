//! Which process holds how much heap memory: a global allocator around another that tells.
//!
//! ```
//! use mainstay::alloc::Attributed;
//! use mainstay::supervisors::HeapUse;
//!
//! #[global_allocator]
//! static HEAP: Attributed = Attributed::system();
//!
//! let before = HeapUse::live_now().expect("it is measured");
//! let block = vec![0_u8; 1_000_000];
//! assert!(HeapUse::live_now().expect("it is measured") >= before + 1_000_000);
//! # drop(block);
//! ```
//!
//! Only the application can choose its allocator, so nothing is measured until it does. From then on each block is charged to the
//! process in whose callback or poll it was allocated, and counts for it until it is freed, wherever that is; see
//! [`Process::heap_bytes`](crate::supervisors::Process::heap_bytes) and [`HeapUse`](crate::supervisors::HeapUse). Who wants to know
//! only how much there is in all takes [`Counted`].
//!
//! | | [`Counted`] | [`Attributed`] |
//! |---|---|---|
//! | live bytes of the program | yes | yes |
//! | live bytes of each process | no | yes |
//! | memory for each block | none | 4 bytes behind it, so none in two out of three sizes where sizes are rounded up to 16 |
//!
//! Charged is what was asked for, not what the allocator rounds it up to. A block that is grown or shrunk belongs to who did it
//! last. What is allocated by [`spawn_blocking`](https://docs.rs/tokio/latest/tokio/task/fn.spawn_blocking.html), by tasks that a
//! process spawns by itself and by threads of the application's own counts as outside of processes, unless it is
//! [scoped](crate::supervisors::Process::scope). A message that waits counts for its sender, and so does, of what came with it, all
//! that the receiver keeps as it is.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Counted`], [`Attributed`], as they are made |
//! | `tag.rs` | where the mark of a block lies |
//! | `raw.rs` | the allocators themselves, [`trim()`]: all that is unsafe |

mod raw;
mod tag;

use std::alloc::System;

pub use raw::trim;

/// A global allocator that counts the live bytes of the program, around another, which is [`System`] unless it is said.
///
/// ```
/// use mainstay::alloc::Counted;
/// use mainstay::supervisors::HeapUse;
///
/// #[global_allocator]
/// static HEAP: Counted = Counted::system();
///
/// let used = HeapUse::now().expect("it is measured");
/// assert!(used.live > 0);
/// assert_eq!(used.outside, None); // It does not know of whom.
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted<A = System>(A);

/// A global allocator that charges each block to the process in whose poll it was allocated, around another, which is [`System`]
/// unless it is said.
///
/// A program is to have no more than one of these at work: two that lie within one another would count everything twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributed<A = System>(A);

impl Counted {
    /// Around the allocator that Rust uses by default.
    #[must_use]
    pub const fn system() -> Self {
        Self(System)
    }
}

impl<A> Counted<A> {
    /// Around this allocator.
    #[must_use]
    pub const fn new(allocator: A) -> Self {
        Self(allocator)
    }
}

impl Attributed {
    /// Around the allocator that Rust uses by default.
    #[must_use]
    pub const fn system() -> Self {
        Self(System)
    }
}

impl<A> Attributed<A> {
    /// Around this allocator.
    #[must_use]
    pub const fn new(allocator: A) -> Self {
        Self(allocator)
    }
}
