//! Both windows against a log of everything that ever happened.

use proptest::prelude::*;

use super::*;

/// All calls with their times, and nothing else.
#[derive(Default)]
struct Log(Vec<(u64, Mark)>);

impl Log {
    fn counts(&self, keeps: impl Fn(usize, u64) -> bool) -> Counts {
        let mut counts = Counts::default();
        for (nth, &(at, mark)) in self.0.iter().enumerate() {
            if keeps(nth, at) {
                counts.add(Counts::of(mark, 1));
            }
        }
        counts
    }

    fn last(&self, max: usize) -> Counts {
        let first = self.0.len().saturating_sub(max);
        self.counts(|nth, _| nth >= first)
    }

    fn since(&self, now: u64, bucket: u64, buckets: u64) -> Counts {
        self.counts(|_, at| at / bucket + buckets > now / bucket)
    }
}

fn mark() -> impl Strategy<Value = Mark> {
    (any::<bool>(), any::<bool>()).prop_map(|(failed, slow)| Mark { failed, slow })
}

/// Steps of time on, before, and just past the edges of parts of length 10, and long silences.
fn step() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        1..=3_u64,
        Just(9),
        Just(10),
        Just(11),
        Just(50),
        Just(10 << 16)
    ]
}

proptest! {
    #[test]
    fn a_window_of_calls_holds_exactly_the_last_ones(
        max in 1..12_usize,
        then in 1..12_usize,
        calls in prop::collection::vec((mark(), 0..15_u64), 0..60),
        more in prop::collection::vec((mark(), 0..15_u64), 0..20),
    ) {
        let mut window = Window::new(Shape::Calls(max), 0);
        let mut log = Log::default();
        for (mark, times) in calls {
            window.add(mark, times);
            log.0.extend((0..times).map(|_| (0, mark)));
            prop_assert_eq!(window.counts(), log.last(max));
        }
        let kept = log_of(&window);
        let mut window = window.reshaped(Shape::Calls(then), 0);
        prop_assert_eq!(window.counts(), kept.last(then));
        let mut log = Log(kept.0[kept.0.len().saturating_sub(then)..].to_vec());
        for (mark, times) in more {
            window.add(mark, times);
            log.0.extend((0..times).map(|_| (0, mark)));
            prop_assert_eq!(window.counts(), log.last(then));
        }
    }

    #[test]
    fn a_window_of_time_holds_exactly_the_calls_of_its_parts(
        buckets in 1..6_u64,
        steps in prop::collection::vec((step(), mark()), 0..80),
    ) {
        let shape = Shape::Span { bucket: 10, buckets: buckets as usize };
        let mut window = Window::new(shape, 0);
        let (mut log, mut now) = (Log::default(), 0);
        for (step, mark) in steps {
            now += step;
            let before = window.counts();
            prop_assert_eq!(window.roll(now), before != log.since(now, 10, buckets));
            prop_assert_eq!(window.counts(), log.since(now, 10, buckets));
            window.add(mark, 1);
            log.0.push((now, mark));
            prop_assert_eq!(window.counts(), log.since(now, 10, buckets));
        }
    }
}

/// What a window of calls holds, oldest first.
fn log_of(window: &Window) -> Log {
    let mut log = Log::default();
    let mut left = window.clone();
    let mut counts = left.counts();
    while counts.total > 0 {
        let Window::Calls(calls) = &left else { break };
        left = Window::Calls(calls.clone().resized(counts.total as usize - 1));
        let now = left.counts();
        let mark = Mark {
            failed: now.failed < counts.failed,
            slow: now.slow < counts.slow,
        };
        log.0.push((0, mark));
        counts = now;
    }
    log
}

#[test]
fn a_silence_of_any_length_brings_no_counts_back() {
    for exponent in [16, 24, 32, 40] {
        let shape = Shape::Span {
            bucket: 1,
            buckets: 4,
        };
        let mut window = Window::new(shape, 0);
        window.add(Mark::GOOD, 3);
        assert!(window.roll(1 << exponent));
        assert_eq!(window.counts(), Counts::default());
    }
}

#[test]
fn a_part_is_forgotten_at_the_very_nanosecond_and_none_before() {
    let shape = Shape::Span {
        bucket: 10,
        buckets: 3,
    };
    let mut window = Window::new(shape, 0);
    window.roll(9);
    window.add(Mark::GOOD, 1);
    assert!(!window.roll(29));
    assert_eq!(window.counts().total, 1);
    assert!(window.roll(30));
    assert_eq!(window.counts().total, 0);
}

#[test]
fn time_that_goes_backwards_changes_nothing() {
    let shape = Shape::Span {
        bucket: 10,
        buckets: 3,
    };
    let mut window = Window::new(shape, 100);
    window.add(Mark::GOOD, 1);
    assert!(!window.roll(0));
    assert_eq!(window.counts().total, 1);
}

#[test]
fn what_is_recent_enough_is_carried_over_into_other_parts() {
    let shape = |bucket, buckets| Shape::Span { bucket, buckets };
    let mut window = Window::new(shape(10, 6), 0);
    for now in [5, 25, 45] {
        window.roll(now);
        window.add(Mark::GOOD, 1);
    }
    assert_eq!(window.counts().total, 3);
    let finer = window.clone().reshaped(shape(5, 8), 45);
    assert_eq!(finer.counts().total, 2, "of the last 40");
    let coarser = window.clone().reshaped(shape(100, 1), 45);
    assert_eq!(coarser.counts().total, 3);
    let other = window.reshaped(Shape::Calls(5), 45);
    assert_eq!(other.counts(), Counts::default());
}
