//! How much heap memory there is, and of whom.

/// Live heap memory of the program: what was allocated and has not been freed. Not what the operating system counts, which holds
/// what the allocator keeps for later, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct HeapUse {
    /// Bytes of all.
    pub live: u64,
    /// Bytes that were allocated outside of processes: on threads of the application's own, by blocking tasks, by the tokio runtime.
    /// `None` if the allocator only counts.
    pub outside: Option<u64>,
    /// Bytes that were allocated by processes that have ended since, and that somebody still holds. `None` if the allocator
    /// only counts.
    pub ended: Option<u64>,
    /// How many processes that have not ended are measured. 0 if the allocator only counts.
    pub processes: usize,
    /// How many ended processes have left something behind.
    pub left_behind: usize,
}

impl HeapUse {
    /// What it is now. `None` means that it is not measured: without the feature `memory-attribution`, or where the program has no
    /// global allocator that counts (`mainstay::alloc`).
    ///
    /// It looks at the account of each process that has left something behind. While others allocate and free, each figure may
    /// be off by what they do meanwhile. There is one allocator in a program, so the figures are those of all runtimes in it.
    #[must_use]
    pub fn now() -> Option<Self> {
        #[cfg(feature = "memory-attribution")]
        return crate::heap::usage();
        #[cfg(not(feature = "memory-attribution"))]
        None
    }

    /// Only [`live`](Self::live): one look for each thread of the program.
    #[must_use]
    pub fn live_now() -> Option<u64> {
        #[cfg(feature = "memory-attribution")]
        return crate::heap::live();
        #[cfg(not(feature = "memory-attribution"))]
        None
    }

    #[cfg(feature = "memory-attribution")]
    pub(crate) const fn of_program(live: u64) -> Self {
        Self {
            live,
            outside: None,
            ended: None,
            processes: 0,
            left_behind: 0,
        }
    }
}
