//! The allocators around one that checks what it is given.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::{Attributed, Counted};

const FRESH: u8 = 0xAA;
const FREED: u8 = 0xDD;

/// Fills blocks that are fresh and those that are freed, and knows which layout each was got with.
#[derive(Default)]
struct Checking {
    blocks: Mutex<HashMap<usize, Layout>>,
    /// There is no memory.
    empty: AtomicBool,
}

impl Checking {
    fn came(&self, block: *mut u8, layout: Layout) {
        assert_ne!(layout.size(), 0);
        assert_eq!(block.addr() % layout.align(), 0);
        let before = self.blocks.lock().unwrap().insert(block.addr(), layout);
        assert_eq!(before, None);
    }

    fn goes(&self, block: *mut u8, layout: Layout) {
        let known = self.blocks.lock().unwrap().remove(&block.addr());
        assert_eq!(known, Some(layout));
    }
}

// SAFETY: all blocks are those of the system's allocator.
unsafe impl GlobalAlloc for Checking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.empty.load(Ordering::Relaxed) {
            return null_mut();
        }
        // SAFETY: as the caller has promised; the block is as large as it was asked for.
        unsafe {
            let block = System.alloc(layout);
            block.write_bytes(FRESH, layout.size());
            self.came(block, layout);
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.goes(block, layout);
        // SAFETY: as the caller has promised.
        unsafe {
            block.write_bytes(FREED, layout.size());
            System.dealloc(block, layout);
        }
    }
    // `alloc_zeroed` and `realloc` are those of the trait: by way of the two above, and so always to another place.
}

/// Numbers at random, the same ones in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        let more = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = more.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// A block as its owner sees it: its layout, and the byte that fills it.
struct Owned {
    block: *mut u8,
    layout: Layout,
    byte: u8,
}

impl Owned {
    fn fill(block: *mut u8, layout: Layout, byte: u8) -> Self {
        assert!(!block.is_null());
        assert_eq!(block.addr() % layout.align(), 0);
        // SAFETY: it is as large as was asked for.
        unsafe { block.write_bytes(byte, layout.size()) };
        Self {
            block,
            layout,
            byte,
        }
    }

    fn check(&self, size: usize) {
        // SAFETY: so much of it is filled.
        let bytes = unsafe { std::slice::from_raw_parts(self.block, size) };
        assert!(bytes.iter().all(|byte| *byte == self.byte));
    }
}

fn layout(numbers: &mut Numbers) -> Layout {
    let size = match numbers.below(3) {
        0 => numbers.below(48) + 1,
        1 => numbers.below(1024) + 1,
        _ => numbers.below(20_000) + 1,
    };
    Layout::from_size_align(size, 1 << numbers.below(13)).unwrap()
}

/// Does everything there is to do, in any order, and gives all back in the end.
fn exercise(heap: &impl GlobalAlloc, seed: u64, steps: usize) {
    let mut numbers = Numbers(seed);
    let mut blocks: Vec<Owned> = Vec::new();
    for step in 0..steps {
        let byte = step as u8;
        let layout = layout(&mut numbers);
        match numbers.below(if blocks.len() > 200 { 8 } else { 4 }) {
            0 | 1 => {
                // SAFETY: the size is not 0.
                let block = unsafe { heap.alloc(layout) };
                blocks.push(Owned::fill(block, layout, byte));
            }
            2 => {
                // SAFETY: the size is not 0.
                let block = unsafe { heap.alloc_zeroed(layout) };
                let zeros = Owned {
                    block,
                    layout,
                    byte: 0,
                };
                zeros.check(layout.size());
                blocks.push(Owned::fill(block, layout, byte));
            }
            3 if !blocks.is_empty() => {
                let nth = numbers.below(blocks.len());
                let before = blocks.swap_remove(nth);
                let new = Layout::from_size_align(layout.size(), before.layout.align()).unwrap();
                // SAFETY: it is of this allocator, with this layout.
                let block = unsafe { heap.realloc(before.block, before.layout, new.size()) };
                let moved = Owned { block, ..before };
                moved.check(new.size().min(before.layout.size()));
                blocks.push(Owned::fill(block, new, byte));
            }
            _ => {
                let Some(gone) = blocks.pop() else { continue };
                gone.check(gone.layout.size());
                // SAFETY: it is of this allocator, with this layout, and is not used any more.
                unsafe { heap.dealloc(gone.block, gone.layout) };
            }
        }
    }
    for gone in blocks {
        gone.check(gone.layout.size());
        // SAFETY: as above.
        unsafe { heap.dealloc(gone.block, gone.layout) };
    }
}

