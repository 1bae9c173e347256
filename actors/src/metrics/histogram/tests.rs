use proptest::collection::vec;
use proptest::prelude::*;

use super::{Distribution, Packed, Resolution, Unplaced};

/// Values of all magnitudes.
fn value() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64).prop_map(|(value, shift)| value >> shift)
}

/// Samples, some of them in no bucket.
fn samples() -> impl Strategy<Value = Distribution> {
    (vec(value(), 0..100), 0_u64..1_000, 0..u64::MAX >> 8).prop_map(|(values, count, sum)| {
        let mut all: Distribution = values.into_iter().collect();
        all.put_unplaced(Unplaced { count, sum });
        all
    })
}

/// A source of numbers that is the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// More than 0 and at most 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

type Draw = fn(&mut Numbers) -> f64;

const DISTRIBUTIONS: [(&str, Draw); 6] = [
    ("uniform", |n| 1_000.0 + n.unit() * 1e6),
    ("exponential", |n| -n.unit().ln() * 1e6),
    ("log-normal", |n| (n.normal() * 1.5 + 13.0).exp()),
    ("wide log-normal", |n| (n.normal() * 3.0 + 14.0).exp()),
    ("pareto", |n| 1e4 / n.unit().powf(1.0 / 1.2)),
    ("bimodal", |n| {
        let centre = if n.unit() < 0.9 { 2e4 } else { 5e7 };
        centre * (1.0 + 0.05 * n.normal())
    }),
];

#[test]
fn quantiles_are_those_of_exact_sorting_within_the_stated_error() {
    for (name, draw) in DISTRIBUTIONS {
        let mut numbers = Numbers(name.len() as u64);
        let mut samples: Vec<u64> = (0..100_000).map(|_| draw(&mut numbers) as u64).collect();
        let fine: Distribution = samples.iter().copied().collect();
        let mut coarse = fine.clone();
        coarse.coarsen(Resolution::Coarse);
        samples.sort_unstable();
        for q in [
            0.0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0,
        ] {
            let rank = super::rank::nearest(q, 100_000).unwrap();
            let exact = samples[rank as usize - 1] as f64;
            for told in [&fine, &coarse] {
                let off = (told.quantile(q).unwrap() - exact).abs();
                let limit = exact * told.resolution().error_max();
                assert!(off <= limit, "{name}, {told:?}, q {q}: {off} > {limit}");
            }
        }
    }
}

#[test]
fn nothing_is_told_of_nothing() {
    let empty = Distribution::default();
    assert_eq!((empty.count(), empty.sum()), (0, 0));
    assert_eq!(empty.mean(), None);
    assert_eq!(empty.min(), None);
    assert_eq!(empty.max(), None);
    assert_eq!(empty.quantile(0.5), None);
}

#[test]
fn one_sample_is_its_own_everything() {
    let one: Distribution = [123_456_789].into_iter().collect();
    assert_eq!(one.mean(), Some(123_456_789.0));
    let (min, max) = (one.min().unwrap(), one.max().unwrap());
    assert!(min <= 123_456_789.0 && 123_456_789.0 <= max);
    assert!(max - min <= 123_456_789.0 / 64.0);
}

#[test]
fn the_extremes_of_u64_are_counted_and_summed() {
    let all: Distribution = [0, u64::MAX, u64::MAX, 1].into_iter().collect();
    assert_eq!(all.count(), 4);
    assert_eq!(all.sum(), 2 * u128::from(u64::MAX) + 1);
    assert_eq!(all.min(), Some(0.0));
    assert!(all.max().unwrap() >= u64::MAX as f64 * (1.0 - 1.0 / 64.0));
    let from_word = {
        let mut again = all.clone();
        again.set_wrapped_sum(all.sum() as u64);
        again
    };
    assert_eq!(from_word, all);
}

#[test]
fn what_does_not_exceed_a_power_of_two_less_one_is_counted_exactly() {
    let all: Distribution = (0..5_000).collect();
    for bits in 0..16 {
        let limit = (1 << bits) - 1;
        assert_eq!(all.count_up_to(limit), 5_000.min(limit + 1));
    }
    assert_eq!(all.count_up_to(u64::MAX), 5_000);
    assert_eq!(Distribution::default().count_up_to(10), 0);
}

#[test]
fn a_slot_of_two_hundred_buckets_takes_a_few_hundred_bytes() {
    let mut numbers = Numbers(3);
    let slot: Distribution = (0..10_000)
        .map(|_| (numbers.normal() * 0.7 + 13.0).exp() as u64)
        .collect();
    assert!(slot.buckets().count() > 150);
    let bytes = Packed::of(&slot).heap_bytes();
    assert!(bytes < 3 * slot.buckets().count(), "{bytes}");
}

proptest! {
    #[test]
    fn any_split_merges_to_the_whole(values in vec(value(), 0..300), parts in 1_usize..9) {
        let whole: Distribution = values.iter().copied().collect();
        let mut merged = Distribution::default();
        let mut split = vec![Distribution::default(); parts];
        for (nth, value) in values.iter().enumerate() {
            split[nth % parts].record(*value);
        }
        for part in split.iter().rev() {
            merged.merge(part);
        }
        prop_assert_eq!(&merged, &whole);
        let (mut coarse, mut from_coarse) = (whole, Distribution::default());
        coarse.coarsen(Resolution::Coarse);
        for mut part in split {
            part.coarsen(Resolution::Coarse);
            from_coarse.merge(&part);
        }
        from_coarse.coarsen(Resolution::Coarse);
        prop_assert_eq!(from_coarse, coarse);
    }

    #[test]
    fn what_is_in_no_bucket_is_kept_by_all_that_is_done(one in samples(), other in samples()) {
        let (counts, sums) = ([one.count(), other.count()], [one.sum(), other.sum()]);
        let unplaced = one.unplaced() + other.unplaced();
        let mut both = one.clone();
        both.merge(&other);
        let all = |of: &Distribution| (of.count(), of.sum(), of.unplaced());
        let expected = (counts.iter().sum(), sums.iter().sum(), unplaced);
        prop_assert_eq!(all(&both), expected);
        prop_assert_eq!(&both.since(&one), &other);
        prop_assert_eq!(&Packed::of(&both).unpack(), &both);
        prop_assert_eq!(Packed::of(&both).count(), both.count());
        both.coarsen(Resolution::Coarse);
        prop_assert_eq!(all(&both), expected);
        prop_assert_eq!(both.quantile(1.0), both.max());
    }

    #[test]
    fn what_is_packed_is_unpacked_as_it_was(values in vec(value(), 0..300), coarse: bool) {
        let mut all: Distribution = values.into_iter().collect();
        if coarse {
            all.coarsen(Resolution::Coarse);
        }
        prop_assert_eq!(Packed::of(&all).unpack(), all);
    }

    #[test]
    fn what_came_since_is_what_was_recorded_since(
        before in vec(value(), 0..100),
        after in vec(value(), 0..100),
    ) {
        let earlier: Distribution = before.iter().copied().collect();
        let later: Distribution = before.iter().chain(&after).copied().collect();
        let since: Distribution = after.into_iter().collect();
        prop_assert_eq!(later.since(&earlier), since);
    }

    #[test]
    fn the_mean_and_every_quantile_lie_between_the_least_and_the_greatest(
        values in vec(value(), 1..100),
        q in 0.0..=1.0_f64,
    ) {
        let all: Distribution = values.into_iter().collect();
        let range = all.min().unwrap()..=all.max().unwrap();
        prop_assert!(range.contains(&all.mean().unwrap()));
        prop_assert!(range.contains(&all.quantile(q).unwrap()));
    }
}
