//! Which process is restarted, if several could be.

use std::cmp::Reverse;

/// A process over its hard budget that may be restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: u64,
    /// By how many bytes it has grown.
    pub(super) growth: i64,
}

/// The one in the highest class of size, of those the one that has grown most. Classes are powers of two, as what differs by less is
/// taken for equally large, and the one that grows is the one to blame. In case of doubt the first by name.
pub(super) fn choose<'a>(candidates: &[Candidate<'a>]) -> Option<Candidate<'a>> {
    let rank = |candidate: &&Candidate<'a>| {
        let class = candidate.bytes.checked_ilog2();
        (class, candidate.growth, Reverse(candidate.name))
    };
    candidates.iter().max_by_key(rank).copied()
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn candidate(name: &str, bytes: u64, growth: i64) -> Candidate<'_> {
        Candidate {
            name,
            bytes,
            growth,
        }
    }

    #[test]
    fn the_larger_class_comes_before_growth_and_growth_before_size_within_a_class() {
        let small = candidate("small", 1000, 900);
        let large = candidate("large", 1500, 0);
        let growing = candidate("growing", 1100, 10);
        assert_eq!(choose(&[]), None);
        assert_eq!(choose(&[small, large]), Some(large));
        assert_eq!(choose(&[large, growing, small]), Some(growing));
        let twin = candidate("a", 1100, 10);
        assert_eq!(choose(&[growing, twin]), Some(twin));
        assert_eq!(choose(&[twin, growing]), Some(twin));
    }

    proptest! {
        #[test]
        fn nobody_of_half_the_size_is_chosen_and_the_order_does_not_matter(
            sizes in prop::collection::vec((0_u64..1 << 40, -1000_i64..1000), 1..20),
        ) {
            let names: Vec<String> = (0..sizes.len()).map(|nth| format!("{nth:02}")).collect();
            let mut candidates: Vec<Candidate<'_>> = names
                .iter()
                .zip(&sizes)
                .map(|(name, (bytes, growth))| candidate(name, *bytes, *growth))
                .collect();
            let chosen = choose(&candidates).expect("there are some");
            let largest = sizes.iter().map(|(bytes, _)| *bytes).max().unwrap_or(0);
            prop_assert!(chosen.bytes >= largest / 2);
            candidates.reverse();
            prop_assert_eq!(choose(&candidates), Some(chosen));
        }
    }
}
