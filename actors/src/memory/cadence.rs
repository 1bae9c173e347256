//! How soon to look again: pure.

use std::time::Duration;

use mainstay_specs::{MemoryManagerSpec, PressureLevel};

/// Where it is scarce, so many times as often.
const FASTER: u32 = 5;
/// Where there is plenty, so many times as seldom.
const SLOWER: u32 = 4;
/// There is plenty when the share is so much below the first threshold.
const PLENTY: f64 = 0.2;

/// Until the next look, from the share now, and from that of the look before, so long ago.
///
/// Where the share has risen it is looked again at half of the time in which it would be at the next threshold if it went on like that.
pub(crate) fn interval(
    spec: &MemoryManagerSpec,
    ratio: f64,
    before: Option<(f64, Duration)>,
) -> Duration {
    let plain = spec.check_interval;
    if !spec.adaptive {
        return plain;
    }
    let (fast, slow) = (plain / FASTER, plain * SLOWER);
    let high = spec.threshold(PressureLevel::High);
    let by_share = if ratio >= high {
        fast
    } else if ratio < spec.warning_threshold - PLENTY {
        slow
    } else {
        plain
    };
    let next = [spec.warning_threshold, high];
    let next = next.into_iter().find(|threshold| ratio < *threshold);
    let by_rise = next.and_then(|next| {
        let (from, since) = before?;
        let rise = ratio - from;
        // Numbers that lead nowhere, such as a share that stays, are left out.
        let time = since.as_secs_f64() * (next - ratio) / rise / 2.0;
        (rise > 0.0 && time.is_finite()).then(|| Duration::try_from_secs_f64(time).ok())?
    });
    by_rise.map_or(by_share, |time| time.clamp(fast, by_share.max(fast)))
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn it_looks_more_often_the_scarcer_memory_is() {
        let spec = MemoryManagerSpec::default();
        let steady = |ratio| interval(&spec, ratio, Some((ratio, ms(250))));
        assert_eq!(steady(0.2), ms(1000));
        assert_eq!(steady(0.55), ms(250));
        assert_eq!(steady(0.75), ms(250));
        assert_eq!(steady(0.83), ms(50));
        assert_eq!(steady(2.0), ms(50));
        let steady = MemoryManagerSpec::default().adaptive(false);
        assert_eq!(interval(&steady, 0.99, None), ms(250));
    }

    #[test]
    fn a_share_that_rises_fast_is_looked_at_before_it_gets_there() {
        let spec = MemoryManagerSpec::default();
        // 0.3 in a second: 0.7 is there in one more.
        assert_eq!(interval(&spec, 0.4, Some((0.1, ms(1000)))), ms(500));
        assert_eq!(interval(&spec, 0.4, Some((0.0, ms(1)))), ms(50));
        assert_eq!(interval(&spec, 0.4, Some((0.399, ms(1000)))), ms(1000));
        assert_eq!(interval(&spec, 0.4, Some((0.9, ms(1000)))), ms(1000));
        assert_eq!(interval(&spec, 0.4, None), ms(1000));
        assert_eq!(interval(&spec, 0.4, Some((0.4, ms(0)))), ms(1000));
    }
}
