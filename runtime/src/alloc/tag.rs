//! Where the mark of a block lies that says to whom it was charged: right behind what was asked for, so that the block begins where
//! it would without. Who frees it says how large it is, and thereby where the mark is.

use std::alloc::Layout;

/// Bytes of a mark.
pub(super) const TAG: usize = size_of::<u32>();

/// The size of a block of this layout with its mark; `None` if it were larger than a block may be.
#[inline]
pub(super) const fn with_tag(layout: Layout) -> Option<usize> {
    // Rounded up to the alignment, it may be `isize::MAX` at most.
    let largest = isize::MAX.cast_unsigned() - (layout.align() - 1);
    if layout.size() > largest - TAG {
        None
    } else {
        Some(layout.size() + TAG)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_with_a_mark_is_as_large_as_a_layout_may_be_and_no_larger() {
        for align in [1, 8, 4096, 1 << 30] {
            let largest = isize::MAX.cast_unsigned() - (align - 1);
            for less in 0..2 * TAG {
                let layout = Layout::from_size_align(largest - less, align).unwrap();
                let tagged = Layout::from_size_align(largest - less + TAG, align).ok();
                assert_eq!(with_tag(layout), tagged.map(|tagged| tagged.size()));
            }
        }
    }
}
