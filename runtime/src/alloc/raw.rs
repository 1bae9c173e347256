//! The allocators themselves. This is the only module of the workspace with unsafe code: `GlobalAlloc` is an unsafe trait, and an
//! allocator deals in plain memory.
//!
//! What it relies on, beside what `GlobalAlloc` asks of its callers:
//! * [`heap`] never panics and never unwinds. What it allocates itself comes back here, and it is made for that.
//! * The inner allocator keeps to its contract. All blocks of [`Attributed`] that it knows of were asked for with the size that
//!   [`with_tag`] gives for the layout that is asked of us, so that it gets back exactly what it has given.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::null_mut;

use mainstay_supervisors::heap::{self, Charged};

use super::tag::{TAG, with_tag};
use super::{Attributed, Counted};

// SAFETY: every block comes from the inner allocator as it was asked for, and goes back to it with the same layout. Counting
// touches no block.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counted<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the inner allocator asks for.
        let block = unsafe { self.0.alloc(layout) };
        if !block.is_null() {
            heap::count(layout.size().cast_signed());
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        heap::count(-layout.size().cast_signed());
        // SAFETY: the block is of the inner allocator, with this layout.
        unsafe { self.0.dealloc(block, layout) };
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let block = unsafe { self.0.alloc_zeroed(layout) };
        if !block.is_null() {
            heap::count(layout.size().cast_signed());
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as in `dealloc`; what the new size has to be, the caller has promised.
        let moved = unsafe { self.0.realloc(block, layout, new_size) };
        if !moved.is_null() {
            heap::count(new_size.cast_signed() - layout.size().cast_signed());
        }
        moved
    }
}

/// Charges a block that was just allocated, unless it was not.
///
/// # Safety
///
/// The block is null, or `size + TAG` bytes of it can be written to.
#[inline]
unsafe fn charged(block: *mut u8, size: usize) -> *mut u8 {
    if !block.is_null() {
        let to = heap::charge(size).to_bits();
        // SAFETY: the mark lies within the block, behind what was asked for. It need not be aligned.
        unsafe { block.add(size).cast::<u32>().write_unaligned(to) };
    }
    block
}

/// To whom a block was charged.
///
/// # Safety
///
/// The block is one of ours that has not been freed, of this size.
#[inline]
unsafe fn charged_to(block: *const u8, size: usize) -> Charged {
    // SAFETY: the mark was written there by `charged`, and whoever has the block may not write behind its size.
    Charged::from_bits(unsafe { block.add(size).cast::<u32>().read_unaligned() })
}

// SAFETY: every block comes from the inner allocator with room for a mark behind what was asked for, which changes neither where it
// begins nor its alignment, and goes back with the layout it was got with. Where there is no room for the mark, there is no block.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Attributed<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(size) = with_tag(layout) else {
            return null_mut();
        };
        // SAFETY: a layout of this alignment may have this size, which is not 0. The block, if there is one, is so large.
        unsafe {
            let tagged = Layout::from_size_align_unchecked(size, layout.align());
            charged(self.0.alloc(tagged), layout.size())
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's block is one of ours, of this layout.
        heap::discharge(unsafe { charged_to(block, layout.size()) }, layout.size());
        // SAFETY: it was got with this layout, which is therefore one.
        unsafe {
            let tagged = Layout::from_size_align_unchecked(layout.size() + TAG, layout.align());
            self.0.dealloc(block, tagged);
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(size) = with_tag(layout) else {
            return null_mut();
        };
        // SAFETY: as in `alloc`. The mark is written behind what has to be zero.
        unsafe {
            let tagged = Layout::from_size_align_unchecked(size, layout.align());
            charged(self.0.alloc_zeroed(tagged), layout.size())
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller has promised that this size, rounded up to the alignment, is none too large.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        let Some(new_tagged) = with_tag(new_layout) else {
            return null_mut();
        };
        // SAFETY: as in `dealloc`. The mark is read before the block is moved. A block that could not be moved is untouched, its
        // mark, too. Of one that was, the old mark is now among the bytes that are not initialised, or behind the new one.
        unsafe {
            let before = charged_to(block, layout.size());
            let tagged = Layout::from_size_align_unchecked(layout.size() + TAG, layout.align());
            let moved = self.0.realloc(block, tagged, new_tagged);
            if !moved.is_null() {
                heap::discharge(before, layout.size());
            }
            charged(moved, new_size)
        }
    }
}

/// Has the system's allocator give memory that is free back to the operating system: with glibc, what `malloc_trim` does, in all
/// arenas. Says whether it gave any, or `None` where the system's allocator has no such thing; then nothing is done.
///
/// Of use only around [`System`](std::alloc::System), and after much was freed: it looks at all that is free, under the locks of
/// the arenas, which takes milliseconds for some hundreds of megabytes. Live bytes do not change by it, resident ones do.
#[must_use = "it says whether there was something to give"]
pub fn trim() -> Option<bool> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: it may be called at any time on any thread.
        Some(unsafe { libc::malloc_trim(0) } == 1)
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    None
}

#[cfg(test)]
mod tests;
