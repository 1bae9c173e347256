//! Where the mark of a block lies that says to whom it was charged: right behind what was asked for, so that the block begins where
//! it would without. Who frees it says how large it is, and thereby where the mark is.

use std::alloc::Layout;

/// Bytes of a mark.
pub(super) const TAG: usize = size_of::<u32>();

/// The layout of a block with its mark; `None` if it were larger than a block may be.
#[inline]
pub(super) const fn with_tag(layout: Layout) -> Option<Layout> {
    // No overflow: a layout's size is at most `isize::MAX`.
    match Layout::from_size_align(layout.size() + TAG, layout.align()) {
        Ok(layout) => Some(layout),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_changes_no_alignment() {
        let layout = Layout::from_size_align(24, 64).unwrap();
        let tagged = with_tag(layout).unwrap();
        assert_eq!((tagged.size(), tagged.align()), (28, 64));
    }

    #[test]
    fn a_block_that_is_as_large_as_one_may_be_has_no_room_for_a_mark() {
        let largest = isize::MAX.cast_unsigned();
        for less in 0..TAG {
            let layout = Layout::from_size_align(largest - less, 1).unwrap();
            assert_eq!(with_tag(layout), None);
        }
        let layout = Layout::from_size_align(largest - TAG, 1).unwrap();
        assert_eq!(with_tag(layout).unwrap().size(), largest);
    }
}