#[test]
fn every_block_goes_back_with_the_layout_it_was_got_with_and_keeps_what_its_owner_wrote() {
    for seed in 0..5 {
        let heap = Attributed::new(Checking::default());
        exercise(&heap, seed, 2_000);
        assert!(heap.0.blocks.lock().unwrap().is_empty());
        let heap = Counted::new(Checking::default());
        exercise(&heap, seed, 2_000);
        assert!(heap.0.blocks.lock().unwrap().is_empty());
    }
}

#[test]
fn blocks_around_the_system_allocator_keep_what_their_owners_wrote_when_it_moves_them() {
    for seed in 0..5 {
        exercise(&Attributed::system(), seed, 3_000);
        exercise(&Counted::system(), seed, 3_000);
    }
}

#[test]
fn threads_that_use_one_allocator_do_not_disturb_each_other() {
    let heap = &Attributed::new(Checking::default());
    std::thread::scope(|scope| {
        for seed in 0..8 {
            scope.spawn(move || exercise(heap, seed, 2_000));
        }
    });
    assert!(heap.0.blocks.lock().unwrap().is_empty());
}

#[test]
fn a_block_that_cannot_grow_is_what_it_was() {
    let heap = Attributed::new(Checking::default());
    let layout = Layout::from_size_align(100, 8).unwrap();
    // SAFETY: the size is not 0, and the block is given back with its layout.
    unsafe {
        let block = Owned::fill(heap.alloc(layout), layout, 7);
        heap.0.empty.store(true, Ordering::Relaxed);
        assert!(heap.alloc(layout).is_null());
        assert!(heap.alloc_zeroed(layout).is_null());
        assert!(heap.realloc(block.block, layout, 200).is_null());
        assert!(heap.realloc(block.block, layout, 10).is_null());
        block.check(100);
        heap.dealloc(block.block, layout);
    }
    assert!(heap.0.blocks.lock().unwrap().is_empty());
}

#[test]
fn there_is_no_block_that_is_so_large_that_its_mark_has_no_room() {
    let heap = Attributed::new(Checking::default());
    let largest = isize::MAX.cast_unsigned();
    let layout = Layout::from_size_align(64, 16).unwrap();
    // SAFETY: these are layouts, and the block is given back with its own.
    unsafe {
        for less in 0..4 {
            let huge = Layout::from_size_align(largest - less, 1).unwrap();
            assert!(heap.alloc(huge).is_null());
            assert!(heap.alloc_zeroed(huge).is_null());
        }
        let block = Owned::fill(heap.alloc(layout), layout, 1);
        assert!(heap.realloc(block.block, layout, largest - 15).is_null());
        block.check(64);
        heap.dealloc(block.block, layout);
    }
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn what_is_free_can_be_given_back_to_the_operating_system() {
    // Held apart, so that the free ones cannot be given back from the end.
    let mut blocks: Vec<Vec<u8>> = (0..20_000).map(|nth| vec![nth as u8; 2_000]).collect();
    let mut nth = 0;
    blocks.retain(|_| {
        nth += 1;
        nth % 50 == 0
    });
    assert_eq!(super::trim(), Some(true));
}
